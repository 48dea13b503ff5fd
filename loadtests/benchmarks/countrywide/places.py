"""Who is to be reached from where: hospitals, one crowded city, patients."""

import csv
import os
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadtests.benchmarks.country_edges import CountryRoads
from loadtests.benchmarks.country_land import CITIES
from routing.geo import METRES_PER_DEGREE

ROOT = Path(__file__).resolve().parents[3]
CROWD: Final = 300
"""Facilities of one city, all in reach of its patients: what one answer may have to look up."""
CROWD_CITY, CROWD_KM = CITIES["London"][:2], 18.0
_HOME_DEGREES: Final = 0.0045
"""About 500 m: how far patients live from the corner they were drawn at."""

Places = dict[str, tuple[float, float]]
"""Latitude and longitude by facility id."""


def find_hospitals() -> Path:
    """Return the path of the list of emergency departments.

    Raises:
        FileNotFoundError: it is not on this machine.
    """
    shared = Path(os.environ.get("WAITLESS_SHARED_DATA", ROOT.parent / "shared" / "data"))
    path = shared / "places" / "england_emergency_departments.csv"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: set WAITLESS_SHARED_DATA to the folder that holds places/"
        )
    return path


def load_hospitals(path: Path) -> Places:
    """Return the emergency departments of the list; other kinds of place in it are left out."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "ed"]
    return {
        f"ed-{row['ods_site_code']}": (float(row["latitude"]), float(row["longitude"]))
        for row in rows
    }


def list_city_corners(roads: CountryRoads) -> NDArray[np.intp]:
    """Return the street corners of the crowded city."""
    lat, lon = CROWD_CITY
    north = roads.lat - lat
    east = (roads.lon - lon) * np.cos(np.radians(lat))
    near = np.hypot(north, east) * METRES_PER_DEGREE < CROWD_KM * 1000
    return np.flatnonzero(near & roads.in_town & roads.joinable)


def place_crowd(roads: CountryRoads, city: NDArray[np.intp], rng: np.random.Generator) -> Places:
    """Return facilities at corners of one city."""
    corners = rng.choice(city, CROWD, replace=False).tolist()
    return {
        f"crowd-{corner}": (float(roads.lat[corner]), float(roads.lon[corner]))
        for corner in corners
    }


def draw_origins(
    roads: CountryRoads, corners: NDArray[np.intp], count: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return patients' positions, rows of (latitude, longitude): within 500 m of a corner."""
    homes = rng.choice(corners, count)
    places = np.column_stack((roads.lat[homes], roads.lon[homes]))
    return np.asarray(places + rng.uniform(-_HOME_DEGREES, _HOME_DEGREES, places.shape))
