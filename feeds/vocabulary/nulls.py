"""Texts by which sources say that they have no figure. None of them is zero."""

import re
from collections.abc import Iterable

from feeds.vocabulary.names import fold, fold_all

_DASHES = re.compile(r"[\s\-–—−‐‑.…]*")  # noqa: RUF001 - the dashes that stand in empty cells

_SUBJECT = (
    r"(?:(?:the )?(?:current |live )?"
    r"(?:wait(?:ing)?(?: times?)?|times?|data|information|info|figures?|estimates?) )?"
)
_WHEN = r"(?: currently| right now| at (?:this time|the moment|present))?"
_PHRASES = re.compile(
    rf"{_SUBJECT}(?:is |are )?(?:currently |temporarily |presently )?"
    rf"(?:not (?:currently |yet )?|un)"
    rf"(?:available|known|applicable|reported|recorded|published|provided){_WHEN}"
    rf"|no (?:current |live )?(?:data|information|info|figures?|estimates?)"
    rf"(?: (?:is |are )?(?:currently )?(?:available|received|reported|recorded|provided))?{_WHEN}"
    rf"|no wait(?:ing)? times? (?:is |are )?(?:currently )?available{_WHEN}"
)
_WORDS = fold_all(
    [
        *("n/a", "na", "null", "nan", "undefined", "tbc", "tba", "closed"),
        "Managing multiple resuscitation cases",
        "pas d'information disponible",
        "information non disponible",
        "non disponible",
        "aucune donnée",
        "données non disponibles",
    ]
)


def is_null(value: object, more: Iterable[str] = ()) -> bool:
    """Whether a value says "no figure": nothing, an empty object, or a text known to mean it.

    "No wait" and "nil" are not among the texts: they may mean zero.

    Args:
        value: as found in the document.
        more: further texts that mean it in this source, folded as names are.
    """
    if value is None or value in ({}, []):
        return True
    if not isinstance(value, str):
        return False
    if _DASHES.fullmatch(value) is not None:
        return True
    folded = fold(value)
    return folded in _WORDS or folded in fold_all(more) or _PHRASES.fullmatch(folded) is not None
