"""Fields of GTFS tables: each function returns None where the text says nothing possible."""

import re
from datetime import date
from functools import lru_cache
from math import isfinite
from typing import Final

_TIME: Final = re.compile(r"([0-9]{1,2}):([0-5][0-9]):([0-5][0-9])", re.ASCII)
MOST_S: Final = 100 * 3600
"""No time of a service day is as late."""

_DATE: Final = re.compile(r"[0-9]{8}", re.ASCII)
_COUNT: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


@lru_cache(maxsize=200_000)
def parse_time_s(text: str) -> int | None:
    """Return seconds from noon less 12 hours of the service day; hours go past 24, up to 99."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = map(int, match.groups())
    return hours * 3600 + minutes * 60 + seconds


@lru_cache(maxsize=20_000)
def parse_date(text: str) -> date | None:
    """Return a day written YYYYMMDD."""
    if _DATE.fullmatch(text) is None:
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def parse_count(text: str) -> int | None:
    """Return a whole number from 0 up to 999,999,999."""
    return int(text) if _COUNT.fullmatch(text) else None


def parse_degrees(text: str, most: float) -> float | None:
    """Return a latitude or longitude whose size is at most `most`."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) and abs(value) <= most else None
