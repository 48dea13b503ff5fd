"""From a request's query string to a question, each parsed once.

What is kept to recognise a query string holds no position: a position is rounded to its cell
first, and query strings with a full postcode are not kept, nor those that name a departure.
"""

import re
from collections.abc import Callable, Collection
from datetime import datetime

from multidict import MultiMapping
from yarl import URL

from routing.modes import Mode
from waitless.answers.question import Question, Questions
from waitless.area.pack import Area
from waitless.area.postcodes import split_postcode
from waitless.cell import find_cell
from waitless.web.parse import PARAMETERS, parse_query, single_values

MOST_KEPT = 4096
"""Query strings that are recognised; the oldest is forgotten first."""
_DECIMAL = rb"([+-]?[0-9]{1,4}(?:\.[0-9]{0,20})?)"
_POSITION = re.compile(rb"lat=" + _DECIMAL + rb"&lon=" + _DECIMAL + rb"(?:&(.*))?")
_Parse = Callable[[], MultiMapping[str]]
_KeptAs = bytes | tuple[int, int, bytes | None]


class Targets:
    """The questions that query strings ask of an area."""

    def __init__(self, area: Area, modes: Collection[Mode], now: Callable[[], datetime]) -> None:
        self._area = area
        self._modes = modes
        self._now = now
        self._questions = Questions(area)
        self._kept: dict[_KeptAs, Question] = {}

    def read(self, query_string: bytes, parse: _Parse | None = None) -> Question:
        """The question that a query string asks.

        Args:
            query_string: as it came, still percent-encoded.
            parse: parses the same.

        Raises:
            RequestRefused: whatever cannot be understood, by name.
        """
        key = self._key(query_string)
        question = None if key is None else self._kept.get(key)
        if question is None:
            parsed = _parse(query_string) if parse is None else parse()
            question = self._parse(key, parsed)
        return question

    def keeps(self, query_string: bytes) -> bool:
        """Whether a query string is recognised as it stands: there is no position in it."""
        return query_string in self._kept

    def _key(self, query_string: bytes) -> _KeptAs | None:
        """What a query string is recognised by; None where its position is not served."""
        position = _POSITION.fullmatch(query_string)
        if position is None:
            return query_string
        lat, lon = float(position[1]), float(position[2])
        if not self._area.bounds.contain(lat, lon):
            return None
        return *find_cell(lat, lon), position[3]

    def _parse(self, key: _KeptAs | None, parsed: MultiMapping[str]) -> Question:
        values = single_values(parsed, PARAMETERS)
        query = parse_query(values, self._area, self._modes, self._now())
        full_postcode = split_postcode(values.get("place", "")) is not None
        question = self._questions.make(query, private="lat" in values or full_postcode)
        named = "place" in values and not full_postcode
        lasting = "depart_at" not in values  # else it means another time tomorrow, or passes
        if lasting and key is not None and (named if isinstance(key, bytes) else True):
            if len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = question
        return question


def _parse(query_string: bytes) -> MultiMapping[str]:
    text = query_string.decode("ascii")
    return URL.build(path="/", query_string=text, encoded=True).query
