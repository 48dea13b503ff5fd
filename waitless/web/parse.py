"""From a query string to a `Query`, or a named refusal."""

import math
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from multidict import MultiMapping

from routing.modes import Mode
from waitless.area.facility import Need
from waitless.area.pack import Area
from waitless.cell import Cell, cell_of
from waitless.recommend.query import DEFAULT_LIMIT, MOST_AGE, MOST_LIMIT, Query
from waitless.web.departure import parse_departure
from waitless.web.problems import Problem, RequestRefused

PARAMETERS = ("lat", "lon", "place", "mode", "need", "age", "limit", "depart_at")
YOUR_POSITION = "your position"
_DIGITS = re.compile(r"[0-9]{1,4}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,4}(?:\.[0-9]{0,20})?")
Word = TypeVar("Word", bound=StrEnum)


def single_values(
    query: MultiMapping[str], known: Collection[str], *, strangers_pass: bool = False
) -> dict[str, str]:
    """The parameters, each once; ones left empty count as not given, as a form sends them.

    Args:
        query: as it came.
        known: the names that mean something here.
        strangers_pass: whether others are let be, as on a page that is linked to from anywhere.

    Raises:
        RequestRefused: a parameter that is not known, or stands twice.
    """
    values: dict[str, str] = {}
    for name in query:
        if name not in known:
            if strangers_pass:
                continue
            raise RequestRefused(
                Problem.UNKNOWN_PARAMETER,
                f"{name[:64]!r}; known here: {', '.join(known) or 'none'}",
                parameter=name[:64],
            )
        if len(query.getall(name)) > 1:
            raise RequestRefused(
                Problem.REPEATED_PARAMETER, f"{name} may stand once", parameter=name
            )
        if query[name].strip():
            values[name] = query[name].strip()
    return values


def parse_query(
    values: Mapping[str, str],
    area: Area,
    modes: Collection[Mode],
    now: datetime,
    *,
    limit: int = DEFAULT_LIMIT,
) -> Query:
    """A patient's question.

    Args:
        values: the parameters, as `single_values` gives them.
        area: where places are looked up, and which positions are served.
        modes: the ways of travelling that there are tables for.
        now: the time of the question: a departure must be ahead of it.
        limit: how many destinations, where the question does not say.

    Raises:
        RequestRefused: whatever cannot be understood, by name.
    """
    origin, label = _origin(values, area)
    depart_at = values.get("depart_at")
    return Query(
        origin=origin,
        label=label,
        mode=parse_mode(values.get("mode", Mode.DRIVE), modes),
        need=_word(Need, values.get("need", Need.MINOR_INJURY), Problem.UNKNOWN_NEED, "need"),
        age_years=_whole(values, "age", 0, MOST_AGE, Problem.BAD_AGE),
        limit=_whole(values, "limit", 1, MOST_LIMIT, Problem.BAD_LIMIT) or limit,
        depart_at=None
        if depart_at is None
        else parse_departure(depart_at, now, area.calendar.zone),
    )


def parse_hours(values: Mapping[str, str], default: int) -> int:
    """How many hours of history are asked for.

    Raises:
        RequestRefused: not a whole number from 1 to 168.
    """
    return _whole(values, "hours", 1, 168, Problem.BAD_HOURS) or default


def _origin(values: Mapping[str, str], area: Area) -> tuple[Cell, str]:
    positions = [name for name in ("lat", "lon") if name in values]
    if "place" in values and positions:
        raise RequestRefused(Problem.TWO_ORIGINS, "either place, or lat and lon")
    if "place" in values:
        return _named(values["place"], area)
    if len(positions) < 2:  # noqa: PLR2004 - a position has two numbers
        raise RequestRefused(
            Problem.MISSING_ORIGIN, "give place (a postcode, outcode or town), or lat and lon"
        )
    lat, lon = (_degrees(name, values[name]) for name in positions)
    if not area.bounds.contain(lat, lon):
        swapped = " They look swapped." if area.bounds.contain(lon, lat) else ""
        raise RequestRefused(
            Problem.OUTSIDE_AREA, f"{area.name} is what is served here.{swapped}", parameter="lat"
        )
    return cell_of(lat, lon), YOUR_POSITION


def _named(text: str, area: Area) -> tuple[Cell, str]:
    found = area.places.find(text)
    if not found:
        choices = area.places.list_choices(text)
        raise RequestRefused(
            Problem.UNKNOWN_PLACE,
            f"{text[:64]!r} is no postcode, outcode or town of {area.name}"
            + (f"; its first half, {choices[0]}, is known" if choices else ""),
            parameter="place",
            **({"choices": choices} if choices else {}),
        )
    if len(found) > 1:
        raise RequestRefused(
            Problem.AMBIGUOUS_PLACE,
            f"{text[:64]!r} can mean several places",
            parameter="place",
            choices=[place.label for place in found],
        )
    place = found[0]
    if not area.bounds.contain(place.lat, place.lon):
        raise RequestRefused(
            Problem.OUTSIDE_AREA, f"{place.label} is outside {area.name}", parameter="place"
        )
    return cell_of(place.lat, place.lon), place.label


def _degrees(name: str, text: str) -> float:
    if _DECIMAL.fullmatch(text) is None or not math.isfinite(float(text)):
        raise RequestRefused(
            Problem.BAD_COORDINATES, f"{name}={text[:32]!r} is not decimal degrees", parameter=name
        )
    return float(text)


def parse_mode(text: str, modes: Collection[Mode]) -> Mode:
    """The way of travelling that a word names.

    Raises:
        RequestRefused: no such way, or none of those that can be answered here.
    """
    mode = _word(Mode, text, Problem.UNKNOWN_MODE, "mode")
    if mode not in modes:
        raise RequestRefused(
            Problem.MODE_UNAVAILABLE,
            f"{mode} is not available here; there is {', '.join(sorted(modes))}",
            parameter="mode",
        )
    return mode


def _word(kind: type[Word], text: str, problem: Problem, parameter: str) -> Word:
    try:
        return kind(text)
    except ValueError:
        known = ", ".join(word.value for word in kind)
        raise RequestRefused(
            problem, f"{text[:64]!r}; known here: {known}", parameter=parameter
        ) from None


def _whole(
    values: Mapping[str, str], name: str, least: int, most: int, problem: Problem
) -> int | None:
    """A whole number within limits; None where it is not given."""
    text = values.get(name)
    if text is None:
        return None
    if _DIGITS.fullmatch(text) is None or not least <= int(text) <= most:
        raise RequestRefused(problem, f"{name}={text[:32]!r}", parameter=name)
    return int(text)
