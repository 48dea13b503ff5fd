"""The generated country of the benchmarks: is it a road network, and is it this country?"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from loadtests.benchmarks.country_edges import (
    CLASS_NAMES,
    FERRY,
    LINK,
    MOTORWAY,
    RESIDENTIAL,
    CountryRoads,
)
from loadtests.benchmarks.country_land import CITIES, to_degrees, to_plane
from loadtests.benchmarks.country_net import pick_tree, thin_triangles
from loadtests.benchmarks.country_roads import FEWEST_JUNCTIONS, STAGES, generate_country
from loadtests.benchmarks.countrywide.changes import (
    CHANGED,
    Change,
    draw_clustered,
    draw_scattered,
)
from loadtests.benchmarks.countrywide.places import (
    CROWD,
    draw_origins,
    list_city_corners,
    load_hospitals,
    place_crowd,
)
from routing.modes import Mode
from routing.roadfile import read_road_file, save_road_file
from routing.targets import find_targets

JUNCTIONS = 20_000


@pytest.fixture(scope="module")
def hospitals(shared_data: Path) -> dict[str, tuple[float, float]]:
    return load_hospitals(shared_data / "places" / "england_emergency_departments.csv")


def generate(hospitals: dict[str, tuple[float, float]], seed: int) -> CountryRoads:
    places = np.array(list(hospitals.values()))
    return generate_country(JUNCTIONS, places, np.random.default_rng(seed))


@pytest.fixture(scope="module", params=[1, 2])
def country(
    request: pytest.FixtureRequest, hospitals: dict[str, tuple[float, float]]
) -> CountryRoads:
    return generate(hospitals, request.param)


def graph_of(roads: CountryRoads, chosen: np.ndarray | None = None) -> csr_array:
    edges = np.arange(len(roads.tails)) if chosen is None else np.flatnonzero(chosen)
    shape = (len(roads.lat), len(roads.lat))
    return csr_array((roads.time_s[edges], (roads.tails[edges], roads.heads[edges])), shape=shape)


def nearest(roads: CountryRoads, lat: float, lon: float) -> int:
    away = np.hypot(roads.lat - lat, (roads.lon - lon) * np.cos(np.radians(lat)))
    return int(np.where(roads.joinable, away, np.inf).argmin())


def one_way(roads: CountryRoads) -> np.ndarray:
    count = len(roads.lat)
    there = roads.tails.astype(np.int64) * count + roads.heads
    back = roads.heads.astype(np.int64) * count + roads.tails
    return ~np.isin(back, there)


def test_the_country_has_the_junctions_asked_for_and_few_more(country: CountryRoads) -> None:
    assert JUNCTIONS <= len(country.lat) <= 1.02 * JUNCTIONS


def test_every_junction_can_be_reached_from_every_other(country: CountryRoads) -> None:
    parts, _ = connected_components(graph_of(country), directed=True, connection="strong")

    assert parts == 1


def test_junctions_have_as_many_edges_as_in_real_countries(country: CountryRoads) -> None:
    assert 2.3 <= len(country.tails) / len(country.lat) <= 2.65


def test_about_a_twelfth_of_roads_or_what_motorways_take_is_one_way(country: CountryRoads) -> None:
    single = one_way(country)
    roads = single.sum() + (~single).sum() / 2

    assert 0.06 <= single.sum() / roads <= 0.15
    assert set(country.classes[single].tolist()) <= {MOTORWAY, LINK, RESIDENTIAL}


def test_no_edge_is_there_twice_or_leads_to_its_own_start(country: CountryRoads) -> None:
    pairs = country.tails.astype(np.int64) * len(country.lat) + country.heads

    assert (np.diff(pairs) > 0).all()
    assert (country.tails != country.heads).all()


def test_every_class_of_road_is_driven_at_a_plausible_speed(country: CountryRoads) -> None:
    kmh = country.length_m / country.time_s * 3.6

    assert set(country.classes.tolist()) == set(range(len(CLASS_NAMES)))
    assert (kmh <= 70 * 1.61).all()
    by_class = [np.median(kmh[country.classes == road_class]) for road_class in range(FERRY)]
    motorway, _, trunk, primary, tertiary, residential, unclassified = by_class
    assert motorway > trunk > primary > tertiary > unclassified > residential > 20


def test_motorways_are_joined_at_exits_some_kilometres_apart(country: CountryRoads) -> None:
    stretches_m = country.length_m[(country.classes == MOTORWAY) & (country.length_m > 500)]

    assert 6_000 <= np.median(stretches_m) <= 10_000
    assert not country.joinable[country.tails[country.classes == MOTORWAY]].any()


@pytest.mark.parametrize(
    ("start", "end", "known_minutes"),
    [
        ("London", "Birmingham", 130),
        ("London", "Bristol", 145),
        ("London", "Norwich", 150),
        ("London", "Southampton", 105),
        ("London", "Edinburgh", 450),
        ("Birmingham", "Manchester", 105),
        ("Manchester", "Leeds", 70),
        ("Newcastle", "Leeds", 110),
        ("Bristol", "Exeter", 90),
        ("Cardiff", "Bristol", 60),
        ("Edinburgh", "Glasgow", 65),
        ("Inverness", "Perth", 135),
    ],
)
def test_drives_between_cities_take_about_as_long_as_known(
    country: CountryRoads, start: str, end: str, known_minutes: float
) -> None:
    times_s = dijkstra(graph_of(country), indices=nearest(country, *CITIES[start][:2]))

    minutes = times_s[nearest(country, *CITIES[end][:2])] / 60
    assert 0.7 <= minutes / known_minutes <= 1.5


def test_large_cities_have_more_junctions_than_small_ones(country: CountryRoads) -> None:
    def count_near(city: str) -> int:
        lat, lon, _ = CITIES[city]
        away = np.hypot(country.lat - lat, (country.lon - lon) * np.cos(np.radians(lat)))
        return int((away < 0.2).sum())

    assert count_near("London") > 1.5 * count_near("Birmingham") > 3 * count_near("Norwich")


def test_no_junction_lies_in_the_bristol_channel_or_the_irish_sea(country: CountryRoads) -> None:
    channel = (np.abs(country.lat - 51.33) < 0.04) & (np.abs(country.lon + 3.75) < 0.25)
    irish_sea = (np.abs(country.lat - 53.8) < 0.3) & (np.abs(country.lon + 4.2) < 0.7)

    assert not (channel | irish_sea).any()


def test_the_isle_of_wight_is_reached_by_ferry_alone(country: CountryRoads) -> None:
    island, london = nearest(country, 50.70, -1.30), nearest(country, 51.5, -0.1)
    _, parts = connected_components(graph_of(country, country.classes != FERRY), directed=False)

    assert parts[island] != parts[london]
    assert (parts == parts[island]).sum() >= 10


def test_every_hospital_stands_on_the_network(
    country: CountryRoads, hospitals: dict[str, tuple[float, float]]
) -> None:
    assert len(hospitals) == 180
    targets = find_targets(country.compile(), hospitals)
    assert targets.facility_ids == tuple(hospitals)


def test_the_compiled_network_knows_its_links_by_the_roads_edges(country: CountryRoads) -> None:
    network = country.compile()

    assert network.usual_s == pytest.approx(country.time_s[network.source], rel=1e-6)


def test_a_built_road_file_holds_the_same_roads(country: CountryRoads, tmp_path: Path) -> None:
    save_road_file(country.to_roads(), tmp_path / "country.roads")

    network = read_road_file(tmp_path / "country.roads").compile(Mode.DRIVE)

    assert network.usual_s == pytest.approx(country.time_s[network.source], rel=1e-6)
    assert network.points_m == pytest.approx(country.compile().points_m)


def test_places_by_people_are_distinct_corners_of_towns(country: CountryRoads) -> None:
    places = country.place_by_people(300, np.random.default_rng(3))

    corners = set(zip(country.lat[country.in_town], country.lon[country.in_town], strict=True))
    assert len(set(places)) == 300
    assert set(places) <= corners


def test_the_same_seed_gives_the_same_roads_and_another_seed_others(
    hospitals: dict[str, tuple[float, float]],
) -> None:
    first, again, other = (generate(hospitals, seed) for seed in (5, 5, 6))

    assert first.time_s.tobytes() == again.time_s.tobytes()
    assert first.lat.tobytes() == again.lat.tobytes()
    assert first.lat.tobytes() != other.lat.tobytes()


def test_every_stage_is_reported_as_it_begins(
    hospitals: dict[str, tuple[float, float]],
) -> None:
    told: list[str] = []
    places = np.array(list(hospitals.values()))
    generate_country(JUNCTIONS, places, np.random.default_rng(1), told.append)

    assert tuple(told) == STAGES


def test_fewer_junctions_than_main_roads_have_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        generate_country(FEWEST_JUNCTIONS - 1, np.empty((0, 2)), np.random.default_rng(1))


def test_projecting_there_and_back_gives_the_same_degrees() -> None:
    degrees = np.array([(50.0, -5.7), (58.6, -3.0), (51.4, 1.4)])

    assert to_degrees(to_plane(degrees)) == pytest.approx(degrees)


def test_thinned_triangles_keep_points_connected_and_their_tree_as_well() -> None:
    points_m = np.random.default_rng(1).random((400, 2))
    pairs = thin_triangles(points_m)
    tree = pairs[pick_tree(points_m, pairs)]

    graph = csr_array((np.ones(len(tree)), tuple(tree.T)), shape=(400, 400))
    assert 1.2 * 400 < len(pairs) < 2 * 400
    assert len(tree) == 399
    assert connected_components(graph, directed=False)[0] == 1


def test_of_a_thinned_triangle_the_longest_side_goes_unless_it_saves_a_detour() -> None:
    corners_m = np.array([(0.0, 0.0), (3.0, 0.0), (0.0, 4.0)])

    assert sorted(thin_triangles(corners_m).tolist()) == [[0, 1], [0, 2]]
    assert len(thin_triangles(corners_m, worth=0.8)) == 3
    assert len(thin_triangles(corners_m, worth=0.7)) == 2


@pytest.mark.parametrize("draw", [draw_scattered, draw_clustered])
def test_a_change_closes_some_edges_speeds_some_up_and_slows_the_others_down(
    country: CountryRoads, draw: Callable[[CountryRoads, np.random.Generator], Change]
) -> None:
    change = draw(country, np.random.default_rng(4))

    factors = change.times_s / country.time_s[change.edges]
    closed, faster = np.isinf(factors), factors < 1
    assert len(set(change.edges.tolist())) == CHANGED
    assert 0.05 < closed.mean() < 0.15
    assert 0.2 < faster.mean() < 0.4
    assert ((factors > 1.1) | faster).all()


def test_a_clustered_change_is_round_one_place_and_a_scattered_one_all_over(
    country: CountryRoads,
) -> None:
    def spread(change: Change) -> float:
        return float(np.std(country.lat[country.tails[change.edges]]))

    rng = np.random.default_rng(4)
    assert spread(draw_clustered(country, rng)) < 0.5 < spread(draw_scattered(country, rng))


def test_patients_live_near_the_corners_they_are_drawn_at(country: CountryRoads) -> None:
    city = list_city_corners(country)
    patients = draw_origins(country, city, 50, np.random.default_rng(4))

    away = np.hypot(*(patients - (51.5, -0.12)).T)
    assert len(city) >= CROWD
    assert len(place_crowd(country, city, np.random.default_rng(4))) == CROWD
    assert (away < 0.35).all()
