"""Full postcodes: how a typed one is understood, and where those of an area are."""

import re
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from waitless.area.bounds import Bounds

STEPS: Final = 100_000
"""Positions are kept in steps of so much of a degree: about 1 m."""
_INWARD_BITS: Final = 24
_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})")
_NOT_IN_CODES = re.compile(r"[\W_]+")


def squeeze(text: str) -> str:
    """A code in capitals, without spacing and punctuation."""
    return _NOT_IN_CODES.sub("", text).upper()


def split_postcode(text: str) -> tuple[str, str] | None:
    """The outcode and the inward code of a full postcode, however spaced; None where it is none."""
    match = _POSTCODE.fullmatch(squeeze(text))
    return None if match is None else (match[1], match[2])


def key_of(outcode: str, inward: str) -> int:
    """A postcode as a number of 56 bits; those of one outcode are neighbours."""
    return int.from_bytes(f"{outcode:<4}{inward}".encode("ascii"), "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Postcodes:
    """The full postcodes of an area, 16 bytes each."""

    source: str
    """The data that they are from."""
    bounds: Bounds
    """All of the source that lies in this box is here."""
    keys: NDArray[np.uint64]
    """`key_of` each, ascending."""
    lat: NDArray[np.int32]
    """Degrees WGS84 times `STEPS`; so is `lon`."""
    lon: NDArray[np.int32]

    @classmethod
    def lay_out(
        cls,
        source: str,
        bounds: Bounds,
        keys: NDArray[np.uint64],
        lat: NDArray[np.float64],
        lon: NDArray[np.float64],
    ) -> Self:
        """From columns in any order, degrees; of a postcode that stands twice the first counts."""
        kept, first = np.unique(keys, return_index=True)
        return cls(
            source=source,
            bounds=bounds,
            keys=kept,
            lat=np.rint(lat[first] * STEPS).astype(np.int32),
            lon=np.rint(lon[first] * STEPS).astype(np.int32),
        )

    def find(self, outcode: str, inward: str) -> tuple[float, float] | None:
        """Latitude and longitude of a postcode, degrees; None where it is not known."""
        key = key_of(outcode, inward)
        at = self._first_from(key)
        if at == len(self.keys) or self.keys[at] != key:
            return None
        return int(self.lat[at]) / STEPS, int(self.lon[at]) / STEPS

    def has_outcode(self, outcode: str) -> bool:
        """Whether any postcode of an outcode is known."""
        key = key_of(outcode, "\0\0\0")
        at = self._first_from(key)
        return at < len(self.keys) and int(self.keys[at]) >> _INWARD_BITS == key >> _INWARD_BITS

    def _first_from(self, key: int) -> int:
        return int(np.searchsorted(self.keys, np.uint64(key)))
