"""The forms that postcodes are published in: Code-Point Open and the ONS Postcode Directory.

Code-Point Open (Ordnance Survey): CSV files without headers, ten columns: postcode, positional
quality, easting, northing (OSGB36 National Grid, m) and six codes. Quality 90 means no position
(docs.os.uk, "Code-Point Open"). ONSPD (Office for National Statistics): a CSV file with headers, of
which `pcds` (or `pcd`, `pcd7`, `pcd2`, `pcd8`), `doterm`, `lat` and `long` are read; `doterm` is
the month a postcode was ended in, and a latitude of 99.999999 means no position (its user guide).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_CODE_POINT_COLUMNS: Final = 10
_NO_POSITION: Final = "90"
_NO_LATITUDE: Final = 99.0
_MOST_LATITUDE, _MOST_LONGITUDE = 90.0, 180.0
_MOST_EASTING, _MOST_NORTHING = 700_000, 1_300_000
"""The National Grid's extent, m."""
KNOWN_FORMS: Final = (
    "the ten columns of Code-Point Open, or ONSPD's header with pcds, doterm, lat and long"
)
_POSTCODE_NAMES: Final = ("pcds", "pcd", "pcd7", "pcd2", "pcd8")


class Drop(StrEnum):
    """Why a row gives no postcode of the area."""

    OUTSIDE = "outside the area"
    TERMINATED = "no longer in use"
    NO_POSITION = "without a position"
    REPEATED = "a postcode that stood before"
    BAD_ROW = "of another number of columns"
    BAD_POSTCODE = "not a postcode"
    BAD_POSITION = "a position that is none"


Taken = tuple[str, float, float]
"""A postcode, and its easting and northing or its longitude and latitude."""


@dataclass(frozen=True, slots=True)
class Form:
    """A published form of postcodes."""

    name: str
    headed: bool
    """Whether the first line of a file names its columns."""
    grid: bool
    """Whether positions are on the National Grid, m, instead of degrees WGS84."""
    take: Callable[[Sequence[str]], Taken | Drop]
    """From a row to what it says."""


def find_form(row: Sequence[str]) -> Form | None:
    """The form that a file is in, by its first row; None where it is neither."""
    places = {name.strip().lower(): at for at, name in enumerate(row)}
    postcode = next((places[name] for name in _POSTCODE_NAMES if name in places), None)
    if postcode is not None and {"doterm", "lat", "long"} <= places.keys():
        return _describe_onspd(len(row), postcode, places["doterm"], places["lat"], places["long"])
    if len(row) == _CODE_POINT_COLUMNS:
        return Form("Code-Point Open", headed=False, grid=True, take=_take_code_point)
    return None


def _take_code_point(row: Sequence[str]) -> Taken | Drop:
    if len(row) != _CODE_POINT_COLUMNS:
        return Drop.BAD_ROW
    postcode, quality, easting, northing = row[:4]
    if quality == _NO_POSITION:
        return Drop.NO_POSITION
    try:
        x, y = int(easting), int(northing)
    except ValueError:
        return Drop.BAD_POSITION
    if x == y == 0:
        return Drop.NO_POSITION
    if not (0 <= x <= _MOST_EASTING and 0 <= y <= _MOST_NORTHING):
        return Drop.BAD_POSITION
    return postcode, x, y


def _describe_onspd(columns: int, postcode: int, ended: int, lat: int, lon: int) -> Form:
    """The form, by where its columns stand: they differ from one edition to the next."""

    def take(row: Sequence[str]) -> Taken | Drop:
        if len(row) != columns:
            return Drop.BAD_ROW
        if row[ended].strip():
            return Drop.TERMINATED
        try:
            x, y = float(row[lon]), float(row[lat])
        except ValueError:
            return Drop.BAD_POSITION
        if y > _NO_LATITUDE:
            return Drop.NO_POSITION
        if not (abs(x) <= _MOST_LONGITUDE and abs(y) <= _MOST_LATITUDE):
            return Drop.BAD_POSITION
        return row[postcode], x, y

    return Form("ONSPD", headed=True, grid=False, take=take)
