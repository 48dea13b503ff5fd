"""When a journey begins: from what a query says to an instant, or a named refusal."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from waitless.recommend.query import DEPARTS_WITHIN
from waitless.web.problems import Problem, RequestRefused

JUST_PASSED = timedelta(minutes=1)
"""Who chose this minute a moment ago leaves at once."""
_MINUTE = timedelta(minutes=1)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(?:Z|([+ -]\d\d:\d\d))?", re.ASCII
)
_NAME = "depart_at"


def parse_departure(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The instant that a departure names, aware UTC, on a whole minute and not before it.

    Args:
        text: an RFC 3339 time; without a zone it is local; `HH:MM` is the next such local time.
        now: the time of the question.
        zone: of the area.

    Raises:
        RequestRefused: no time, one that has passed, or one too far ahead.
    """
    clock = _CLOCK.fullmatch(text)
    named = _next_at(int(clock[1]), int(clock[2]), now, zone) if clock else _read(text, zone)
    if named is None:
        raise RequestRefused(
            Problem.BAD_DEPARTURE,
            f"{text[:40]!r} is neither HH:MM nor like 2026-11-30T14:05:00Z",
            parameter=_NAME,
        )
    if named < now - JUST_PASSED:
        raise RequestRefused(Problem.DEPARTURE_IN_PAST, f"{_tell(named, zone)}", parameter=_NAME)
    if named > now + DEPARTS_WITHIN:
        raise RequestRefused(Problem.DEPARTURE_TOO_LATE, f"{_tell(named, zone)}", parameter=_NAME)
    return named + (datetime.min.replace(tzinfo=UTC) - named) % _MINUTE


def _tell(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M}"


def _next_at(hour: int, minute: int, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The next instant at which the local clock shows this; it shows this minute now too."""
    today = now.astimezone(zone).replace(hour=hour, minute=minute, second=0, microsecond=0)
    for day in (today, today + timedelta(days=1)):
        instant = _to_utc(day)
        if instant is not None and instant > now - JUST_PASSED:
            return instant
    return None


def _read(text: str, zone: ZoneInfo) -> datetime | None:
    match = _INSTANT.fullmatch(text)
    if match is None:
        return None
    day, clock, offset = match.groups()
    # A plus that was not escaped comes as a space.
    ending = (offset or "").replace(" ", "+") or ("+00:00" if text.endswith("Z") else "")
    try:
        instant = datetime.fromisoformat(f"{day}T{clock}{ending}")
        return instant.astimezone(UTC) if ending else _to_utc(instant.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        return None


def _to_utc(local: datetime) -> datetime | None:
    """None where clocks skip that time; of two that they show, the first."""
    instant = local.astimezone(UTC)
    shown = instant.astimezone(local.tzinfo)
    return instant if shown.replace(tzinfo=None) == local.replace(tzinfo=None) else None
