"""Times as sources write them, and which of them can be true."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from feeds.model import RefusalReason

FUTURE_TOLERANCE = timedelta(minutes=2)
"""How far ahead of our clock a source's may run (the NHS capacity form allows none at all)."""
ANCIENT_AFTER = timedelta(hours=24)
"""Older figures say nothing about now; a daily upload once showed 12 h at an empty department."""

_ISO_LIKE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(\.\d{1,9})?)?"
    r"\s*(Z|z|[+-]\d{2}:?\d{2})?"
)


class TimeFault(ValueError):
    """A text that is not a time; the message says why."""


def parse_time(text: str, zone: ZoneInfo | None) -> datetime:
    """An ISO 8601 time, or one of its unpadded relatives (`2023-7-5T13:0:26Z`), as aware UTC.

    Args:
        text: the time as written.
        zone: the source's zone for times that name none; None refuses such times.

    Raises:
        TimeFault: not a time, an impossible one, or one without a zone where none is configured.
    """
    match = _ISO_LIKE.fullmatch(text.strip())
    if match is None:
        raise TimeFault(f"{text[:40]!r} is not a time")
    year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
    second = int(match[6] or 0)
    microsecond = int((match[7] or ".0")[1:7].ljust(6, "0"))
    try:
        moment = datetime(  # noqa: DTZ001 - the zone follows
            year, month, day, hour, minute, second, microsecond
        )
        return _in_utc(moment, match[8], zone)
    except (ValueError, OverflowError) as fault:
        raise TimeFault(f"{text[:40]!r}: {fault}") from fault


def _in_utc(moment: datetime, offset: str | None, zone: ZoneInfo | None) -> datetime:
    if offset in ("Z", "z"):
        return moment.replace(tzinfo=UTC)
    if offset is not None:
        hours, minutes = int(offset[1:3]), int(offset[-2:])
        ahead = timedelta(hours=hours, minutes=minutes)
        return (moment - ahead if offset[0] == "+" else moment + ahead).replace(tzinfo=UTC)
    if zone is None:
        raise TimeFault("no time zone given and none configured for this feed")
    return moment.replace(tzinfo=zone).astimezone(UTC)


def find_time_fault(as_of: datetime, now: datetime) -> RefusalReason | None:
    """Why a time cannot be a measurement's as seen from now, or None where it can."""
    if as_of > now + FUTURE_TOLERANCE:
        return RefusalReason.FUTURE
    if as_of < now - ANCIENT_AFTER:
        return RefusalReason.ANCIENT
    return None
