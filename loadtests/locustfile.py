"""Patients, operators, providers and traffic as Locust users; `make load` runs them.

By hand, against a service on this machine only (docs/loadtests.md):
`LOAD_MQTT=mqtt://127.0.0.1:1883 locust -f loadtests/locustfile.py --host http://127.0.0.1:8080`.
With LOAD_ARRIVALS=50, patients come open-loop, 50 a second in the mean, however slow the answers
are; LOAD_SECONDS says over how long the Monday morning is spread.
"""

import os
import subprocess
import sys
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import gevent
import orjson
from gevent.pool import Pool
from locust import FastHttpUser, User, between, constant, constant_pacing, events, task
from locust.env import Environment

from loadtests.arrivals import monday_times
from loadtests.processes import AREA
from loadtests.questions import Questions, load_population
from waitless.area.pack import find_pack, load_area

MQTT = os.environ.get("LOAD_MQTT")
ARRIVALS = float(os.environ.get("LOAD_ARRIVALS", "0"))
SECONDS = float(os.environ.get("LOAD_SECONDS", "60"))
OPERATORS = int(os.environ.get("LOAD_OPERATORS", "10"))
"""Each holds a stream of events open."""
MOST_AT_ONCE = 500
"""Questions of open-loop patients that may wait for an answer; one more counts as failed."""
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
FARTHEST_MINUTES = 360
LOOK_AGAIN_SHARE, GO_SHARE = 0.3, 0.2
"""Of patients who ask the same again a little later, and who say that they go."""
ROOT = Path(__file__).parents[1]

_questions = Questions(load_area(find_pack(AREA)), load_population())
_chance = Random()


@events.init.add_listener
def refuse_other_machines(environment: Environment, **_: object) -> None:
    """Load goes to this machine, or nowhere."""
    for address in (environment.host, MQTT):
        if address and urlsplit(address).hostname not in LOOPBACK:
            raise SystemExit(f"{address} is not this machine: refused")


class _Asker(FastHttpUser):
    """Asks where to go, as a phone does."""

    abstract = True
    takes_journeys = False

    def on_start(self) -> None:
        """Find out whether patients can say that they are going."""
        document = self.client.get("/openapi.json", name="openapi").json()
        self.takes_journeys = "/v1/journeys" in document["paths"]

    def search(self, *, pause_s: float) -> None:
        """Ask, check that the answer is one, and perhaps look again or go."""
        path = f"/v1/recommendations?{_questions.draw(_chance)}"
        with self.client.get(path, name="recommendations", catch_response=True) as response:
            answer = response.json() if response.status_code == 200 else {}
            if not answer.get("advice") or answer.get("data") != "simulated":
                response.failure(f"no answer: {response.status_code}")
                return
            etag = response.headers.get("ETag", "")
        if _chance.random() < LOOK_AGAIN_SHARE:
            gevent.sleep(pause_s)
            self._look_again(path, etag)
        if self.takes_journeys and answer["destinations"] and _chance.random() < GO_SHARE:
            self._go(answer)

    def _look_again(self, path: str, etag: str) -> None:
        with self.client.get(
            path,
            headers={"If-None-Match": etag},
            name="recommendations (again)",
            catch_response=True,
        ) as again:
            if again.status_code in (200, 304):
                again.success()

    def _go(self, answer: dict) -> None:
        first = answer["destinations"][0]
        if first["travel"]["minutes"] > FARTHEST_MINUTES:
            return  # nobody walks that far, and the service takes no such journey
        going = {
            "facility": first["facility"]["id"],
            "mode": answer["mode"],
            "eta_minutes": round(first["travel"]["minutes"]),
        }
        self.client.post("/v1/journeys", json=going, name="journeys")


class Patient(_Asker):
    """Closed loop: asks the next thing when the last is answered."""

    weight = 0 if ARRIVALS else 20
    wait_time = between(0.5, 2.0)

    @task(8)
    def look(self) -> None:
        """Search."""
        self.search(pause_s=_chance.uniform(0.5, 3.0))

    @task(1)
    def open_page(self) -> None:
        """Read the page."""
        self.client.get("/?place=CT14", name="page")


class Arrivals(_Asker):
    """Open loop: patients come when they come, spread as over a Monday morning."""

    fixed_count = 1 if ARRIVALS else 0
    weight = 1 if ARRIVALS else 0
    wait_time = constant(1.0)
    concurrency = MOST_AT_ONCE

    @task
    def come(self) -> None:
        """One morning of them."""
        pool = Pool(MOST_AT_ONCE)
        began = gevent.get_hub().loop.now()
        for due in monday_times(ARRIVALS, SECONDS, _chance):
            gevent.get_hub().loop.update_now()
            gevent.sleep(max(0.0, began + due - gevent.get_hub().loop.now()))
            if pool.free_count() > 0:
                pool.spawn(self.search, pause_s=_chance.uniform(0.5, 3.0))
            else:
                _fire(self.environment, "GET", "recommendations", 0.0, fault="too many wait")
        pool.join()


class Operator(FastHttpUser):
    """Keeps an eye on the feeds, with a stream of events held open."""

    fixed_count = OPERATORS
    weight = 1
    wait_time = constant_pacing(5.0)

    def on_start(self) -> None:
        """Open the stream."""
        self._stopping = False
        self._listening = gevent.spawn(self._listen)

    def on_stop(self) -> None:
        """Leave."""
        self._stopping = True
        self._listening.kill()

    @task
    def watch(self) -> None:
        """Look at every feed and every facility."""
        self.client.get("/v1/feeds", name="feeds")
        self.client.get("/v1/facilities", name="facilities")

    def _listen(self) -> None:
        with self.client.get(
            "/v1/events", name="events", stream=True, catch_response=True
        ) as response:
            response.success()
            while response.stream.readline():
                pass
        if not self._stopping:
            _fire(self.environment, "GET", "events", 0.0, fault="the stream ended")


class Providers(User):
    """The providers' process: a message is a request, timed to its acknowledgement."""

    fixed_count = 1 if MQTT else 0
    weight = 1 if MQTT else 0

    def on_start(self) -> None:
        """Start it."""
        words = [sys.executable, "-m", "loadtests.providers", MQTT or ""]
        self._process = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def on_stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()

    @task
    def publish(self) -> None:
        """Count what it says; it goes on until the end."""
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        for line in self._process.stdout:
            told = orjson.loads(line)
            _fire(
                self.environment,
                "MQTT",
                told["name"],
                told["ms"],
                length=told["bytes"],
                fault=told["fault"],
            )
        _fire(self.environment, "MQTT", "process", 0.0, fault="the providers' process ended")
        gevent.sleep(1.0)


def _fire(
    environment: Environment,
    kind: str,
    name: str,
    milliseconds: float,
    *,
    length: int = 0,
    fault: str | None = None,
) -> None:
    environment.events.request.fire(
        request_type=kind,
        name=name,
        response_time=milliseconds,
        response_length=length,
        exception=None if fault is None else RuntimeError(fault),
        context={},
    )
