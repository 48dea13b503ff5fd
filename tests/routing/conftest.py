import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from routing.modes import Mode
from routing.reach import build_reach
from routing.roads import load_roads
from routing.table import ReachTable
from tests.support.roads import compile_network

EAST_KENT = Path(__file__).parents[2] / "waitless" / "areas" / "east_kent" / "roads.geojsonl"

FACILITIES = {
    "william-harvey-ed": (51.14149, 0.91622),
    "ashford-utc": (51.14149, 0.91622),
    "qeqm-ed": (51.37805, 1.38940),
    "margate-utc": (51.37805, 1.38940),
    "medway-ed": (51.37986, 0.54208),
    "medway-utc": (51.37986, 0.54208),
    "darent-valley-ed": (51.43495, 0.25866),
    "maidstone-ed": (51.27366, 0.48399),
    "maidstone-utc": (51.27366, 0.48399),
    "tunbridge-wells-ed": (51.14845, 0.30748),
    "tunbridge-wells-utc": (51.14845, 0.30748),
    "canterbury-utc": (51.26659, 1.08710),
    "dover-utc": (51.13205, 1.29239),
    "folkestone-utc": (51.08599, 1.17191),
    "deal-utc": (51.21939, 1.38950),
    "herne-bay-utc": (51.36788, 1.14289),
    "whitstable-utc": (51.34123, 1.01304),
    "faversham-utc": (51.31467, 0.88931),
    "sevenoaks-utc": (51.28827, 0.19474),
    "gravesham-utc": (51.44318, 0.36566),
    "sheppey-miu": (51.41541, 0.79308),
    "sittingbourne-miu": (51.33460, 0.73656),
}


@pytest.fixture(scope="session")
def facilities() -> dict[str, tuple[float, float]]:
    return dict(FACILITIES)


@pytest.fixture(scope="session")
def east_kent() -> "nx.DiGraph[str]":
    """The shipped graph, loaded once: copy it before editing."""
    return load_roads(EAST_KENT)


@pytest.fixture(scope="session")
def drive_table(
    east_kent: "nx.DiGraph[str]", facilities: dict[str, tuple[float, float]]
) -> ReachTable:
    return build_reach(compile_network(east_kent, Mode.DRIVE), facilities, horizon_minutes=120)


def meta() -> dict[str, Any]:
    classes = {
        "motorway": {"speed_kmh": 100, "delay_s": 0},
        "street": {"speed_kmh": 36, "delay_s": 10},
    }
    properties = {"kind": "meta", "source": "a test", "reviewed": "2026-11", "classes": classes}
    return {"type": "Feature", "properties": properties, "geometry": None}


def junction(name: str, lat: float, lon: float) -> dict[str, Any]:
    properties = {"kind": "junction", "id": name, "name": name.title()}
    geometry = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def link(
    start: dict[str, Any], end: dict[str, Any], length_m: float, **more: object
) -> dict[str, Any]:
    properties = {
        "kind": "link",
        "from": start["properties"]["id"],
        "to": end["properties"]["id"],
        "road": "A1",
        "class": "street",
        "length_m": length_m,
        **more,
    }
    ends = [start["geometry"]["coordinates"], end["geometry"]["coordinates"]]
    geometry = {"type": "LineString", "coordinates": ends}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def small_town() -> list[dict[str, Any]]:
    """Three junctions in a row, 0.01 degrees of latitude (1,112 m) apart, and two streets."""
    south, middle, north = (junction(n, 51 + i / 100, 1) for i, n in enumerate("abc"))
    return [meta(), south, middle, north, link(south, middle, 1200), link(middle, north, 1300)]


@pytest.fixture
def town() -> list[dict[str, Any]]:
    return small_town()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Iterable[dict[str, Any]]], Path]:
    """Write features as a road file."""

    def write_features(features: Iterable[dict[str, Any]]) -> Path:
        path = tmp_path / "roads.geojsonl"
        path.write_text("".join(json.dumps(feature) + "\n" for feature in features))
        return path

    return write_features
