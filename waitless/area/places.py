"""Places people can name: outcodes and towns, and how a typed name finds one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})")
_OUTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?")
_NOT_LETTERS = re.compile(r"[^a-z0-9]+")


class PlaceRow(msgspec.Struct, forbid_unknown_fields=True):
    """One `[[place]]` as it is written."""

    kind: Literal["outcode", "town"]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    aliases: list[str] = []


@dataclass(frozen=True, slots=True)
class Place:
    """A named point. `label` says how exact it is."""

    label: str
    lat: float
    lon: float


def fold(text: str) -> str:
    """A name without case, punctuation and spacing, so that spellings meet."""
    return _NOT_LETTERS.sub(" ", text.casefold()).strip()


class Gazetteer:
    """The places of an area, found by outcode, postcode or town."""

    def __init__(self, rows: Iterable[PlaceRow]) -> None:
        self._outcodes: dict[str, Place] = {}
        self._towns: dict[str, list[Place]] = {}
        for row in rows:
            place = Place(row.name, row.lat, row.lon)
            if row.kind == "outcode":
                self._outcodes[row.name.upper()] = place
            else:
                for name in dict.fromkeys(fold(name) for name in (row.name, *row.aliases)):
                    self._towns.setdefault(name, []).append(place)

    def list_places(self) -> list[Place]:
        """Every place once, outcodes first."""
        towns = {place.label: place for places in self._towns.values() for place in places}
        return [*self._outcodes.values(), *towns.values()]

    def find(self, text: str) -> list[Place]:
        """The places a text can mean: none, one, or several to choose from.

        A full postcode is answered by its outcode, and labelled so: nothing finer is loaded.
        """
        squeezed = re.sub(r"\s+", "", text).upper()
        if _OUTCODE.fullmatch(squeezed) and squeezed in self._outcodes:
            return [self._outcodes[squeezed]]
        postcode = _POSTCODE.fullmatch(squeezed)
        if postcode is not None and postcode[1] in self._outcodes:
            outcode = self._outcodes[postcode[1]]
            return [
                Place(f"{postcode[1]} (middle of the postcode district)", outcode.lat, outcode.lon)
            ]
        return list(self._towns.get(fold(text), ()))
