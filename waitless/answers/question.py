"""A question: a query with all that depends on it alone, rendered once."""

from bisect import bisect_right
from dataclasses import dataclass, replace
from hashlib import blake2b

from waitless.answers.instants import render
from waitless.area.pack import Area
from waitless.recommend.advice import UNDER_FIVE, list_advice
from waitless.recommend.answer import Origin
from waitless.recommend.query import Query

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One question as it is cached: two of one `key` have the same answer."""

    query: Query
    """Its age is the least of its band."""
    lat: float
    """Of the origin's cell, degrees; it, `limit` and `mode` are the query's, at hand."""
    lon: float
    limit: int
    mode: str
    setting: str
    """Questions of one setting differ in origin and limit alone."""
    key: Key
    private: bool
    """Whether its address holds a position, which keeps it out of shared caches."""
    tag: bytes
    """Tells the question from all others."""
    opening: bytes
    """Of the answer's JSON: origin, mode, need and advice."""


class Questions:
    """Makes questions of an area."""

    def __init__(self, area: Area) -> None:
        limits = {_first_age(one.min_age_months) for one in area.facilities.values()}
        self._bands = sorted({0, 1, UNDER_FIVE, *limits})

    def make(self, query: Query, *, private: bool) -> Question:
        """The question that a query asks."""
        if query.age_years is not None:
            least = self._bands[bisect_right(self._bands, query.age_years) - 1]
            query = replace(query, age_years=least)
        origin = query.origin
        key = (
            origin.row, origin.column, query.label, query.mode, query.need, query.age_years,
            query.limit, query.depart_at, private,
        )  # fmt: skip
        about = {
            "origin": Origin(origin.lat, origin.lon, query.label),
            "depart_at": query.depart_at,
            "mode": query.mode,
            "need": query.need,
            "advice": list_advice(query.need, query.age_years),
        }
        tag = blake2b(repr(key).encode(), digest_size=6).hexdigest().encode()
        setting = f"{query.mode} {query.need} {query.age_years} {query.depart_at}"
        return Question(
            query, origin.lat, origin.lon, query.limit, query.mode.value, setting,
            key, private, tag, render(about)[1:-1],
        )  # fmt: skip


def _first_age(months: int | None) -> int:
    """The least age in whole years that a facility may see, by `suit.too_young`."""
    return 0 if months is None else max(0, -((11 - months) // 12))
