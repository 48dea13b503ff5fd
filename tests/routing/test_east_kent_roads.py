"""The shipped road file: every facility is reached, water holds, and times agree with networkx."""

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.geo import crosses_any, haversine_m
from routing.modes import PACES, Mode
from routing.reach import build_reach
from routing.table import ReachTable
from tests.support.roads import compile_network, name_junctions, spread_rows

Facilities = dict[str, tuple[float, float]]

LEYSDOWN = (51.3970, 0.9230)
HARTY = (51.3650, 0.9110)
WHITSTABLE_BEACH = (51.3625, 1.0210)
SEASALTER = (51.3450, 0.9700)
SANDWICH = (51.2745, 1.3395)
SANDWICH_FLATS = (51.2990, 1.3760)

BRIDGES = {
    ("m20-j5", "m20-j6"),
    ("m2-j2", "m2-j3"),
    ("rochester-bridge-west", "rochester"),
    ("medway-tunnel-west", "gillingham-gate"),
    ("aylesford", "larkfield"),
    ("aylesford", "hermitage-north"),
    ("kingsferry-north", "kingsferry-south"),
    ("a249-sheppey-south", "ridham"),
    ("great-easthall", "kemsley-swale-way"),
    ("sandwich", "sandwich-toll-bridge"),
    ("richborough", "sandwich-ash-road"),
    ("grove-ferry", "preston"),
    ("grove-ferry", "stodmarsh"),
    ("plucks-gutter", "sarre"),
    ("plucks-gutter", "monkton"),
}


@pytest.mark.parametrize("mode", [Mode.DRIVE, Mode.WALK, Mode.CYCLE])
def test_every_facility_is_reached_from_every_junction(
    east_kent: "nx.DiGraph[str]", facilities: Facilities, mode: Mode
) -> None:
    table = build_reach(compile_network(east_kent, mode), facilities, horizon_minutes=2_000)

    assert np.isfinite(spread_rows(table)[0]).all()


def test_every_facility_sits_on_a_street_of_its_own_site(
    drive_table: ReachTable, facilities: Facilities
) -> None:
    for lat, lon in facilities.values():
        _, away_m = drive_table.frame.find_access(lat, lon, 1000)
        assert away_m[0] < 50


@pytest.mark.parametrize("mode", [Mode.DRIVE, Mode.WALK])
def test_the_table_agrees_with_a_search_by_networkx(
    east_kent: "nx.DiGraph[str]", facilities: Facilities, mode: Mode
) -> None:
    network = compile_network(east_kent, mode)
    tenths, metres, live = spread_rows(build_reach(network, facilities, horizon_minutes=2_000))
    names = name_junctions(east_kent, network)
    graph = _weigh(east_kent, mode)
    for column, (lat, lon) in enumerate(facilities.values()):
        nearest, away_m = network.frame.find_access(lat, lon, 1000)
        leg_s = away_m[0] * network.frame.access_s_per_m + PACES[mode].arrival_s
        target = names[nearest[0]]
        times_s, ways = nx.single_source_dijkstra(graph.reverse(copy=False), target, weight="s")
        expected = [(times_s[node] + leg_s) / 6 for node in names]
        assert np.abs(tenths[:, column] - np.array(expected)).max() <= 0.5 + 1e-4
        lengths_m = [
            sum(graph.edges[b, a]["length_m"] for a, b in pairwise(ways[node])) for node in names
        ]
        leg_m = away_m[0] * PACES[mode].access_detour
        assert np.abs(metres[:, column] - np.array(lengths_m) - leg_m).max() < 5.1
    assert not live.any()


def _weigh(graph: "nx.DiGraph[str]", mode: Mode) -> "nx.DiGraph[str]":
    """Copy a graph with seconds `s` for a mode, by a way of its own."""
    weighed: nx.DiGraph[str] = nx.DiGraph()
    for start, end, edge in graph.edges(data=True):
        if mode is Mode.DRIVE:
            weighed.add_edge(start, end, s=edge["travel_time_s"], length_m=edge["length_m"])
        elif edge["road_class"] != "motorway" and not edge["motor_only"]:
            seconds = edge["length_m"] / (4800 / 3600)
            for pair in [(start, end), (end, start)]:
                weighed.add_edge(*pair, s=seconds, length_m=edge["length_m"])
    return weighed


def test_only_the_known_bridges_and_tunnels_cross_water(
    east_kent: "nx.DiGraph[str]",
) -> None:
    network = compile_network(east_kent, Mode.DRIVE)
    point = dict(zip(name_junctions(east_kent, network), network.points_m, strict=True))
    crossing = {
        frozenset((start, end))
        for start, end in east_kent.edges
        if crosses_any(tuple(point[start]), point[end][np.newaxis], network.barriers_m)[0]
    }

    assert crossing == {frozenset(pair) for pair in BRIDGES}


@pytest.mark.parametrize("origin", [LEYSDOWN, HARTY])
def test_the_isle_of_sheppey_is_left_by_its_two_bridges(
    east_kent: "nx.DiGraph[str]",
    drive_table: ReachTable,
    facilities: Facilities,
    origin: tuple[float, float],
) -> None:
    whitstable = list(facilities).index("whitstable-utc")
    journey = drive_table.travel_from(*origin)
    straight_m = haversine_m(*origin, *facilities["whitstable-utc"])
    assert straight_m < 10_000
    assert journey.distance_m[whitstable] > 40_000

    graph = east_kent.copy()
    for bridge in [("ridham", "a249-sheppey-south"), ("kingsferry-south", "kingsferry-north")]:
        graph.remove_edges_from([bridge, bridge[::-1]])
    cut_off = build_reach(compile_network(graph, Mode.DRIVE), facilities).travel_from(*origin)

    reached = {name for name, m in zip(facilities, cut_off.minutes, strict=True) if np.isfinite(m)}
    assert reached == {"sheppey-miu"}


@pytest.mark.parametrize("origin", [WHITSTABLE_BEACH, SEASALTER])
def test_nobody_swims_from_whitstable_to_sheppey(
    drive_table: ReachTable, facilities: Facilities, origin: tuple[float, float]
) -> None:
    sheppey = list(facilities).index("sheppey-miu")

    assert drive_table.travel_from(*origin).distance_m[sheppey] > 33_000


def test_pegwell_bay_is_rounded_by_road_and_not_across_the_mouth_of_the_stour(
    drive_table: ReachTable, facilities: Facilities
) -> None:
    qeqm = list(facilities).index("qeqm-ed")
    straight_to_ramsgate_m = haversine_m(*SANDWICH_FLATS, 51.3290, 1.4000)
    assert straight_to_ramsgate_m < 4_000

    from_the_flats_m = drive_table.travel_from(*SANDWICH_FLATS).distance_m[qeqm]
    from_the_town_m = drive_table.travel_from(*SANDWICH).distance_m[qeqm]

    assert from_the_flats_m > from_the_town_m > 14_000


@pytest.mark.parametrize("origin", [(51.463, 0.36), (51.54, 0.71), (51.5, -0.12)])
def test_the_thames_is_not_crossed_either(
    drive_table: ReachTable, origin: tuple[float, float]
) -> None:
    assert np.isinf(drive_table.travel_from(*origin).minutes).all()


def test_closing_a_road_lengthens_the_way(
    east_kent: "nx.DiGraph[str]", drive_table: ReachTable, facilities: Facilities
) -> None:
    faversham = (51.3160, 0.8930)
    canterbury = list(facilities).index("canterbury-utc")
    usual = drive_table.travel_from(*faversham).minutes[canterbury]
    graph = east_kent.copy()
    graph.remove_edge("m2-j7", "a2-dunkirk")

    closed = build_reach(compile_network(graph, Mode.DRIVE), facilities)

    assert closed.travel_from(*faversham).minutes[canterbury] > usual
    assert closed.table_version != drive_table.table_version


def test_the_wincheap_slips_do_not_serve_traffic_from_london(east_kent: "nx.DiGraph[str]") -> None:
    assert not east_kent.has_edge("a2-harbledown", "a2-wincheap")
    assert east_kent.has_edge("a2-wincheap", "a2-harbledown")


_ANYWHERE = st.tuples(st.floats(50.8, 51.6), st.floats(-0.1, 1.6))


@settings(deadline=None)
@given(origin=_ANYWHERE)
def test_journeys_are_never_negative_and_never_shorter_than_the_straight_line(
    drive_table: ReachTable, facilities: Facilities, origin: tuple[float, float]
) -> None:
    journey = drive_table.travel_from(*origin)

    assert (journey.minutes >= PACES[Mode.DRIVE].arrival_s / 60 - 0.1).all()
    assert (np.isinf(journey.minutes) == np.isinf(journey.distance_m)).all()
    straight_m = [haversine_m(*origin, *place) for place in facilities.values()]
    assert (journey.distance_m >= np.array(straight_m) * 0.98 - 200).all()


@settings(deadline=None)
@given(origin=st.sampled_from(sorted({"deal", "whitstable", "ashford-station", "ramsgate", "rye"})))
def test_a_journey_is_no_longer_than_one_by_way_of_another_junction(
    east_kent: "nx.DiGraph[str]", drive_table: ReachTable, origin: str
) -> None:
    names = name_junctions(east_kent, compile_network(east_kent, Mode.DRIVE))
    tenths, _, _ = spread_rows(drive_table)
    for neighbour, edge in east_kent.adj[origin].items():
        detour = tenths[names.index(neighbour)] + edge["travel_time_s"] / 6
        assert (tenths[names.index(origin)] <= detour + 1).all()


def test_without_one_way_roads_there_and_back_take_the_same(
    east_kent: "nx.DiGraph[str]",
) -> None:
    graph = east_kent.copy()
    graph.remove_edges_from([(a, b) for a, b in east_kent.edges if not graph.has_edge(b, a)])
    network = compile_network(graph, Mode.DRIVE)
    ends = {
        name: (graph.nodes[name]["lat"], graph.nodes[name]["lon"])
        for name in ("deal", "whitstable", "ashford-station", "ramsgate", "maidstone")
    }
    tenths, _, _ = spread_rows(build_reach(network, ends, horizon_minutes=120))
    names = name_junctions(graph, network)

    minutes = tenths[[names.index(name) for name in ends]]

    assert np.abs(minutes - minutes.T).max() <= 1
