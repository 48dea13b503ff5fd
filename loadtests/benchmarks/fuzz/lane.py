"""Where payloads come from, and the desk that they come to."""

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import msgspec
from prometheus_client import CollectorRegistry

from feeds.definition import FeedDefinition
from feeds.model import Delivery, Wait
from loadtests.benchmarks.fuzz.tally import Tally
from waitless.area.pack import Area, find_pack, load_area
from waitless.belief import BeliefState, FacilityRules, Rule
from waitless.health import FeedHealth
from waitless.ingest import Desk
from waitless.metrics import IngestMetrics
from waitless.reading import Reading

PROVIDER = "ekhuft"
IGNORED = {Rule.DUPLICATE.value, Rule.OUT_OF_ORDER.value}


@cache
def _area() -> Area:
    return load_area(find_pack("east-kent"))


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
