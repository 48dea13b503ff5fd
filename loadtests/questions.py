"""What patients ask: from where, how they travel, what for. Pure, but for the files of the pack."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians
from pathlib import Path
from random import Random
from urllib.parse import urlencode

from waitless.area.pack import Area

POPULATION = Path(__file__).with_name("population.toml")
MODES = {"drive": 7, "transit": 1, "walk": 1, "cycle": 1}
"""Judgement: most come by car."""
NEEDS = {
    "minor_injury": 5,
    "wound": 3,
    "suspected_fracture": 2,
    "burn": 1,
    "bite": 1,
    "eye": 1,
    "head_injury": 1,
    "minor_illness": 3,
    "child_minor_illness": 2,
    "abdominal_pain": 1,
    "": 4,
}
"""Judgement: injuries lead in minor units; some name no need at all."""
HERE_SHARE, TOWN_SHARE = 0.3, 0.3
"""Of questions asked from a phone's own position, and with a town's name instead of a postcode."""
SPREAD_KM = 2.0
"""How far people stand from the middle of their postcode district: a standard deviation."""
KM_PER_DEGREE = 111.2


@dataclass(frozen=True, slots=True)
class _District:
    lat: float
    lon: float
    outcode: str
    towns: Sequence[str]
    """Those nearer to its middle than to any other district's."""


class Questions:
    """Draws questions; districts weigh by their population."""

    def __init__(self, area: Area, weights: Mapping[str, float]) -> None:
        """Lay the area's towns to their districts.

        Args:
            area: whose places are asked from.
            weights: by postcode district; ones that the area does not serve are left out.

        Raises:
            ValueError: the area serves none of them.
        """
        self._bounds = area.bounds
        known = {
            place.label: place
            for place in area.places.list_places()
            if area.bounds.contain(place.lat, place.lon)
        }
        middles = {name: known[name] for name in weights if name in known}
        if not middles:
            raise ValueError(f"{area.id} serves none of the districts {', '.join(weights)}")
        towns: dict[str, list[str]] = {name: [] for name in middles}
        for place in known.values():
            # A name that means several places is answered with a choice, not with waits.
            if place.label not in middles and area.places.find(place.label) == [place]:
                nearest = min(
                    middles,
                    key=lambda name: (
                        (middles[name].lat - place.lat) ** 2
                        + ((middles[name].lon - place.lon) * cos(radians(place.lat))) ** 2
                    ),
                )
                towns[nearest].append(place.label)
        self._districts = [
            _District(middle.lat, middle.lon, name, towns[name]) for name, middle in middles.items()
        ]
        self._weights = [weights[name] for name in middles]

    def draw(self, chance: Random) -> str:
        """The query string of one question."""
        (district,) = chance.choices(self._districts, self._weights)
        (mode,) = chance.choices(list(MODES), list(MODES.values()))
        (need,) = chance.choices(list(NEEDS), list(NEEDS.values()))
        where = chance.random()
        if where < HERE_SHARE:
            lat, lon = self._stand_near(district, chance)
            asked = {"lat": f"{lat:.5f}", "lon": f"{lon:.5f}"}
        elif where < HERE_SHARE + TOWN_SHARE and district.towns:
            asked = {"place": chance.choice(district.towns)}
        else:
            asked = {"place": district.outcode}
        return urlencode(asked | {"mode": mode} | ({"need": need} if need else {}))

    def _stand_near(self, district: _District, chance: Random) -> tuple[float, float]:
        """A position about a district's middle, inside the area."""
        spread = SPREAD_KM / KM_PER_DEGREE
        while True:
            lat = round(chance.gauss(district.lat, spread), 5)
            lon = round(chance.gauss(district.lon, spread / cos(radians(district.lat))), 5)
            if self._bounds.contain(lat, lon):
                return lat, lon


def load_population() -> dict[str, float]:
    """Postcode districts by their weight; the file says what it counts."""
    return tomllib.loads(POPULATION.read_text(encoding="utf-8"))
