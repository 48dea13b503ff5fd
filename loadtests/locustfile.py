"""Patients, operators and publishers as Locust users; `make load` runs them against a demo.

By hand, against a service on this machine only:
`locust -f loadtests/locustfile.py --host http://127.0.0.1:8080`, with WAITLESS_LOAD_MQTT set to
the broker's address (`mqtt://127.0.0.1:1883`) if publishers are wanted.
"""

import itertools
import os
import random
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

from locust import FastHttpUser, User, between, constant_pacing, events, task
from locust.env import Environment
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from feeds.events import encode_event
from feeds.model import Observation, Statistic, Wait
from feeds.topics import WaitTopic

AREA = "east-kent"
FACILITIES = {"deal-utc": "kcht", "folkestone-utc": "kcht", "dover-utc": "ekhuft"}
"""Facilities that the publishers speak for, and their providers."""
PLACES = ["CT1", "CT5", "CT9", "CT11", "CT14", "CT16", "CT20", "TN23", "ME13", "ME10"]
NEEDS = ["minor_injury"] * 5 + ["wound"] * 3 + ["suspected_fracture"] * 2 + ["minor_illness"]
MODES = ["drive"] * 8 + ["walk", "cycle"]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
PUBACK_WITHIN_S = 10.0


@events.init.add_listener
def refuse_other_machines(environment: Environment, **_: object) -> None:
    """Load goes to this machine, or nowhere."""
    for address in (environment.host, os.environ.get("WAITLESS_LOAD_MQTT")):
        if address and urlsplit(address).hostname not in LOOPBACK:
            raise SystemExit(f"{address} is not this machine: refused")


class Patient(FastHttpUser):
    """Looks for somewhere to go, and looks again a little later."""

    weight = 20
    wait_time = between(0.5, 2.0)
    default_headers = {"Accept-Encoding": "identity"}  # noqa: RUF012 - Locust's own form

    @task(8)
    def search(self) -> None:
        """Ask from a place, and check that the answer is one."""
        query = {
            "place": random.choice(PLACES),
            "need": random.choice(NEEDS),
            "mode": random.choice(MODES),
            "limit": "5",
        }
        self._ask("&".join(f"{key}={value}" for key, value in query.items()))

    @task(3)
    def search_from_here(self) -> None:
        """Ask from a position somewhere between Canterbury and the coast."""
        lat, lon = random.uniform(51.15, 51.35), random.uniform(1.0, 1.38)
        self._ask(f"lat={lat:.3f}&lon={lon:.3f}")

    @task(2)
    def refresh(self) -> None:
        """Ask the same again with the answer's ETag, as a phone does."""
        path = "/v1/recommendations?place=CT14"
        first = self.client.get(path, name="recommendations")
        headers = {"If-None-Match": first.headers.get("ETag", "")}
        with self.client.get(
            path, headers=headers, name="recommendations (again)", catch_response=True
        ) as again:
            if again.status_code in (200, 304):
                again.success()

    @task(1)
    def open_page(self) -> None:
        """Read the page."""
        self.client.get("/?place=CT14", name="page")

    def _ask(self, query: str) -> None:
        with self.client.get(
            f"/v1/recommendations?{query}", name="recommendations", catch_response=True
        ) as response:
            answer = response.json() if response.status_code == 200 else {}
            if not answer.get("advice") or answer.get("data") != "simulated":
                response.failure(f"no answer: {response.status_code}")


class Operator(FastHttpUser):
    """Keeps an eye on the feeds."""

    weight = 2
    wait_time = between(1.0, 3.0)

    @task
    def watch(self) -> None:
        """Look at every feed and every facility."""
        self.client.get("/v1/feeds", name="feeds")
        self.client.get("/v1/facilities", name="facilities")


class Publisher(User):
    """A hospital: publishes a wait every second, and times the broker's acknowledgement."""

    fixed_count = 3 if os.environ.get("WAITLESS_LOAD_MQTT") else 0
    weight = 1 if fixed_count else 0
    wait_time = constant_pacing(1.0)
    _turn = itertools.count()

    def on_start(self) -> None:
        """Connect under a name of its own, beside the demo's own publishers."""
        broker = urlsplit(os.environ["WAITLESS_LOAD_MQTT"])
        number = next(self._turn)
        self.facility_id, self.provider = list(FACILITIES.items())[number % len(FACILITIES)]
        self.mqtt = Client(CallbackAPIVersion.VERSION2, client_id=f"load-{number}")
        self.mqtt.connect(broker.hostname or "127.0.0.1", broker.port or 1883)
        self.mqtt.loop_start()

    def on_stop(self) -> None:
        """Say goodbye."""
        self.mqtt.disconnect()
        self.mqtt.loop_stop()

    @task
    def publish(self) -> None:
        """One retained wait at QoS 1."""
        now = datetime.now(UTC)
        observed = Observation(
            facility_id=self.facility_id,
            feed_id=self.provider,
            as_of=now,
            received_at=now,
            wait=Wait(minutes=random.randint(5, 60), statistic=Statistic.MEDIAN),
            patients_waiting=random.randint(0, 12),
            simulated=True,
        )
        payload = encode_event(observed, source="urn:waitless:load")
        topic = str(WaitTopic(AREA, self.provider, self.facility_id))
        began = time.perf_counter()
        sent = self.mqtt.publish(topic, payload, qos=1, retain=True)
        fault = None
        try:
            sent.wait_for_publish(PUBACK_WITHIN_S)
            if not sent.is_published():
                fault = TimeoutError("no acknowledgement")
        except (RuntimeError, ValueError) as problem:
            fault = problem
        self.environment.events.request.fire(
            request_type="MQTT",
            name="publish",
            response_time=(time.perf_counter() - began) * 1000,
            response_length=len(payload),
            exception=fault,
            context={},
        )
