"""Replay recorded waits through the believer: what does it hold, mark and believe, and how fast?

The series are of the shared data folder (`series/`), as their sources published them:

* Hong Kong: 18 emergency departments every 15 minutes, March to August 2024, bands of an hour. In
  the whole archive (564,550 triples) a reading of at least 180 minutes off stood between two equal
  ones 398 times; the figure here is for these 200,160 readings.
* Alberta: 30 sites about every hour and a half, June to July 2026, estimates, with no time of their
  own, so that they are measured when they are fetched. Rows without a figure are observations too.
* Coventry and Rugby: five units, change log of a scraper, December 2022 to March 2023, bands.
* Plymouth: one centre every 5 minutes for five hours, longest wait and two counts; two readings
  are 0/0/0 between 169 and 179, and between 156 and 167 minutes.

Nothing says of these readings which were wrong, Plymouth's zeros excepted. So the bars are: nearly
everything real is believed, both known dropouts are held, and judging costs next to nothing.
"""

import csv
import gzip
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from matplotlib import figure as plotting

from feeds.model import NoFigure, Observation, Statistic, Wait
from loadtests.benchmarks.figures import RESULTS, Figure
from waitless.area.facility import Kind
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

ROOT = Path(__file__).resolve().parents[2]
PLOT = RESULTS / "belief_detector.png"
SPIKE_MINUTES = 180.0
GAP_CADENCES = 3
DAY = timedelta(days=1)
WEEK = 7 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One recorded feed: its file, and how a row of it reads."""

    name: str
    file: str
    statistic: Statistic
    cadence_s: float
    kind_of: Callable[[str], Kind]
    untimed: bool = False
    """Whether the source gives no time, so that the time of fetching stands for it."""


def _ed(_row: str) -> Kind:
    return Kind.ED


def _utc(_row: str) -> Kind:
    return Kind.UTC


def _by_name(facility: str) -> Kind:
    return Kind.ED if "Emergency" in facility or "Hospital" in facility else Kind.UTC


SERIES = (
    Series(
        name="hong_kong",
        file="hongkong_2024-03_2024-08.csv.gz",
        statistic=Statistic.LONGEST,
        cadence_s=900,
        kind_of=_ed,
    ),
    Series(
        name="alberta",
        file="alberta_2026-06-16_2026-07-31.csv.gz",
        statistic=Statistic.ESTIMATE,
        cadence_s=3600,
        kind_of=_by_name,
        untimed=True,
    ),
    Series(
        name="coventry",
        file="coventry_changes_2022-12_2023-03.csv.gz",
        statistic=Statistic.BAND,
        cadence_s=1200,
        kind_of=_by_name,
        untimed=True,
    ),
    Series(
        name="plymouth",
        file="uk_plymouth_cumberland_utc_5min_2023-07-05.csv",
        statistic=Statistic.LONGEST,
        cadence_s=300,
        kind_of=_utc,
    ),
)


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


def run() -> list[Figure]:
    """Replay every series, print what was found, save the plot and return the figures.

    Raises:
        FileNotFoundError: the series are not on this machine.
    """
    folder = find_series()
    tallies = {series.name: replay(series, folder) for series in SERIES}
    for tally in tallies.values():
        print_tally(tally)
    save_plot(tallies["hong_kong"], PLOT)
    reference = "the readings as they were published"
    shares = [
        Figure(
            name=f"belief_detector.{name}_believed",
            value=tallies[name].believed_share,
            unit="percent",
            bar=97.0,
            better="higher",
            reference=reference,
        )
        for name in ("hong_kong", "alberta", "coventry")
    ]
    hong_kong = tallies["hong_kong"]
    return [
        *shares,
        Figure(
            name="belief_detector.plymouth_dropouts_held",
            value=tallies["plymouth"].held[Rule.DROPOUT],
            unit="of 2",
            bar=2,
            better="higher",
            reference="the two 0/0/0 readings",
        ),
        Figure(
            name="belief_detector.hong_kong_spikes_held",
            value=100 * hong_kong.spikes_held / max(1, hong_kong.spikes),
            unit="percent",
            bar=90.0,
            better="higher",
            reference=f"{hong_kong.spikes} readings 180 min off between two equal ones",
        ),
        Figure(
            name="belief_detector.microseconds_per_judgement",
            value=hong_kong.microseconds,
            unit="us",
            bar=50.0,
            better="lower",
            reference=f"{hong_kong.readings} readings, one core",
        ),
    ]


def find_series() -> Path:
    """Return the folder of the recorded series."""
    shared = Path(os.environ.get("WAITLESS_SHARED_DATA", ROOT.parent / "shared" / "data"))
    folder = shared / "series"
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is missing: set WAITLESS_SHARED_DATA to the folder that holds series/"
        )
    return folder


def load_deliveries(series: Series, folder: Path) -> list[list[Observation]]:
    """Rows of one instant together, in the order of time."""
    by_time: dict[datetime, list[Observation]] = defaultdict(list)
    path = folder / series.file
    packed = path.read_bytes()
    text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode()
    for row in csv.DictReader(text.splitlines()):
        observation = _read_row(series, row)
        by_time[observation.as_of].append(observation)
    return [by_time[at] for at in sorted(by_time)]


def _read_row(series: Series, row: dict[str, str]) -> Observation:
    at = datetime.fromisoformat(row["observed_at_utc"]).astimezone(UTC)
    if "wait_lo_min" in row:
        low, high = row["wait_lo_min"], row["wait_hi_min"]
        wait: Wait | NoFigure = Wait(
            low=float(low), high=float(high) if high else None, statistic=series.statistic
        )
    else:
        minutes = row.get("wait_min") or row.get("longest_wait_min")
        wait = NoFigure.UNKNOWN
        if minutes:
            wait = Wait(minutes=float(minutes), statistic=series.statistic)
    waiting, inside = row.get("patients_waiting"), row.get("patients_in_department")
    return Observation(
        facility_id=row["facility"],
        feed_id=series.name,
        as_of=at,
        received_at=at + timedelta(seconds=0 if series.untimed else 20),
        as_of_is_received=series.untimed,
        wait=wait,
        patients_waiting=int(waiting) if waiting else None,
        patients_in_department=int(inside) if inside else None,
    )


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


def print_tally(tally: Tally) -> None:
    """Print one series for a person."""
    print(
        f"  {tally.name}: {tally.readings} readings, {tally.believed_share:.2f} % believed, "
        f"{100 * tally.repeats / tally.readings:.0f} % repeat the one before, "
        f"{tally.gaps} gaps, {tally.microseconds:.1f} us each"
    )
    for rule, held in tally.held.most_common():
        confirmed = tally.confirmed[rule]
        print(f"    held {rule.value:<22}{held:>6}, {confirmed} of them confirmed later")
    print(f"    spikes {tally.spikes}, held {tally.spikes_held}")
    stuck = tally.findings.get("stuck", 0)
    print(f"    findings: stuck {stuck}, {_listed(tally.findings) or 'no other'}")
    print(f"    notes: {_listed(tally.notes) or 'none'}")


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counts.most_common() if name != "stuck")


def save_plot(tally: Tally, path: Path) -> None:
    """Save the week with the most lone spikes: what was shown, and what was held."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name, start = _busiest_week(tally)
    week = [one for one in tally.points[name] if start <= one.as_of < start + WEEK]
    shown = [one for one in week if one.fate == "believed"]
    sheet = plotting.Figure(figsize=(11, 4.5), layout="constrained")
    axes = sheet.subplots()
    axes.step(
        [(one.as_of - start) / DAY for one in shown],
        [one.minutes / 60 for one in shown],
        where="post",
        linewidth=1.2,
        label="shown to patients",
    )
    for fate, colour, label in (
        ("passed", "tab:red", "held, never shown: the next reading said otherwise"),
        ("confirmed", "tab:orange", "held for one reading, then confirmed"),
    ):
        chosen = [one for one in week if one.fate == fate]
        axes.scatter(
            [(one.as_of - start) / DAY for one in chosen],
            [one.minutes / 60 for one in chosen],
            s=28,
            color=colour,
            zorder=3,
            label=f"{label} ({len(chosen)})",
        )
    days = range(8)
    axes.set_xticks(days, [f"{start + number * DAY:%a %d %b}" for number in days])
    axes.set_ylim(-0.3, 10)
    axes.set_ylabel("posted wait, at least so many hours")
    axes.set_title(f"{name.replace('-', ' ')}: a week of readings every 15 minutes")
    axes.legend(fontsize="small", loc="upper right")
    sheet.savefig(path, dpi=150)


def _busiest_week(tally: Tally) -> tuple[str, datetime]:
    """The facility and Monday with the most held readings that nothing confirmed."""
    counts: Counter[tuple[str, datetime]] = Counter()
    for name, points in tally.points.items():
        for one in points:
            if one.fate == "passed":
                midnight = one.as_of.replace(hour=0, minute=0, second=0, microsecond=0)
                counts[name, midnight - timedelta(days=midnight.weekday())] += 1
    chosen = max(sorted(counts), key=counts.__getitem__, default=None)
    if chosen is None:
        name = min(tally.points)
        chosen = (name, tally.points[name][0].as_of)
    return chosen


if __name__ == "__main__":
    for item in run():
        print(item.line())
