"""Tables of random roads against searches by networkx."""

from itertools import pairwise
from math import isinf

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from routing.conditions import Conditions, ConditionsFault
from routing.modes import PACES, Mode
from routing.network import Network, NetworkFault, join_arrays
from routing.reach import build_reach, build_table, renew
from routing.table import LONGEST_TENTHS, ReachTable
from routing.targets import find_targets
from tests.support.roads import compile_network, name_junctions, spell_links, spread_rows

ARRIVAL_S = PACES[Mode.DRIVE].arrival_s
ROUNDING_S = 1e-6
"""A place at a junction may be put some nanometres beside it."""

_TIME_S = st.one_of(
    st.sampled_from([6.0, 12.0, 60.0, 300.0]),  # ties
    st.floats(0.5, 900, width=32),
)
_EDGE = st.tuples(st.integers(0, 11), st.integers(0, 11), _TIME_S, st.integers(1, 40))


@st.composite
def roads(draw: st.DrawFn) -> "nx.DiGraph[str]":
    """Up to 12 junctions some 100 m apart, links of any time between any two of them."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    count = draw(st.integers(1, 12))
    for number in range(count):
        row, column = divmod(number, 4)
        graph.add_node(f"j{number}", lat=51 + row / 1000, lon=1 + column / 1000, name="J")
    for start, end, time_s, length in draw(st.lists(_EDGE, max_size=40)):
        if start != end and max(start, end) < count:
            graph.add_edge(
                f"j{start}",
                f"j{end}",
                road="A1",
                road_class="street",
                length_m=length * 50.0,
                travel_time_s=time_s,
            )
    return graph


def at_every_junction(graph: "nx.DiGraph[str]") -> dict[str, tuple[float, float]]:
    return {name: (node["lat"], node["lon"]) for name, node in graph.nodes(data=True)}


_CHANGE = st.one_of(
    st.just(None),
    st.tuples(st.sampled_from([np.inf, 0.1, 0.5, 0.99, 1.0, 1.01, 2.0, 10.0]), st.booleans()),
)


def draw_conditions(data: st.DataObject, network: Network) -> Conditions:
    """Some edges closed, slowed, sped up or merely told of live."""
    times_s = np.full(network.edge_count, 60.0)
    times_s[network.source] = network.usual_s
    live = np.zeros(network.edge_count, dtype=np.bool_)
    for edge in range(network.edge_count):
        if change := data.draw(_CHANGE):
            times_s[edge] *= change[0]
            live[edge] = change[1]
    return network.conditions(times_s, live)


@settings(deadline=None)
@given(graph=roads(), data=st.data(), horizon=st.sampled_from([5.5, 12.0, 30.0, 6000.0]))
def test_minutes_metres_and_the_live_flag_are_those_of_a_plain_search(
    graph: "nx.DiGraph[str]", data: st.DataObject, horizon: float
) -> None:
    network = compile_network(graph, Mode.DRIVE)
    now = draw_conditions(data, network)
    facilities = at_every_junction(graph)
    table = build_table(network, find_targets(network, facilities), now, horizon)
    tenths, metres, live = spread_rows(table)
    open_now = weigh(graph, network, now)
    for column, target in enumerate(facilities):
        expected = search_plainly(open_now, target)
        for row, name in enumerate(name_junctions(graph, network)):
            cost = expected.get(name)
            if cost and abs(cost[0] + ARRIVAL_S - horizon * 60) < ROUNDING_S:
                continue  # on the horizon itself either will do
            if cost is None or cost[0] + ARRIVAL_S > horizon * 60:
                assert isinf(tenths[row, column])
                assert isinf(metres[row, column])
                continue
            time_s, length_m, touched = cost
            assert abs(tenths[row, column] * 6 - time_s - ARRIVAL_S) <= 3 + ROUNDING_S
            assert metres[row, column] == pytest.approx(length_m, abs=5.001)
            assert live[row, column] == bool(touched)


def weigh(graph: "nx.DiGraph[str]", network: Network, now: Conditions) -> "nx.DiGraph[str]":
    """The links open now, turned round, each with seconds, metres and whether it is live."""
    weighed: nx.DiGraph[str] = nx.DiGraph()
    weighed.add_nodes_from(graph)
    by_link = zip(
        spell_links(graph, network).items(), now.times_s.tolist(), now.live.tolist(), strict=True
    )
    for ((tail, head), (_, length_m)), time_s, live in by_link:
        if not isinf(time_s):
            weighed.add_edge(head, tail, cost=(time_s, length_m, int(live)))
    return weighed


def search_plainly(graph: "nx.DiGraph[str]", target: str) -> dict[str, tuple[float, float, int]]:
    """The fastest way to a junction, then the shortest, then one that no live figure touched."""
    return {
        name: min(
            cost_of(graph, path)
            for path in nx.all_shortest_paths(graph, target, name, weight=seconds_of)
        )
        for name in nx.descendants(graph, target) | {target}
    }


def seconds_of(_start: str, _end: str, edge: dict[str, tuple[float, float, int]]) -> float:
    return edge["cost"][0]


def cost_of(graph: "nx.DiGraph[str]", path: list[str]) -> tuple[float, float, int]:
    costs = [graph.edges[pair]["cost"] for pair in pairwise(path)]
    return (
        sum(cost[0] for cost in costs),
        sum(cost[1] for cost in costs),
        max((cost[2] for cost in costs), default=0),
    )


@settings(deadline=None, max_examples=300)
@given(graph=roads(), data=st.data(), horizon=st.sampled_from([5.5, 12.0, 30.0, 6000.0]))
def test_a_renewed_table_is_the_one_built_afresh(
    graph: "nx.DiGraph[str]", data: st.DataObject, horizon: float
) -> None:
    network = compile_network(graph, Mode.DRIVE)
    targets = find_targets(network, at_every_junction(graph))
    moments = [network.usual_conditions()] + [draw_conditions(data, network) for _ in range(3)]
    table = build_table(network, targets, moments[0], horizon)
    for before, after in pairwise(moments):
        table, affected = renew(table, network, targets, before, after)
        afresh = build_table(network, targets, after, horizon)
        assert_same(table, afresh)
        assert len(set(affected.tolist())) == len(affected)


def assert_same(table: ReachTable, other: ReachTable) -> None:
    assert table.table_version == other.table_version
    for mine, theirs in zip(table.rows, other.rows, strict=True):
        assert mine.tolist() == theirs.tolist()


def row_of_towns(count: int) -> tuple[Network, dict[str, tuple[float, float]]]:
    """Junctions 1 km apart in a row, a minute from one to the next, a place at both ends."""
    numbers = np.arange(count)
    lat = 51 + numbers / 111.195
    network = join_arrays(
        Mode.DRIVE,
        lat=lat,
        lon=np.ones(count),
        joinable=numbers,
        starts=np.concatenate([numbers[:-1], numbers[1:]]),
        ends=np.concatenate([numbers[1:], numbers[:-1]]),
        travel=np.tile([60.0, 1000.0], (2 * count - 2, 1)),
    )
    return network, {"south": (float(lat[0]), 1.0), "north": (float(lat[-1]), 1.0)}


def test_only_what_a_change_can_affect_is_searched_again() -> None:
    network, places = row_of_towns(60)
    targets = find_targets(network, places)
    usual = network.usual_conditions()
    table = build_table(network, targets, usual, 20)
    times_s = np.full(network.edge_count, 60.0)
    times_s[59 + 3] = 90.0  # southbound, near the southern end
    slower = network.conditions(times_s, times_s > 60)

    renewed, affected = renew(table, network, targets, usual, slower)

    assert affected.tolist() == [0]
    assert renewed.travel_from(*places["north"]).minutes.tolist() == pytest.approx([np.inf, 5])


def test_a_table_of_other_conditions_is_not_renewed() -> None:
    network, places = row_of_towns(4)
    targets = find_targets(network, places)
    usual = network.usual_conditions()
    times_s = np.full(network.edge_count, 70.0)
    now = network.conditions(times_s, np.ones(network.edge_count, dtype=np.bool_))
    table = build_table(network, targets, usual, 20)

    with pytest.raises(ValueError, match="conditions"):
        renew(table, network, targets, now, usual)


def test_no_entry_is_kept_beyond_the_horizon() -> None:
    network, places = row_of_towns(60)
    table = build_reach(network, places, horizon_minutes=15)

    assert table.travel_from(51 + 10 / 111.195, 1.0).minutes.tolist() == [15, np.inf]
    assert table.travel_from(51 + 30 / 111.195, 1.0).minutes.tolist() == [np.inf, np.inf]
    assert len(table.rows.tenths) == 22
    within = table.travel_from_within(51 + 56 / 111.195, 1.0)
    assert within.facility.tolist() == [1]
    assert within.minutes.tolist() == [8]
    assert within.distance_m.tolist() == [3000]
    assert within.live.tolist() == [False]


@pytest.mark.parametrize("minutes", [0, -5, float("nan"), float("inf"), LONGEST_TENTHS / 10 + 1])
def test_a_horizon_that_no_table_can_have_is_refused(minutes: float) -> None:
    network, places = row_of_towns(4)

    with pytest.raises(ValueError, match="horizon"):
        build_reach(network, places, horizon_minutes=minutes)


def test_a_way_longer_than_a_table_can_tell_is_told_as_long_as_it_can() -> None:
    network = join_arrays(
        Mode.DRIVE,
        lat=np.array([51.0, 52.0]),
        lon=np.array([1.0, 1.0]),
        joinable=np.arange(2),
        starts=np.array([0]),
        ends=np.array([1]),
        travel=np.array([[60.0, 2e6]]),
    )

    reach = build_reach(network, {"north": (52.0, 1.0)}).travel_from(51.0, 1.0)

    assert reach.distance_m.tolist() == [655_350]
    assert reach.minutes.tolist() == [6]


@pytest.mark.parametrize("time_s", [0.0, -1.0, float("nan"), -float("inf"), 1e-60])
def test_an_impossible_time_is_refused_with_its_edge(time_s: float) -> None:
    network, _ = row_of_towns(4)
    times_s = np.full(network.edge_count, 60.0)
    times_s[4] = time_s

    with pytest.raises(ConditionsFault, match="edge 4"):
        network.conditions(times_s, np.zeros(network.edge_count, dtype=np.bool_))


@pytest.mark.parametrize("shape", [(5,), (7,), (6, 1), ()])
def test_figures_for_other_edges_are_refused(shape: tuple[int, ...]) -> None:
    network, _ = row_of_towns(4)
    right: NDArray[np.float64] = np.full(6, 60.0)

    with pytest.raises(ConditionsFault, match="times by 6 edges"):
        network.conditions(np.full(shape, 60.0), right > 90)
    with pytest.raises(ConditionsFault, match="live flags by 6 edges"):
        network.conditions(right, np.zeros(shape, dtype=np.bool_))


@pytest.mark.parametrize("travel", [(0.0, 100.0), (60.0, -1.0), (np.inf, 1.0), (60.0, np.nan)])
def test_a_link_without_a_time_and_a_length_is_refused(travel: tuple[float, float]) -> None:
    with pytest.raises(NetworkFault, match="time and a length"):
        join_arrays(
            Mode.DRIVE,
            lat=np.array([51.0, 51.1]),
            lon=np.array([1.0, 1.0]),
            joinable=np.arange(2),
            starts=np.array([0]),
            ends=np.array([1]),
            travel=np.array([travel]),
        )
