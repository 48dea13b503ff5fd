"""A series through the believer, and what that comes to."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from feeds.model import Observation, Wait
from loadtests.benchmarks.detector.series import Series, load_deliveries
from waitless.belief import (
    Believed,
    Believer,
    FacilityRules,
    FeedRules,
    Held,
    Ignored,
    NoteKind,
    Rule,
    Verdict,
)

SPIKE_MINUTES = 180.0
GAP_CADENCES = 3


@dataclass(frozen=True, slots=True)
class Point:
    """One reading with a figure, and what became of it."""

    as_of: datetime
    minutes: float
    fate: str
    """`believed`, `confirmed` (held, then confirmed by a later one) or `passed`."""
    rule: Rule | None = None


@dataclass(slots=True)
class Tally:
    """What one replay came to."""

    name: str
    readings: int = 0
    believed: int = 0
    ignored: int = 0
    held: Counter[Rule] = field(default_factory=Counter)
    confirmed: Counter[Rule] = field(default_factory=Counter)
    """Of the held ones, those that a later reading confirmed."""
    findings: Counter[str] = field(default_factory=Counter)
    """Episodes, by kind."""
    notes: Counter[str] = field(default_factory=Counter)
    gaps: int = 0
    repeats: int = 0
    spikes: int = 0
    """Readings at least `SPIKE_MINUTES` off between two equal ones."""
    spikes_held: int = 0
    """The others lie near the believed value: there it is their neighbours that are held."""
    seconds: float = 0.0
    points: dict[str, list[Point]] = field(default_factory=lambda: defaultdict(list))

    @property
    def believed_share(self) -> float:
        """Percent of all readings."""
        return 100 * self.believed / self.readings

    @property
    def microseconds(self) -> float:
        """Per judgement, completeness included."""
        return 1e6 * self.seconds / self.readings


def replay(series: Series, folder: Path) -> Tally:
    """Judge a whole series, delivery by delivery."""
    deliveries = load_deliveries(series, folder)
    names = frozenset(one.facility_id for delivery in deliveries for one in delivery)
    believer = Believer(
        {name: FacilityRules(kind=series.kind_of(name)) for name in names},
        {series.name: FeedRules(cadence_s=series.cadence_s, facility_ids=names)},
    )
    tally = Tally(series.name)
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    started = time.perf_counter()
    for delivery in deliveries:
        now = delivery[0].received_at
        judged = believer.judge_delivery(series.name, delivery, now)
        raised = believer.close_delivery(series.name, [one.facility_id for one in delivery], now)
        tally.findings.update(finding.kind.value for finding in raised)
        for verdict in judged:
            verdicts[verdict.observation.facility_id].append(verdict)
    tally.seconds = time.perf_counter() - started
    for facility_id, given in verdicts.items():
        _count(tally, facility_id, given, series.cadence_s)
    return tally


def _count(tally: Tally, facility_id: str, verdicts: list[Verdict], cadence_s: float) -> None:
    observations = [verdict.observation for verdict in verdicts]
    tally.readings += len(verdicts)
    pairs = list(pairwise(observations))
    tally.gaps += sum(
        (after.as_of - before.as_of).total_seconds() > GAP_CADENCES * cadence_s
        for before, after in pairs
    )
    tally.repeats += sum(before.wait == after.wait for before, after in pairs)
    for number in _spikes(observations):
        tally.spikes += 1
        tally.spikes_held += isinstance(verdicts[number], Held)
    waiting: list[Held] = []
    for verdict in verdicts:
        match verdict:
            case Ignored():
                tally.ignored += 1
            case Held():
                tally.held[verdict.rule] += 1
                waiting.append(verdict)
            case Believed():
                tally.believed += 1
                tally.notes.update(note.kind.value for note in verdict.notes)
                confirmed = verdict.has(NoteKind.CONFIRMED)
                if confirmed:
                    tally.confirmed.update(held.rule for held in waiting)
                fate = "confirmed" if confirmed else "passed"
                points = tally.points[facility_id]
                points += [point for held in waiting for point in _points(held, fate)]
                points += _points(verdict, "believed")
                waiting = []


def _points(verdict: Verdict, fate: str) -> Iterator[Point]:
    observation = verdict.observation
    if isinstance(observation.wait, Wait):
        rule = verdict.rule if isinstance(verdict, Held) else None
        yield Point(observation.as_of, observation.wait.floor_minutes, fate, rule)


def _spikes(observations: list[Observation]) -> Iterator[int]:
    """Where a reading stands far off between two equal ones.

    Of several that overlap (A B A B A) only every other is one: else each return would count.
    """
    last = -1
    for number in range(1, len(observations) - 1):
        if number == last + 1:
            continue
        before, spike, after = (one.wait for one in observations[number - 1 : number + 2])
        if not (isinstance(before, Wait) and isinstance(spike, Wait) and before == after):
            continue
        within = observations[number].as_of - observations[number - 1].as_of
        far = abs(spike.floor_minutes - before.floor_minutes) >= SPIKE_MINUTES
        if far and within <= timedelta(hours=1):
            last = number
            yield number
