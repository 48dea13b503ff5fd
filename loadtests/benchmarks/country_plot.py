"""What the generated country looks like, coloured by class of road."""

from math import cos, radians
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib import figure as plotting
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from loadtests.benchmarks.country_edges import CLASS_NAMES, CountryRoads

_STYLES: Final = {
    "residential": ("#9a9a9a", 0.35),
    "unclassified": ("#c4b998", 0.35),
    "tertiary": ("#e0b030", 0.6),
    "primary": ("#2e8b57", 0.9),
    "trunk": ("#14663c", 1.3),
    "motorway_link": ("#5b7fd0", 0.7),
    "motorway": ("#2243b6", 1.6),
    "ferry": ("#00a0c0", 0.8),
}
"""Colour and width by class, lowest first: the roads of a British atlas."""

_VIEWS: Final = (
    ("Great Britain", (54.4, -2.3), 1_000.0),
    ("Manchester and Leeds, 80 km", (53.6, -1.95), 80.0),
    ("Canterbury and its country, 24 km", (51.28, 1.05), 24.0),
    ("A town, 6 km", (52.20, 0.12), 6.0),
)
"""Title, middle, and kilometres from south to north."""


def save_map(roads: CountryRoads, path: Path) -> None:
    """Save the whole country, a region, a countryside and a town."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = plotting.Figure(figsize=(16, 18), layout="constrained")
    for axes, (title, middle, tall_km) in zip(sheet.subplots(2, 2).flat, _VIEWS, strict=True):
        _draw(axes, roads, middle, tall_km)
        axes.set_title(title)
    sheet.savefig(path, dpi=110)


def _draw(axes: Axes, roads: CountryRoads, middle: tuple[float, float], tall_km: float) -> None:
    """Draw the roads of a square."""
    lat, lon = middle
    half = tall_km / 111.2 / 2
    wide = half / cos(radians(lat))
    inside = (np.abs(roads.lat - lat) < half) & (np.abs(roads.lon - lon) < wide)
    shown = inside[roads.tails] | inside[roads.heads]
    places = np.column_stack((roads.lon, roads.lat))
    for name, (colour, width) in _STYLES.items():
        edges = np.flatnonzero(shown & (roads.classes == CLASS_NAMES.index(name)))
        lines = np.stack((places[roads.tails[edges]], places[roads.heads[edges]]), axis=1)
        axes.add_collection(
            LineCollection(lines, colors=colour, linewidths=width, rasterized=True, label=name)
        )
    axes.set_xlim(lon - wide, lon + wide)
    axes.set_ylim(lat - half, lat + half)
    axes.set_aspect(1 / cos(radians(lat)))
    axes.set_xticks([])
    axes.set_yticks([])
