"""How often the monitor of what people were told raises an alarm, and how soon where it should.

Every facility of the recorded series is walked through forecast and monitor, once as it is, and
once more with forecasts that from the middle of the series on say 20 minutes less than they do
(but where there was an alarm just then). No bar is known: nobody has published one.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from statistics import median
from zoneinfo import ZoneInfo

import msgspec

from feeds.model import Observation, Wait
from feeds.recordings import load_recording
from loadtests.benchmarks.detector.series import find_series
from loadtests.benchmarks.figures import Figure
from loadtests.benchmarks.forecast_backtest import TRIALS
from waitless.forecast.learn import update
from waitless.health import AlertKind
from waitless.reading import apply_observation
from waitless.told.alarm import judge
from waitless.told.monitor import Monitor

SHIFT_MINUTES = 20.0
MADE_WORSE = "forecasts that say 20 minutes less from the middle on"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Walk:
    """One facility's walk."""

    days: float
    middle: datetime
    raised: list[datetime]
    alarmed_in_the_middle: bool
    alarmed_days: float
    ms_per_reading: float
    most_bytes: int


def run() -> list[Figure]:
    """Walk every series and return the figures.

    Raises:
        FileNotFoundError: the series are not on this machine.
    """
    folder = find_series()
    figures: list[Figure] = []
    for trial in TRIALS:
        sites = defaultdict[str, list[Observation]](list)
        for observed in load_recording(folder / trial.file):
            if isinstance(observed.wait, Wait):
                sites[observed.facility_id].append(observed)
        zone = ZoneInfo(trial.zone)
        walked = [walk(rows, zone) for rows in sites.values()]
        shifted = [walk(rows, zone, SHIFT_MINUTES) for rows in sites.values()]
        figures += _figures(trial.name, walked, shifted)
    return figures


def walk(rows: Sequence[Observation], zone: tzinfo, shift_minutes: float = 0.0) -> Walk:
    """Walk one facility forward; from the middle on its forecasts say so many minutes less."""
    monitor, state = Monitor((), zone), None
    first, last = rows[0].measured_at, rows[-1].measured_at
    middle = first + (last - first) / 2
    raised: list[datetime] = []
    alarmed, before, in_the_middle = timedelta(), first, False
    seconds, most_bytes = 0.0, 0
    for observed in rows:
        at, wait = observed.measured_at, observed.wait
        if not isinstance(wait, Wait) or at < before:
            continue
        state = update(state, wait, at, zone)
        reading = apply_observation(None, observed)
        began = time.perf_counter()
        monitor.take(reading, state, at)
        seconds += time.perf_counter() - began
        told = monitor.facilities.get(observed.facility_id)
        if told is None:
            continue
        if shift_minutes and at >= middle:
            said = told.said[-1]
            less = tuple(one - shift_minutes for one in said.mean)
            told.said[-1] = msgspec.structs.replace(said, mean=less)
        if before < middle <= at:
            in_the_middle = bool(told.alarms)
        alarmed += (at - before) if told.alarms else timedelta()
        before = at
        if not shift_minutes:
            most_bytes = max(most_bytes, len(msgspec.json.encode(told)))
        alerts = judge(observed.facility_id, told, at)
        raised += [at for one in alerts if one.kind is AlertKind.RAISED]
    return Walk(
        days=(last - first) / DAY,
        middle=middle,
        raised=raised,
        alarmed_in_the_middle=in_the_middle,
        alarmed_days=alarmed / DAY,
        ms_per_reading=1000 * seconds / len(rows),
        most_bytes=most_bytes,
    )


def _figures(name: str, walked: list[Walk], shifted: list[Walk]) -> list[Figure]:
    days = sum(one.days for one in walked)
    raised = sum(len(one.raised) for one in walked)
    quiet = [one for one in shifted if not one.alarmed_in_the_middle]
    soon = [
        (min(at for at in one.raised if at >= one.middle) - one.middle) / DAY
        for one in quiet
        if any(at >= one.middle for at in one.raised)
    ]
    words = f"{len(walked)} facilities as recorded, {days:.0f} days of them"
    alarmed = sum(one.alarmed_days for one in walked)
    found = [
        _figure(f"{name}_alarms_a_month", 30 * raised / days, "a site", words),
        _figure(f"{name}_time_in_alarm", 100 * alarmed / days, "percent", words),
        _figure(f"{name}_take", median(one.ms_per_reading for one in walked), "ms", words),
        _figure(f"{name}_stored", max(one.most_bytes for one in walked) / 1000, "kB", words),
        _figure(f"{name}_shift_missed", len(quiet) - len(soon), "sites", MADE_WORSE),
    ]
    if soon:
        found.append(_figure(f"{name}_shift_found_after", median(soon), "days", MADE_WORSE))
    return found


def _figure(name: str, value: float, unit: str, reference: str) -> Figure:
    return Figure(name=f"told.{name}", value=value, unit=unit, better="lower", reference=reference)


if __name__ == "__main__":
    for item in run():
        print(item.line())
