"""From a request's query string to a question, each parsed once.

What is kept to recognise a query string holds no position: a position is rounded to its cell
first, and query strings with a full postcode are not kept, nor those that name a departure.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from multidict import MultiMapping
from yarl import URL

from routing.modes import Mode
from waitless.answers.question import Question, Questions
from waitless.area.pack import Area
from waitless.area.postcodes import split_postcode
from waitless.cell import find_cell
from waitless.recommend.query import Query
from waitless.web.parse import PARAMETERS, parse_query, single_values

MOST_KEPT = 4096
"""Query strings that are recognised; the oldest is forgotten first."""
_DECIMAL = rb"([+-]?[0-9]{1,4}(?:\.[0-9]{0,20})?)"
_POSITION = re.compile(rb"lat=" + _DECIMAL + rb"&lon=" + _DECIMAL + rb"(?:&(.*))?")
_Parse = Callable[[], MultiMapping[str]]
_KeptAs = bytes | tuple[int, int, bytes | None]
_Read = TypeVar("_Read", Question, tuple[Question, ...])
COMPARED = tuple(name for name in PARAMETERS if name != "mode")
COMPARED_LIMIT = 3
"""Destinations of each mode, where nobody says how many."""


class Targets:
    """The questions that query strings ask of an area."""

    def __init__(self, area: Area, modes: Collection[Mode], now: Callable[[], datetime]) -> None:
        self._area = area
        self._modes = modes
        self._now = now
        self._questions = Questions(area)
        self._kept: dict[_KeptAs, Question] = {}
        self._compared: dict[_KeptAs, tuple[Question, ...]] = {}

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
            values = single_values(parsed, PARAMETERS)
            query = parse_query(values, self._area, self._modes, self._now())
            private = _names_a_position(values)
            question = self._questions.make(query, private=private)
            self._keep(self._kept, key, values, question)
        return question

    def ask(self, query: Query) -> Question:
        """The question that a query asks that was parsed elsewhere."""
        return self._questions.make(query, private=True)

    def read_every_mode(self, query_string: bytes, parse: _Parse) -> tuple[Question, ...]:
        """The questions that a query string without a mode asks, one for each that there is.

        Raises:
            RequestRefused: as `read`.
        """
        key = self._key(query_string)
        questions = None if key is None else self._compared.get(key)
        if questions is None:
            values = single_values(parse(), COMPARED)
            query = parse_query(values, self._area, self._modes, self._now(), limit=COMPARED_LIMIT)
            private = _names_a_position(values)
            questions = tuple(
                self._questions.make(replace(query, mode=mode), private=private)
                for mode in Mode
                if mode in self._modes
            )
            self._keep(self._compared, key, values, questions)
        return questions

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

    @staticmethod
    def _keep(
        kept: dict[_KeptAs, _Read], key: _KeptAs | None, values: Mapping[str, str], read: _Read
    ) -> None:
        """Remember what a query string asks, unless it holds a position or names a time."""
        if key is None or "depart_at" in values:  # which passes, or means another tomorrow
            return
        if isinstance(key, bytes) and ("place" not in values or _names_a_position(values)):
            return
        if len(kept) >= MOST_KEPT:
            del kept[next(iter(kept))]
        kept[key] = read


def _names_a_position(values: Mapping[str, str]) -> bool:
    return "lat" in values or split_postcode(values.get("place", "")) is not None


def _parse(query_string: bytes) -> MultiMapping[str]:
    text = query_string.decode("ascii")
    return URL.build(path="/", query_string=text, encoded=True).query
