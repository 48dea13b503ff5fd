"""Recorded series through the whole pipeline: message, decoding, belief, Redis, health, a plot.

Every reading of Hong Kong's and Coventry's series is encoded as a provider's MQTT message and
handed to the real ingest with a real Redis, in the order and at the instants of the recording.
What the detector counted, and which share of the time each unit was in which state, is printed
and plotted.
"""

import asyncio
import itertools
import logging
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import matplotlib as mpl
import networkx as nx
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from feeds.events import encode_event
from feeds.model import Delivery, Observation
from feeds.recordings import load_recording
from feeds.topics import WaitTopic
from loadtests.benchmarks.figures import RESULTS, Figure
from loadtests.benchmarks.servers import running_servers
from waitless.area.facility import Facility, Kind, Need
from waitless.area.hours import WEEKDAYS, Calendar, WeeklyHours
from waitless.area.pack import Area, Bounds
from waitless.area.places import Gazetteer
from waitless.health import FeedState, judge_facility
from waitless.ingest import Desk, Ingest
from waitless.metrics import IngestMetrics
from waitless.store import Store

mpl.use("Agg")
import matplotlib.pyplot as plt

SHARED = Path(__file__).parents[3] / "shared" / "data" / "series"
SERIES = {
    "Hong Kong": ("hongkong_2024-03_2024-08.csv.gz", 900.0),
    "Coventry": ("coventry_changes_2022-12_2023-03.csv.gz", 1200.0),
}
"""File, and the cadence of the source in seconds."""
AREA, PROVIDER = "replay", "recording"
RECEIVED_AFTER = timedelta(seconds=60)
LOOK_EVERY = timedelta(minutes=15)
ALWAYS = WeeklyHours.parse({day: ["00:00-24:00"] for day in WEEKDAYS})


@dataclass(slots=True)
class Replayed:
    """What one series came to."""

    readings: int = 0
    seconds: float = 0.0
    gaps: int = 0
    """Silences of a unit longer than three cadences."""
    refused: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    believed: int = 0
    states: Counter[FeedState] = field(default_factory=Counter)
    by_week: dict[date, Counter[FeedState]] = field(default_factory=dict)
    stored: int = 0
    """Units whose newest reading Redis holds at the end."""


def run() -> list[Figure]:
    """Replay every series; gives what must hold of it.

    Raises:
        FileNotFoundError: the recorded series are not beside the repository, or no server is here.
    """
    if not SHARED.is_dir():
        raise FileNotFoundError(f"recorded series are wanted in {SHARED}")
    found = {}
    logging.getLogger("waitless").setLevel(logging.ERROR)  # thousands of held readings are told
    with running_servers() as servers:
        for name, (file, cadence_s) in SERIES.items():
            observations = load_recording(SHARED / file)
            replayed = asyncio.run(_replay(observations, cadence_s, servers.redis_url))
            found[name] = replayed
            _tell(name, replayed)
    _plot(found)
    return list(_figures(found))


async def _replay(
    observations: Sequence[Observation], cadence_s: float, redis_url: str
) -> Replayed:
    area = _area(sorted({one.facility_id for one in observations}))
    clock = [observations[0].as_of]
    metrics = IngestMetrics(CollectorRegistry())
    replayed = Replayed(readings=len(observations))
    async with Redis.from_url(redis_url) as redis:
        await redis.flushall()
        store = Store(redis, AREA)
        desk = Desk(area, now=lambda: clock[0], metrics=metrics, listens_to_mqtt=True)
        desk.feeds[PROVIDER].cadence_s = cadence_s
        ingest = Ingest(desk, store, metrics)
        began = time.perf_counter()
        last: dict[str, datetime] = {}
        look_at, day = clock[0], clock[0].date()
        for instant, group in itertools.groupby(observations, key=lambda one: one.as_of):
            while look_at + LOOK_EVERY < instant:
                look_at += LOOK_EVERY
                _look(desk, look_at, replayed)
            clock[0] = instant + RECEIVED_AFTER
            batch = [_delivery(one, clock[0]) for one in group]
            await ingest.process(batch)
            for delivery in batch:
                before = last.get(delivery.topic, instant)
                replayed.gaps += (instant - before).total_seconds() > 3 * cadence_s
                last[delivery.topic] = instant
            if instant.date() != day:
                day = instant.date()
                print(f"\r  {day:%d %b %Y}", end="", flush=True, file=sys.stderr)
        replayed.seconds = time.perf_counter() - began
        print("\r" + " " * 20 + "\r", end="", file=sys.stderr)
        health = desk.feeds[PROVIDER]
        replayed.believed, replayed.held, replayed.refused = (
            health.believed, health.held, health.refused,
        )  # fmt: skip
        _, readings = await store.load_readings()
        replayed.stored = len(readings)
    return replayed


def _look(desk: Desk, at: datetime, replayed: Replayed) -> None:
    """Count every unit's state at an instant, as the board would show it."""
    health = desk.feeds[PROVIDER]
    health.told_at, health.connected = at, True
    held = desk.held_rules()
    week = at.date() - timedelta(days=at.weekday())
    counter = replayed.by_week.setdefault(week, Counter())
    for facility_id in desk.area.facilities:
        verdict = judge_facility(
            desk.readings.get(facility_id), health, at, held=held.get(facility_id)
        )
        counter[verdict.state] += 1
        replayed.states[verdict.state] += 1


def _delivery(observation: Observation, received_at: datetime) -> Delivery:
    topic = WaitTopic(AREA, PROVIDER, observation.facility_id)
    payload = encode_event(observation, source="urn:waitless:bench")
    return Delivery("mqtt", str(topic), payload, received_at, lambda: None)


def _area(facility_ids: list[str]) -> Area:
    """A bare area: units that never close, and no roads."""
    return Area(
        id=AREA,
        name="Replay",
        bounds=Bounds(south=-90, west=-180, north=90, east=180),
        calendar=Calendar(ZoneInfo("UTC")),
        facilities={facility_id: _facility(facility_id) for facility_id in facility_ids},
        places=Gazetteer([]),
        roads=nx.DiGraph(),
        feeds=(),
        attribution=(),
    )


def _facility(facility_id: str) -> Facility:
    return Facility(
        id=facility_id, name=facility_id, short_name=facility_id, kind=Kind.ED, provider=PROVIDER,
        operator=None, ods_code=None, address="", postcode="", lat=0, lon=0, phone=None,
        treats=frozenset(Need), treats_hours={}, hours=ALWAYS, min_age_months=None, xray=None,
        xray_hours=None, service_ids=(), last_patient_minutes=None,
        reviewed=datetime.now(UTC).date(),
    )  # fmt: skip


def _tell(name: str, replayed: Replayed) -> None:
    looks = sum(replayed.states.values()) or 1
    shares = ", ".join(
        f"{state} {count / looks:.1%}" for state, count in replayed.states.most_common()
    )
    per_s = replayed.readings / replayed.seconds
    print(
        f"  {name}: {replayed.readings} readings in {replayed.seconds:.0f} s ({per_s:.0f}/s), "
        f"{replayed.gaps} gaps\n"
        f"    believed {replayed.believed}, held {replayed.held}, refused {replayed.refused}\n"
        f"    states by time: {shares}"
    )


def _plot(found: dict[str, Replayed]) -> None:
    """A band per series: which share of all units was in which state, week by week."""
    colours = {
        FeedState.LIVE: "#3a9d6e", FeedState.LATE: "#d9c24a", FeedState.SUSPECT: "#d98032",
        FeedState.STALE: "#9a9a9a", FeedState.LOST: "#c23b34",
    }  # fmt: skip
    figure, axes = plt.subplots(len(found), 1, figsize=(9, 2.6 * len(found)), squeeze=False)
    for axis, (name, replayed) in zip(axes[:, 0], found.items(), strict=True):
        weeks = sorted(replayed.by_week)
        shares = [
            [replayed.by_week[week][state] / sum(replayed.by_week[week].values()) for week in weeks]
            for state in colours
        ]
        axis.stackplot(weeks, shares, labels=list(colours), colors=colours.values())
        axis.set(title=f"{name}: states of all units, by week", ylim=(0, 1))
        axis.tick_params(axis="x", rotation=20)
    axes[0, 0].legend(loc="lower left", ncols=5, fontsize=8)
    figure.tight_layout()
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / "replay_series.png", dpi=90)
    plt.close(figure)


def _figures(found: dict[str, Replayed]) -> Iterator[Figure]:
    for name, replayed in found.items():
        key = name.lower().replace(" ", "_")
        told = replayed.believed + sum(replayed.held.values()) + sum(replayed.refused.values())
        yield Figure(
            name=f"replay_series.{key}.accounted_for",
            value=100 * told / replayed.readings,
            unit="percent",
            bar=100.0,
            better="higher",
            reference="readings in the recording",
        )
        yield Figure(
            name=f"replay_series.{key}.believed",
            value=100 * replayed.believed / replayed.readings,
            unit="percent",
            bar=97.0,
            better="higher",
            reference="readings in the recording",
        )
