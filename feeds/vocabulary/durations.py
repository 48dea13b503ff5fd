"""Durations as sources write them: "3 hr 7 min", "6h15", "0:33 Hours", "an hour and a half"."""

import re
from itertools import pairwise
from typing import Literal

from feeds.vocabulary.faults import VocabularyFault, quote

Unit = Literal["minutes", "hours", "seconds"]
"""What a bare number counts."""

MINUTES_IN = {"minutes": 1.0, "hours": 60.0, "seconds": 1 / 60}
LONGEST_TEXT = 200
_MOST_IN_AN_HOUR = 60

_UNITS = {
    **dict.fromkeys(("day", "days", "d"), 1440.0),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "h", "heure", "heures"), 60.0),
    **dict.fromkeys(("minute", "minutes", "min", "mins", "m", "mn"), 1.0),
    **dict.fromkeys(("second", "seconds", "sec", "secs", "s", "secondes"), 1 / 60),
}
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_NUMBER = r"[0-9]{1,7}(?:\.[0-9]{1,4})?"

_ONES = "one two three four five six seven eight nine".split()  # noqa: SIM905 - reads as counting
_TEENS = (
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()  # noqa: SIM905
)
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90}
_WORD_VALUES = {word: value for value, word in enumerate([*_ONES, *_TEENS], start=1)} | _TENS
_TENS_AND_ONES = re.compile(rf"\b({'|'.join(_TENS)}) ({'|'.join(_ONES)})\b")
_WORDS = re.compile(rf"\b({'|'.join(_WORD_VALUES)})\b")
_PARTS = {"a half": 0.5, "half": 0.5, "a quarter": 0.25, "quarter": 0.25, "3 quarters": 0.75}
_PART = "|".join(_PARTS)

_FRACTIONS = str.maketrans({"½": " 1/2", "¼": " 1/4", "¾": " 3/4"})
_DASHES = str.maketrans(dict.fromkeys("–—−‐‑", "-"))  # noqa: RUF001 - all of them mean a hyphen
_JOINED = re.compile(rf"(?<=[a-z])-(?=[a-z])|(?<=[0-9])-(?=(?:{_UNIT})\b)")
_WHOLE_AND_QUARTERS = re.compile(r"(?:\b([0-9]{1,4}) )?\b([13])/([24])\b")
_AND_PART = re.compile(rf"\b([0-9]{{1,4}}) and ({_PART})\b")
_UNIT_AND_PART = re.compile(
    rf"\b([0-9]{{1,4}}) ({_UNIT}) and ({_PART})(?= |$)(?! (?:of|{_UNIT})\b)"
)
_PART_OF = re.compile(rf"\b({_PART})(?: of)?(?: an?)? (?={_UNIT}\b)")
_ARTICLE = re.compile(rf"\ban? (?=(?:{_UNIT})\b)")
_ABOUT = re.compile(r"^(?:(?:about|around|approx|approximately|roughly|circa|environ)\b\.?|~) ?")

_BARE = re.compile(_NUMBER)
_COLONS = re.compile(r"([0-9]{1,3}):([0-9]{2})(?::([0-9]{2}))?(?: ?(?:hours?|hrs?|h))?")
_HOURS_MINUTES = re.compile(r"([0-9]{1,3}) ?(?:h|hr|hrs|heures?) ?([0-9]{2})")
_COMPONENT = re.compile(rf"({_NUMBER}) ?({_UNIT})\.?(?![a-z])(?:,? and |, ?| )?")


def normalise(text: str) -> str:
    """A text in lower case with single spaces, plain hyphens, and number words as digits.

    Raises:
        VocabularyFault: longer than any duration is written.
    """
    if len(text) > LONGEST_TEXT:
        raise VocabularyFault(f"{quote(text)}... is too long to be a wait")
    plain = " ".join(text.translate(_FRACTIONS).translate(_DASHES).casefold().split())
    plain = _JOINED.sub(" ", _ABOUT.sub("", plain.rstrip(" ."), count=1))
    plain = _TENS_AND_ONES.sub(lambda m: str(_WORD_VALUES[m[1]] + _WORD_VALUES[m[2]]), plain)
    plain = _WORDS.sub(lambda m: str(_WORD_VALUES[m[1]]), plain)
    plain = _WHOLE_AND_QUARTERS.sub(
        lambda m: _decimal(int(m[1] or 0) + int(m[2]) / int(m[3])), plain
    )
    plain = _AND_PART.sub(lambda m: _decimal(int(m[1]) + _PARTS[m[2]]), plain)
    plain = _ARTICLE.sub("1 ", _PART_OF.sub(lambda m: f"{_PARTS[m[1]]} ", plain))
    return _UNIT_AND_PART.sub(lambda m: f"{_decimal(int(m[1]) + _PARTS[m[3]])} {m[2]}", plain)


def is_bare(plain: str) -> bool:
    """Whether a normalised text is a number and nothing else."""
    return _BARE.fullmatch(plain) is not None


def find_unit(plain: str) -> str | None:
    """The unit word of a normalised duration of one component; None for any other text."""
    match = _COMPONENT.fullmatch(plain)
    return None if match is None else match[2]


def parse_duration(text: str, unit: Unit | None = None) -> float:
    """Minutes of one duration.

    Args:
        text: as written.
        unit: what a bare number counts; without it a bare number is refused.

    Raises:
        VocabularyFault: not a duration, or a bare number whose unit nobody has told.
    """
    plain = normalise(text)
    if is_bare(plain):
        if unit is None:
            raise VocabularyFault(f"{quote(text)} is a bare number and no `unit` is configured")
        return float(plain) * MINUTES_IN[unit]
    if match := _COLONS.fullmatch(plain):
        return _sum_of(text, [(float(match[i] or 0), size) for i, size in _COLON_SIZES])
    if match := _HOURS_MINUTES.fullmatch(plain):
        return _sum_of(text, [(float(match[1]), 60.0), (float(match[2]), 1.0)])
    return _sum_of(text, list(_components(text, plain)))


_COLON_SIZES = ((1, 60.0), (2, 1.0), (3, 1 / 60))


def _components(text: str, plain: str) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    end = 0
    while end < len(plain):
        match = _COMPONENT.match(plain, end)
        if match is None:
            raise VocabularyFault(f"{quote(text)} is not a duration")
        found.append((float(match[1]), _UNITS[match[2]]))
        end = match.end()
    return found


def _sum_of(text: str, components: list[tuple[float, float]]) -> float:
    """Components with their sizes in minutes; only the first may be larger than its place."""
    sizes = [size for _, size in components]
    falling = all(after < before for before, after in pairwise(sizes))
    whole = len(components) == 1 or all(value == int(value) for value, _ in components)
    within = all(value < _MOST_IN_AN_HOUR for value, _ in components[1:])
    if not (components and falling and whole and within):
        raise VocabularyFault(f"{quote(text)} is not a duration")
    return sum(value * size for value, size in components)


def _decimal(value: float) -> str:
    return f"{value:g}"
