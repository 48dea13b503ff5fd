"""The payloads: messages, pushes and documents, of the shape that real ones have."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson

from feeds.capacity import CapacityFault, decode_capacities
from feeds.definition import FeedDefinition, list_shipped, load_definition
from loadtests.benchmarks.fuzz.lane import PROVIDER, Lane
from loadtests.benchmarks.fuzz.tally import Tally
from loadtests.benchmarks.mutations import mutate, mutate_topic
from waitless.reading import Reading

ROOT = Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "tests" / "data" / "feeds"
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")

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


@cache
def _definitions() -> dict[str, FeedDefinition]:
    packs = (ROOT / "waitless" / "areas").glob("*/feeds/*.toml")
    return {one.id: one for one in map(load_definition, [*list_shipped(), *packs])}


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


def make_lanes(chance: random.Random) -> dict[str, list[Lane]]:
    """The lanes of one sitting, by kind."""
    return {
        "message": [MessageLane("message", chance, START, ())],
        "push": [PushLane("push", chance, START, ())],
        "document": [DocumentLane(name, chance) for name in DOCUMENTS],
    }
