"""Truth values, which sources write as words, and counts of people, which they write as text."""

import math
import re

from feeds.vocabulary.faults import VocabularyFault, quote

MAX_PEOPLE = 100_000
_FLAGS = {"true": True, "yes": True, "y": True, "1": True} | {
    "false": False,
    "no": False,
    "n": False,
    "0": False,
}
_DIGITS = re.compile(r"[0-9]{1,7}")


def parse_flag(value: object) -> bool:
    """True or false, however it is written: `true`, "False", "Y", "no", 1.

    Raises:
        VocabularyFault: neither.
    """
    flag = _FLAGS.get(str(value).strip().casefold())
    if flag is None:
        raise VocabularyFault(f"{quote(value)} is neither true nor false")
    return flag


def parse_count(value: object) -> int:
    """A number of people: 0 or more, whole.

    Raises:
        VocabularyFault: not a number at all ("<5", "12 people", true).
        OverflowError: a number, but negative, fractional or absurd.
    """
    if isinstance(value, str):
        if _DIGITS.fullmatch(value.strip()) is None:
            raise VocabularyFault(f"{quote(value)} is not a number of people")
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise VocabularyFault(f"{quote(value)} is not a number of people")
    if not math.isfinite(value) or value != int(value) or not 0 <= value <= MAX_PEOPLE:
        raise OverflowError(f"{str(value)[:40]} people")
    return int(value)
