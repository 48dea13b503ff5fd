"""Places people can name: outcodes and towns, and how a typed name finds one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal
from unicodedata import normalize

import msgspec

from waitless.area.postcodes import Postcodes, split_postcode, squeeze

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
    """A name without case, accents, punctuation and spacing, so that spellings meet."""
    return _NOT_LETTERS.sub("", normalize("NFKD", text).casefold())


class Gazetteer:
    """The places of an area, found by outcode, postcode or town."""

    def __init__(self, rows: Iterable[PlaceRow], postcodes: Postcodes | None = None) -> None:
        self.postcodes = postcodes
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
        """Every place once, outcodes first; no full postcodes."""
        towns = {place.label: place for places in self._towns.values() for place in places}
        return [*self._outcodes.values(), *towns.values()]

    def find(self, text: str) -> list[Place]:
        """The places a text can mean: none, one, or several to choose from.

        A full postcode is answered by its own point where those of its outcode are loaded, else by
        its outcode's. The label says which, and never has the postcode: labels are kept.
        """
        outcode = self._outcodes.get(squeeze(text))
        if outcode is not None:
            return [outcode]
        postcode = split_postcode(text)
        if postcode is not None:
            return self._find_postcode(*postcode)
        return list(self._towns.get(fold(text), ()))

    def list_choices(self, text: str) -> list[str]:
        """What may be asked for instead of a text that is not found: a postcode's outcode."""
        postcode = split_postcode(text)
        return [] if postcode is None or postcode[0] not in self._outcodes else [postcode[0]]

    def _find_postcode(self, outcode: str, inward: str) -> list[Place]:
        if self.postcodes is not None and self.postcodes.has_outcode(outcode):
            point = self.postcodes.find(outcode, inward)
            return [] if point is None else [Place(f"{outcode} (your postcode)", *point)]
        middle = self._outcodes.get(outcode)
        if middle is None:
            return []
        return [Place(f"{outcode} (middle of the postcode district)", middle.lat, middle.lon)]
