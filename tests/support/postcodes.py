"""Made-up postcodes in the published forms: none of these rows is copied from anywhere."""

from collections.abc import Sequence
from pathlib import Path

from click.testing import CliRunner, Result

from waitless.cli import main

CODES = ("E92000001", "E19000002", "E18000008", "", "E07000106", "E05000000")
ONSPD_HEADER = ("pcd", "pcd2", "pcds", "dointr", "doterm", "osgrdind", "lat", "long", "imd")


def code_point(postcode: str, easting: object, northing: object, quality: int = 10) -> str:
    """A row of Code-Point Open: texts are quoted, figures are not."""
    codes = ",".join(f'"{code}"' for code in CODES)
    return f'"{postcode}",{quality},{easting},{northing},{codes}\r\n'


def onspd(
    rows: Sequence[tuple[str, str, object, object]], header: Sequence[str] = ONSPD_HEADER
) -> str:
    """ONSPD of rows that say postcode, month of its end, latitude and longitude."""
    lines = [",".join(header)]
    for postcode, ended, lat, lon in rows:
        seven = postcode.replace(" ", "") if len(postcode) == 8 else postcode
        lines.append(f'"{seven}","{postcode}","{postcode}","199901","{ended}",1,{lat},{lon},7')
    return "\r\n".join(lines) + "\r\n"


def build_places(source: Path, out: Path, area: str = "east-kent") -> Result:
    """`waitless places build`, as an operator types it."""
    return CliRunner().invoke(
        main, ["places", "build", str(source), "--area", area, "--out", str(out)]
    )
