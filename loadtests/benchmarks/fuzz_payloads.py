"""A million spoilt payloads through decode and belief: none may raise, every one is accounted for.

Real-shaped payloads - MQTT wait, status and probe messages of the east-kent pack, pushes in the NHS
capacity form, documents of the shipped feed definitions (`tests/data/feeds`) - are mutated by a
seeded generator, none to three mutations each, and go the production way: `Desk.take`, or
`decode_capacities` and `Desk.judge`. So that nothing explodes a step later, what comes out is
encoded as the store and the answers do it, log lines are formatted, and every sitting is
interrupted by a restart: belief and health are written, read back and gone on from.

A payload is accounted for when something counted it: an observation believed, held or ignored, a
refusal, a notice, a probe that came back; a push that is not the form at all is answered with 400,
which the web counts. What is believed must moreover be sane: a finite figure,
not below zero, not above the facility's hard limit. The seed decides everything, whatever the
number of processes: sitting n is the same on every machine. `FUZZ_COUNT=20000` makes a quick run.
"""

import logging
import math
import multiprocessing
import os
import random
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import orjson
from prometheus_client import CollectorRegistry

from feeds.capacity import CapacityFault, decode_capacities
from feeds.definition import FeedDefinition, list_shipped, load_definition
from feeds.model import Delivery, Wait
from loadtests.benchmarks.figures import Figure
from loadtests.benchmarks.mutations import mutate, mutate_topic
from waitless.area.pack import Area, find_pack, load_area
from waitless.belief import BeliefState, FacilityRules, Rule
from waitless.health import FeedHealth
from waitless.ingest import Desk
from waitless.metrics import IngestMetrics
from waitless.reading import Reading

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "data" / "feeds"
COUNT = int(os.environ.get("FUZZ_COUNT", "1000000"))
SITTING = 2_000
"""Payloads that one set of desks gets; then everything starts anew."""
PROCESSES = 2
SEED = 20261122
SHARES = {"message": 60, "push": 20, "document": 20}
TOLD_EVERY_S = 20.0
FAULTS_SHOWN = 10
PROVIDER = "ekhuft"
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
IGNORED = {Rule.DUPLICATE.value, Rule.OUT_OF_ORDER.value}

DOCUMENTS: dict[str, tuple[str, str]] = {
    "alberta-ahs": ("alberta.json", "2026-07-01T20:00Z"),
    "coventry-uhcw": ("coventry.json", "2022-12-24T08:00Z"),
    "coventry-uhcw-page": ("coventry-page.html", "2022-12-24T08:00Z"),
    "cumbria-ncic": ("cumbria.txt", "2025-07-02T21:45Z"),
    "cumbria-ncic-page": ("cumbria-page.html", "2025-07-02T21:45Z"),
    "hong-kong-archive-queen-mary-hospital": ("hong-kong-archive.tsv", "2024-05-02T01:50Z"),
    "hong-kong-ha-2024": ("hong-kong-2024.json", "2024-06-04T16:20Z"),
    "hong-kong-ha-2026-semi-urgent": ("hong-kong-2026.json", "2026-03-24T09:40Z"),
    "hong-kong-ha-2026-urgent": ("hong-kong-2026.json", "2026-03-24T09:40Z"),
    "kent-medway-page": ("kent-medway.html", "2026-11-22T10:00Z"),
    "plymouth-uhp": ("plymouth.json", "2023-08-01T09:20Z"),
    "quebec-msss": ("quebec.csv", "2026-02-01T06:00Z"),
}
"""By definition: its payload, and when that was received."""


@dataclass(slots=True)
class Tally:
    """What became of payloads and of what was in them."""

    payloads: Counter[str] = field(default_factory=Counter)
    """By kind of payload and its best outcome."""
    observations: Counter[str] = field(default_factory=Counter)
    """By rule or reason."""
    faults: Counter[str] = field(default_factory=Counter)
    """By exception and place."""
    examples: dict[str, str] = field(default_factory=dict)
    slowest_s: float = 0.0
    slowest: str = ""

    def add(self, other: "Tally") -> None:
        """Take another's figures in."""
        self.payloads += other.payloads
        self.observations += other.observations
        self.faults += other.faults
        for place, example in other.examples.items():
            if len(example) < len(self.examples.get(place, example + " ")):
                self.examples[place] = example
        if other.slowest_s > self.slowest_s:
            self.slowest_s, self.slowest = other.slowest_s, other.slowest


def run() -> list[Figure]:
    """Fuzz, print what became of everything, and give the figures."""
    sittings = [
        (number, min(SITTING, COUNT - number * SITTING)) for number in range(-(-COUNT // SITTING))
    ]
    tally, done, started = Tally(), 0, time.monotonic()
    told = started
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        for one in pool.imap_unordered(_sit, sittings):
            tally.add(one)
            done += 1
            if time.monotonic() - told >= TOLD_EVERY_S or done == len(sittings):
                told = time.monotonic()
                _tell_progress(tally, min(COUNT, done * SITTING), told - started)
    _tell(tally)
    handled = sum(tally.payloads.values())
    raised, uncounted = sum(tally.faults.values()), _count(tally, "uncounted")
    reference = f"{COUNT:,} mutated payloads, seed {SEED}"
    return [
        Figure(
            name="fuzz_payloads.exceptions",
            value=raised,
            unit="payloads",
            bar=0,
            better="lower",
            reference=reference,
        ),
        Figure(
            name="fuzz_payloads.counted_share",
            value=(handled - uncounted) / COUNT,
            unit="share",
            bar=1.0,
            better="higher",
            reference=reference,
        ),
        Figure(
            name="fuzz_payloads.believed_share",
            value=_count(tally, "believed") / COUNT,
            unit="share",
            better="higher",
            reference="itself: without any, belief would go untried",
        ),
        Figure(
            name="fuzz_payloads.slowest",
            value=tally.slowest_s * 1000,
            unit="ms",
            better="lower",
            reference=f"itself: {tally.slowest[:60]}",
        ),
    ]


def _count(tally: Tally, outcome: str) -> int:
    return sum(n for name, n in tally.payloads.items() if name.endswith(f" {outcome}"))


def _tell_progress(tally: Tally, handled: int, took_s: float) -> None:
    print(
        f"  {handled:>9,} of {COUNT:,} payloads, {handled / took_s:,.0f}/s, "
        f"{sum(tally.faults.values())} exceptions",
        flush=True,
    )


def _tell(tally: Tally) -> None:
    for name, number in sorted(tally.payloads.items()):
        print(f"  {name:<28} {number:>9,}")
    words = (f"{name} {number:,}" for name, number in tally.observations.most_common())
    print(f"  in them: {', '.join(words)}")
    for place, number in tally.faults.most_common(FAULTS_SHOWN):
        print(f"  RAISED {number} x {place}\n    {tally.examples[place]}")


# --- one sitting, in a process of its own ---------------------------------------------------------


def _sit(task: tuple[int, int]) -> Tally:
    number, count = task
    _be_quiet()
    chance = random.Random(f"{SEED}/{number}")
    tally = Tally()
    lanes = _make_lanes(chance)
    kinds, weights = list(SHARES), list(SHARES.values())
    for turn in range(count):
        if turn == count // 2:
            _restart_all(lanes, tally)
        lane = chance.choice(lanes[chance.choices(kinds, weights)[0]])
        lane.advance()
        topic, payload = lane.make()
        started = time.perf_counter()
        try:
            outcome = lane.take(topic, payload, tally)
        except Exception as fault:  # noqa: BLE001 - any exception at all is the finding
            _note_fault(tally, fault, lane, topic, payload)
            lane.begin()
            continue
        took_s = time.perf_counter() - started
        if took_s > tally.slowest_s:
            tally.slowest_s = took_s
            tally.slowest = f"{lane.name} {len(payload)} bytes: {payload[:40]!r}"
        tally.payloads[f"{lane.kind} {outcome}"] += 1
    return tally


def _restart_all(lanes: dict[str, list["Lane"]], tally: Tally) -> None:
    for lane in (lane for some in lanes.values() for lane in some):
        try:
            lane.restart()
        except Exception as fault:  # noqa: BLE001 - the same
            _note_fault(tally, fault, lane, "restart", b"")
            lane.begin()


def _note_fault(tally: Tally, fault: Exception, lane: "Lane", topic: str, payload: bytes) -> None:
    ours = [
        frame
        for frame in traceback.extract_tb(fault.__traceback__)
        if "site-packages" not in frame.filename and frame.filename.startswith(str(ROOT))
    ]
    inner = [frame for frame in ours if "/loadtests/" not in frame.filename] or ours
    where = f"{Path(inner[-1].filename).relative_to(ROOT)}:{inner[-1].lineno}" if inner else "?"
    place = f"{type(fault).__name__} at {where}: {str(fault)[:100]}"
    tally.faults[place] += 1
    example = f"{lane.name} {topic!r} {len(payload)} bytes {payload[:300]!r}"
    if len(example) < len(tally.examples.get(place, example + " ")):
        tally.examples[place] = example


class _Formatting(logging.Handler):
    """Formats every line, so that a value that cannot be formatted is found; keeps none."""

    def emit(self, record: logging.LogRecord) -> None:
        self.format(record).encode()


@cache
def _be_quiet() -> None:
    root = logging.getLogger()
    root.handlers = [_Formatting()]
    root.setLevel(logging.INFO)


@cache
def _area() -> Area:
    return load_area(find_pack("east-kent"))


@cache
def _definitions() -> dict[str, FeedDefinition]:
    packs = (ROOT / "waitless" / "areas").glob("*/feeds/*.toml")
    return {one.id: one for one in map(load_definition, [*list_shipped(), *packs])}


class Lane:
    """A source of payloads of one kind, and the desk that they come to. Its clock is its own."""

    kind = "payload"

    def __init__(
        self, name: str, chance: random.Random, start: datetime, feeds: Sequence[FeedDefinition]
    ) -> None:
        self.name = name
        self.chance = chance
        self.now = start
        self.area = replace(_area(), feeds=tuple(feeds))
        self.begin()

    def begin(self) -> None:
        """Start anew, knowing nothing."""
        self.desk = self._make_desk()
        self._counted = self._counts()

    def advance(self) -> None:
        """Let a little time pass."""
        self.now += timedelta(seconds=self.chance.expovariate(0.3))

    def make(self) -> tuple[str, bytes]:
        """The next topic and payload."""
        raise NotImplementedError

    def take(self, topic: str, payload: bytes, tally: Tally) -> str:
        """Let the desk have it; what is the best that became of it?"""
        self.desk.heartbeat_at = None
        for health in self.desk.feeds.values():
            health.provider_status = None
        changed = self.handle(topic, payload)
        for reading in changed:
            _check(reading, self.area)
            msgspec.json.encode(reading)
        before, self._counted = self._counted, self._counts()
        told = self._counted - before
        for health in self.desk.feeds.values():
            if health.last_received_at == self.now:
                msgspec.json.encode(health)
        tally.observations += told
        return self._outcome(told)

    def handle(self, topic: str, payload: bytes) -> list[Reading]:
        """As ingest does it."""
        delivery = Delivery(self.feed_id, topic, payload, self.now, lambda: None)
        return self.desk.take(delivery)

    def restart(self) -> None:
        """Write belief and health, read both, go on with a new desk, and release what is held."""
        old, state = self.desk, msgspec.json.encode(self.desk.believer.state)
        health = {one.id: msgspec.json.encode(one) for one in old.feeds.values()}
        self.desk = self._make_desk()
        self.desk.restore(
            old.readings,
            msgspec.json.decode(state, type=BeliefState),
            {name: msgspec.json.decode(one, type=FeedHealth) for name, one in health.items()},
        )
        for value in self.desk.believer.list_held()[:5]:
            self.desk.release(value.id)
        self._counted = self._counts()

    @property
    def feed_id(self) -> str:
        """Whose delivery it is."""
        return "mqtt"

    def _make_desk(self) -> Desk:
        metrics = IngestMetrics(CollectorRegistry())
        return Desk(
            self.area,
            now=lambda: self.now,
            metrics=metrics,
            listens_to_mqtt=True,
            pushing=[PROVIDER],
        )

    def _counts(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for health in self.desk.feeds.values():
            counts["believed"] += health.believed
            counts.update({f"not shown {rule}": n for rule, n in health.held.items()})
            counts.update({f"refused {reason}": n for reason, n in health.refused.items()})
        return counts

    def _outcome(self, told: Counter[str]) -> str:
        if told["believed"]:
            return "believed"
        rules = {name.removeprefix("not shown ") for name in told if name.startswith("not shown ")}
        if rules:
            return "ignored" if rules <= IGNORED else "held"
        if told:
            return "refused"
        if self.desk.heartbeat_at is not None:
            return "probe"
        if any(health.provider_status is not None for health in self.desk.feeds.values()):
            return "notice"
        return "uncounted"


class MessageLane(Lane):
    """MQTT messages: waits mostly, some statuses and probes."""

    kind = "message"

    def make(self) -> tuple[str, bytes]:
        """See `Lane`."""
        chance = self.chance
        facility = chance.choice(list(self.area.facilities.values()))
        base = f"waitless/v1/{self.area.id}"
        roll = chance.random()
        if roll < 0.02:
            topic, payload = f"{base}/probe/1", self.now.isoformat().encode()
        elif roll < 0.05:
            words = (b"ready", b"lost", b'"disconnected"')
            topic, payload = f"{base}/{facility.provider}/status", chance.choice(words)
        else:
            topic = f"{base}/{facility.provider}/{facility.id}/wait"
            payload = orjson.dumps(self._event(facility.id))
        if chance.random() < 0.03:
            topic = mutate_topic(chance, topic)
        return topic, mutate(chance, payload)

    def _event(self, facility_id: str) -> dict[str, object]:
        chance = self.chance
        as_of = self.now - timedelta(seconds=chance.uniform(0, 60))
        data: dict[str, object] = {
            "facility": facility_id,
            "as_of": as_of.isoformat(),
            "wait_minutes": chance.choice(_WAITS)(chance),
            "statistic": chance.choice(("median", "median", "median", "longest", "p90")),
        }
        if chance.random() < 0.5:
            data |= {
                "patients_waiting": chance.randrange(30),
                "patients_in_department": chance.randrange(60),
            }
        if chance.random() < 0.2:
            data["status"] = chance.choice(("open", "closed", "full", "diverting"))
        if chance.random() < 0.2:
            data["clock"] = {"from": "arrival", "to": chance.choice(("treatment", "departure"))}
        if chance.random() < 0.3:
            data["sequence"] = chance.randrange(10**6)
        if chance.random() < 0.05:
            del data["wait_minutes"]
        event: dict[str, object] = {
            "specversion": "1.0",
            "id": str(chance.randrange(10**9)),
            "source": "urn:loadtests",
            "type": "uk.waitless.wait.v1",
            "data": data,
        }
        if chance.random() < 0.5:
            event["time"] = self.now.isoformat()
        if chance.random() < 0.1:
            event["simulated"] = True
        return event


_WAITS: tuple[Callable[[random.Random], object], ...] = (
    lambda chance: round(chance.uniform(5, 60), 1),
    lambda chance: round(chance.gauss(40, 10)),
    lambda chance: round(chance.uniform(5, 60), 1),
    lambda chance: chance.randrange(0, 900),
    lambda _: 0,
    lambda _: None,
    lambda _: "suppressed",
    lambda chance: {"low": chance.randrange(60), "high": chance.randrange(60, 240)},
    lambda _: {"low": 240, "high": None},
)


class PushLane(Lane):
    """Pushes in the NHS capacity form, one service or several."""

    kind = "push"

    def make(self) -> tuple[str, bytes]:
        """See `Lane`."""
        chance = self.chance
        number = 1 if chance.random() < 0.6 else chance.randrange(2, 6)
        services = [self._service() for _ in range(number)]
        told = services[0] if number == 1 and chance.random() < 0.8 else services
        return "", mutate(chance, orjson.dumps(told))

    def take(self, topic: str, payload: bytes, tally: Tally) -> str:
        """See `Lane`. What is no form at all is refused to its sender's face, who is counted."""
        try:
            return super().take(topic, payload, tally)
        except CapacityFault as fault:
            orjson.dumps(str(fault))
            tally.observations["refused form"] += 1
            return "refused"

    def handle(self, topic: str, payload: bytes) -> list[Reading]:
        """As the web's `Capacities` and `Ingest.submit` do it."""
        del topic
        names = {
            one.id: one.id for one in self.area.facilities.values() if one.provider == PROVIDER
        }
        observations, refusals = decode_capacities(
            payload, provider=PROVIDER, services=names, now=self.now
        )
        for refusal in refusals:
            self.desk.count_capacity_refusal(PROVIDER, refusal)
            orjson.dumps(refusal)
        if not observations:
            return []
        self.desk.health_of(PROVIDER).count_message(self.now)
        changed, outcomes = self.desk.judge(PROVIDER, observations)
        orjson.dumps(outcomes)
        return changed

    def _service(self) -> dict[str, object]:
        chance = self.chance
        own = [one.id for one in self.area.facilities.values() if one.provider == PROVIDER]
        updated = (self.now - timedelta(seconds=chance.uniform(1, 300))).astimezone(LONDON)
        service: dict[str, object] = {
            "serviceId": chance.choice(own),
            "waitingTimeMins": chance.choice((20, 35, 35, 50, 0, 700, None)),
            "lastUpdated": f"{updated:%Y-%m-%d %H:%M:%S}",
        }
        if chance.random() < 0.5:
            service["numberOfPeopleWaiting"] = chance.randrange(40)
        if chance.random() < 0.3:
            service["serviceName"] = "Urgent treatment centre"
        return service


class DocumentLane(Lane):
    """Documents of one shipped definition."""

    kind = "document"

    def __init__(self, name: str, chance: random.Random) -> None:
        file, at = DOCUMENTS[name]
        self._payload = (FIXTURES / file).read_bytes()
        start = datetime.fromisoformat(at).astimezone(UTC)
        super().__init__(name, chance, start, [_definitions()[name]])

    @property
    def feed_id(self) -> str:
        """See `Lane`."""
        return self.name

    def make(self) -> tuple[str, bytes]:
        """See `Lane`."""
        return "", mutate(self.chance, self._payload)


def _make_lanes(chance: random.Random) -> dict[str, list[Lane]]:
    return {
        "message": [MessageLane("message", chance, START, ())],
        "push": [PushLane("push", chance, START, ())],
        "document": [DocumentLane(name, chance) for name in DOCUMENTS],
    }


def _check(reading: Reading, area: Area) -> None:
    """Whatever is believed can be shown.

    Raises:
        InsaneError: it cannot.
    """
    wait = reading.wait
    if not isinstance(wait, Wait):
        return
    facility = area.facilities.get(reading.facility_id)
    rules = FacilityRules() if facility is None else FacilityRules(kind=facility.kind)
    for figure in _figures(wait):
        if not math.isfinite(figure) or not 0 <= figure <= rules.hard_limit_minutes:
            raise InsaneError(f"{figure} minutes believed")


class InsaneError(AssertionError):
    """A figure was believed that nobody may be shown."""


def _figures(wait: Wait) -> Iterator[float]:
    yield from (one for one in (wait.minutes, wait.low, wait.high) if one is not None)


if __name__ == "__main__":
    for item in run():
        print(item.line())
