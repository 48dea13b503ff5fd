"""Names of facilities, which drift in spelling, and what is left when that is ignored."""

import html
import unicodedata
from collections.abc import Iterable, Mapping

_APOSTROPHES = dict.fromkeys(map(ord, "'’‘ʼ`´′"))  # noqa: RUF001 - the ones sources use
_INVISIBLE = ("Mn", "Cf")
"""Unicode categories that leave no trace: accents once taken apart, zero-width characters."""


LONGEST_NAME = 1000
"""Characters of a name that are looked at: no name is longer, and `html.unescape` raises on a
character reference of thousands of digits."""


def fold(text: str) -> str:
    """A name without case, accents, apostrophes, punctuation and superfluous spaces.

    "St.  John’s &amp; Hosp." and "st john's and hosp" fold to the same.
    """
    apart = unicodedata.normalize("NFKD", html.unescape(text[:LONGEST_NAME]).casefold())
    kept = "".join(
        letter for letter in apart if unicodedata.category(letter) not in _INVISIBLE
    ).translate(_APOSTROPHES)
    spaced = "".join(letter if letter.isalnum() else " " for letter in kept.replace("&", " and "))
    return " ".join(spaced.split())


def fold_table(names: Mapping[str, str]) -> dict[str, str]:
    """The alias table with folded names.

    Raises:
        ValueError: two spellings fold to one name but mean different facilities, or one folds
            to nothing.
    """
    table: dict[str, str] = {}
    for name, meaning in names.items():
        folded = fold(name)
        if not folded:
            raise ValueError(f"{name!r} has no letter or digit")
        if table.setdefault(folded, meaning) != meaning:
            raise ValueError(f"{name!r} means both {table[folded]!r} and {meaning!r}")
    return table


def fold_all(names: Iterable[str]) -> frozenset[str]:
    """Every name folded."""
    return frozenset(fold(name) for name in names)
