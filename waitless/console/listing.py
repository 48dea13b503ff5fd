"""Which facilities the page lists, and in which order. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from urllib.parse import urlencode

from waitless.console.rows import FacilityLine
from waitless.console.words import KIND_WORDS

MOST_LOOKED_FOR = 100
"""Characters of what is looked for; what is beyond is dropped."""


class Sort(StrEnum):
    """What facilities are sorted by; ties by name."""

    ATTENTION = "attention"
    """What needs a look first, then the worse state."""
    NAME = "name"
    KIND = "kind"
    WAIT = "wait"
    """The longest first, none at the end."""
    AGE = "age"
    """The oldest first."""
    FEED = "feed"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How somebody wants to see the page."""

    sort: Sort = Sort.ATTENTION
    text: str = ""
    """Only facilities that have this in name, id, kind, feed or state."""
    only_attention: bool = False

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "View":
        """From a page's query. Raises ValueError, for a person, where it names no known order."""
        wanted = query.get("sort", Sort.ATTENTION)
        if wanted not in tuple(Sort):
            raise ValueError(f"sort: one of {', '.join(Sort)}")
        text = query.get("find", "").strip()[:MOST_LOOKED_FOR]
        return cls(sort=Sort(wanted), text=text, only_attention=query.get("only") == "attention")

    def path(self, **other: str) -> str:
        """The page seen like this, some of it otherwise."""
        own = {
            "sort": "" if self.sort is Sort.ATTENTION else self.sort.value,
            "find": self.text,
            "only": "attention" if self.only_attention else "",
        }
        wanted = {name: value for name, value in {**own, **other}.items() if value}
        return f"/operator?{urlencode(wanted)}" if wanted else "/operator"


def arrange(lines: Iterable[FacilityLine], view: View) -> list[FacilityLine]:
    """The lines that a view wants, in its order."""
    wanted = view.text.casefold()
    found = [
        line
        for line in lines
        if wanted in _haystack(line) and (line.needs_a_look or not view.only_attention)
    ]
    return sorted(found, key=lambda line: (*_key(line, view.sort), line.facility.short_name))


def _haystack(line: FacilityLine) -> str:
    one = line.facility
    words = (one.short_name, one.id, KIND_WORDS[one.kind], line.feed_id or "", line.sign.word)
    return " ".join(words).casefold()


def _key(line: FacilityLine, sort: Sort) -> tuple[float | str, ...]:
    match sort:
        case Sort.ATTENTION:
            severity = line.state.severity if line.is_open else 0
            return (not line.needs_a_look, -line.held, -severity)
        case Sort.NAME:
            return ()
        case Sort.KIND:
            return (KIND_WORDS[line.facility.kind],)
        case Sort.WAIT:
            return (inf if line.wait_minutes is None else -line.wait_minutes,)
        case Sort.AGE:
            return (-inf if line.age_s is None else -line.age_s,)
        case Sort.FEED:
            return (line.feed_id or "",)
