"""The shipped East Kent's facilities, and parts that run for one test."""

import tomllib
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

import waitless
from waitless.area.facility import Facility, FacilityRow
from waitless.area.hours import Calendar

PACK = Path(waitless.__file__).parent / "areas" / "east_kent"


@pytest.fixture(scope="session")
def facilities() -> dict[str, Facility]:
    document = tomllib.loads((PACK / "facilities.toml").read_text(encoding="utf-8"))
    found = {}
    for table in document["facility"]:
        rest = {key: value for key, value in table.items() if key not in ("xray", "xray_hours")}
        found[rest["id"]] = Facility.from_row(msgspec.convert(rest, FacilityRow))
    return found


@pytest.fixture(scope="session")
def calendar() -> Calendar:
    return Calendar(ZoneInfo("Europe/London"))
