"""Waits as sources post them: a figure, or the limits of a band."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from feeds.vocabulary.durations import Unit, find_unit, is_bare, normalise, parse_duration
from feeds.vocabulary.faults import VocabularyFault, quote

_LESS = (
    r"(?:less than|fewer than|under|below|up to|within|at most|(?:no|not) more than|moins de"
    r"|<=?|≤|&lt;)"
)
_MORE = (
    r"(?:more than|greater than|longer than|over|above|at least|(?:no|not) less than"
    r"|in excess of|exceeding|plus de|>=?|≥|&gt;)"
)
_BELOW = re.compile(rf"{_LESS} ?(.+)")
_ABOVE = re.compile(rf"{_MORE} ?(.+)")
_WITHIN = re.compile(rf"{_MORE} ?(.+?),? (?:(?:but|and) )?{_LESS} ?(.+)")
_AND_MORE = re.compile(r"(.+?) ?(?:\+|plus|or (?:more|longer|over)|and (?:over|above|more))")
_PLUS_INSIDE = re.compile(r"([0-9.]+) ?\+ ?([a-z]+)")
_BETWEEN = re.compile(r"(?:between|entre) (.+)")
_FROM = re.compile(r"from (.+)")
_AND = re.compile(r" (?:and|et) ")
_TO = re.compile(r" to | ?- ?")


@dataclass(frozen=True, slots=True)
class Figure:
    """A posted wait in minutes: `minutes` alone, or limits with None where none is given."""

    minutes: float | None = None
    low: float | None = None
    high: float | None = None


def parse_wait(text: str, unit: Unit | None = None) -> Figure:
    """A figure or a band: "over 4 hours" is a lower limit of 240 and nothing more.

    Args:
        text: as written.
        unit: what bare numbers count ("> 8", "15-30"); without it they are refused.

    Raises:
        VocabularyFault: neither a duration nor a band, or a band upside down.
    """
    plain = normalise(text)
    if match := _WITHIN.fullmatch(plain):
        return _band(text, _pair(match[1], match[2], unit))
    if match := _BELOW.fullmatch(plain):
        return Figure(high=_limit(text, match[1], unit))
    if match := _ABOVE.fullmatch(plain):
        return Figure(low=_limit(text, match[1], unit))
    if match := _PLUS_INSIDE.fullmatch(plain):
        return Figure(low=_limit(text, f"{match[1]} {match[2]}", unit))
    if match := _AND_MORE.fullmatch(plain):
        return Figure(low=_limit(text, match[1], unit))
    bands = list(_bands(plain, unit))
    if len(set(bands)) > 1:
        raise VocabularyFault(f"{quote(text)} can be read as more than one band")
    if bands:
        return _band(text, bands[0])
    return Figure(minutes=parse_duration(text, unit))


def _limit(text: str, limit: str, unit: Unit | None) -> float:
    minutes = parse_duration(limit, unit)
    if minutes <= 0:
        raise VocabularyFault(f"{quote(text)} is no limit")
    return minutes


def _band(text: str, limits: tuple[float, float]) -> Figure:
    low, high = limits
    if low > high:
        raise VocabularyFault(f"{quote(text)} is a band upside down")
    return Figure(low=low, high=high)


def _bands(plain: str, unit: Unit | None) -> Iterator[tuple[float, float]]:
    """Every way of cutting a text into two durations."""
    separator = _TO
    if match := _BETWEEN.fullmatch(plain):
        plain, separator = match[1], _AND
    elif match := _FROM.fullmatch(plain):
        plain = match[1]
    for cut in separator.finditer(plain):
        try:
            yield _pair(plain[: cut.start()], plain[cut.end() :], unit)
        except VocabularyFault:
            continue


def _pair(low: str, high: str, unit: Unit | None) -> tuple[float, float]:
    """Two limits in minutes; a bare lower one shares the upper one's unit ("1 - 2 hours").

    Raises:
        VocabularyFault: either is no duration, or the shared unit is not plain to see.
    """
    if is_bare(low) and not is_bare(high):
        shared = find_unit(high)
        if shared is None:
            raise VocabularyFault(f"{quote(low)} has no unit")
        low = f"{low} {shared}"
    elif is_bare(high) and not is_bare(low):
        raise VocabularyFault(f"{quote(high)} has no unit")
    return parse_duration(low, unit), parse_duration(high, unit)
