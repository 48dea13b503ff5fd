"""Times as sources write them, and which of them can be true."""

import re
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from feeds.model import RefusalReason
from feeds.vocabulary.durations import parse_duration
from feeds.vocabulary.faults import VocabularyFault, quote
from feeds.vocabulary.time_words import WrittenTime, offset_minutes, take_apart

FUTURE_TOLERANCE = timedelta(minutes=2)
"""How far ahead of our clock a source's may run (the NHS capacity form allows none at all)."""
ANCIENT_AFTER = timedelta(hours=24)
"""Older figures say nothing about now; a daily upload once showed 12 h at an empty department."""

TimeForm = Literal[
    "auto",
    "iso",
    "day_first",
    "month_first",
    "words",
    "no_year",
    "clock",
    "ago",
    "epoch_seconds",
    "epoch_milliseconds",
]
"""The names that a feed definition may list as `formats`; docs/feed-definitions.md shows each."""

AUTO: frozenset[TimeForm] = frozenset({"iso", "day_first", "words", "no_year", "clock"})
"""What `auto` stands for. The others say so little that they must be asked for by name."""

ISO_ONLY: tuple[TimeForm, ...] = ("iso",)

_ISO_LIKE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[T ]"
    r"(\d{1,2}):(?:(\d{2})|(\d{1,2}):(\d{1,2})(\.\d{1,9})?)"
    r"\s*(Z|z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
"""Minutes of one digit only where seconds follow: "12:4" is a cut "12:45", not 12:04."""
_ISO_UTC = re.compile(
    r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d{1,6})?(?:Z|\+00:00)", re.ASCII
)
"""What nearly every message has; Python's own reader takes it five times as fast as ours."""
_AGO = re.compile(r"(?:(?:last |page )?(?:updated|refreshed|checked):? )?(.{1,40}) ago\.?")


class TimeFault(ValueError):
    """A text that is not a time; the message says why, `reason` how it is counted."""

    def __init__(self, says: str, reason: RefusalReason = RefusalReason.BAD_TIME) -> None:
        super().__init__(says)
        self.reason = reason


def parse_time(
    text: str,
    zone: ZoneInfo | None,
    *,
    forms: Collection[TimeForm] = ISO_ONLY,
    now: datetime | None = None,
) -> datetime:
    """A written time as aware UTC.

    The hour that comes twice in autumn is taken as the latest that is not after `now`, and as
    the first without `now`; the hour that never comes in spring is what a clock not yet put
    forward would show.

    Args:
        text: the time as written.
        zone: the source's zone for times that name none; None refuses such times.
        forms: which ways of writing are understood.
        now: needed for times without a date or a year: they are the nearest past ones.

    Raises:
        TimeFault: not a time, an impossible one, one of a form not asked for, one whose weekday
            is not its date's, or one without a zone where none is configured.
    """
    try:
        if forms is ISO_ONLY and _ISO_UTC.fullmatch(text) is not None:
            return datetime.fromisoformat(text)
        known = AUTO.union(forms) if "auto" in forms else frozenset(forms)
        return _parse(text.strip(), zone, known, now)
    except TimeFault:
        raise
    except VocabularyFault as fault:
        raise TimeFault(str(fault)) from fault
    except (ValueError, OverflowError) as fault:
        raise TimeFault(f"{quote(text)}: {fault}") from fault


def parse_epoch(number: float, forms: Collection[TimeForm]) -> datetime:
    """A count of seconds or milliseconds since 1970, whichever is among the forms.

    Raises:
        TimeFault: neither is, or the number is absurd.
    """
    if "epoch_seconds" in forms:
        seconds = float(number)
    elif "epoch_milliseconds" in forms:
        seconds = number / 1000
    else:
        raise TimeFault(f"{number} is a bare number; say `epoch_seconds` or `epoch_milliseconds`")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as fault:
        raise TimeFault(f"{number}: {fault}") from fault


def find_time_fault(as_of: datetime, now: datetime) -> RefusalReason | None:
    """Why a time cannot be a measurement's as seen from now, or None where it can."""
    if as_of > now + FUTURE_TOLERANCE:
        return RefusalReason.FUTURE
    if as_of < now - ANCIENT_AFTER:
        return RefusalReason.ANCIENT
    return None


def _parse(
    text: str, zone: ZoneInfo | None, known: Collection[TimeForm], now: datetime | None
) -> datetime:
    match = _ISO_LIKE.fullmatch(text) if "iso" in known else None
    if match is not None:
        return _resolve(_written_iso(match), zone, now)
    if "ago" in known and now is not None and (match := _AGO.fullmatch(text.casefold())):
        return now.astimezone(UTC) - timedelta(minutes=parse_duration(match[1]))
    if zone is None:
        raise TimeFault(f"{quote(text)} is not an ISO 8601 time with its zone")
    written = take_apart(text, known)
    if written.form not in known:
        raise TimeFault(f"{quote(text)} is of form {written.form}, which is not in `formats`")
    return _resolve(written, zone, now)


def _written_iso(match: re.Match[str]) -> WrittenTime:
    year, month, day, hour = (int(part) for part in match.groups()[:4])
    offset = match[9]
    return WrittenTime(
        form="iso",
        year=year,
        month=month,
        day=day,
        hour=hour,
        minute=int(match[5] or match[6]),
        second=int(match[7] or 0),
        microsecond=int((match[8] or ".0")[1:7].ljust(6, "0")),
        offset_minutes=None if offset in (None, "Z", "z") else offset_minutes(offset),
        zone_word="z" if offset in ("Z", "z") else None,
    )


def _resolve(written: WrittenTime, zone: ZoneInfo | None, now: datetime | None) -> datetime:
    """The instant that is meant.

    Raises:
        TimeFault: there is none.
        ValueError: a date or time of day that does not exist.
    """
    moments = [
        moment
        for day in _days(written, zone, now)
        for moment in _instants(_local(written, day), written, zone)
    ]
    if not moments:
        raise TimeFault(f"{written.zone_word!r} is not what the feed's zone is called then")
    limit = None if now is None else now + FUTURE_TOLERANCE
    past = [moment for moment in moments if limit is not None and moment[0] <= limit]
    # No past one: the earliest, which the caller refuses as future. No now: the first of the two.
    moment, weekday = max(past) if past else min(moments)
    if written.weekday is not None and written.weekday != weekday:
        raise TimeFault("the weekday is not the date's", RefusalReason.WRONG_WEEKDAY)
    return moment


def _days(written: WrittenTime, zone: ZoneInfo | None, now: datetime | None) -> list[date]:
    """The dates that can be meant: one where it is written, else those around now."""
    if written.year is not None:
        return [date(written.year, written.month or 0, written.day or 0)]
    if now is None:
        raise TimeFault("a time without its full date, and nothing to count back from")
    today = now.astimezone(zone or UTC).date()
    if written.month is not None:
        years = (today.year - 1, today.year, today.year + 1)
        return list(_existing((year, written.month, written.day or 0) for year in years))
    if written.relative_day is not None:
        return [today + timedelta(days=written.relative_day)]
    return [today + timedelta(days=days) for days in (-1, 0, 1)]


def _existing(dates: Iterable[tuple[int, int, int]]) -> Iterable[date]:
    """Those dates that exist: 29 February does not in every year.

    Raises:
        ValueError: none does.
    """
    found, last = 0, None
    for parts in dates:
        try:
            yield date(*parts)
            found += 1
        except ValueError as fault:
            last = fault
    if not found and last is not None:
        raise last


def _local(written: WrittenTime, day: date) -> datetime:
    return datetime(  # noqa: DTZ001 - the zone follows
        day.year,
        day.month,
        day.day,
        written.hour or 0,
        written.minute,
        written.second,
        written.microsecond,
    )


def _instants(
    local: datetime, written: WrittenTime, zone: ZoneInfo | None
) -> Iterable[tuple[datetime, int]]:
    """Every instant that a local time can be, each with its weekday."""
    weekday = local.weekday()
    word = written.zone_word
    if written.offset_minutes is not None and word in (None, "z", "utc", "gmt"):
        yield (local - timedelta(minutes=written.offset_minutes)).replace(tzinfo=UTC), weekday
        return
    if word in ("z", "utc", "gmt"):
        yield local.replace(tzinfo=UTC), weekday
        return
    if zone is None:
        raise TimeFault("no time zone given and none configured for this feed")
    for fold in (0, 1):
        there = local.replace(tzinfo=zone, fold=fold)
        if word is None or (there.tzname() or "").casefold() == word:
            yield there.astimezone(UTC), weekday
        if word is None and not _comes_twice(local, zone):
            return


def _comes_twice(local: datetime, zone: ZoneInfo) -> bool:
    first, second = (local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second
