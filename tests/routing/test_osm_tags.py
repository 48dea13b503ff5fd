import pytest

from routing.osm.access import CLASS_USE, Use, find_stopped, find_use
from routing.osm.junctions import find_node_delay
from routing.osm.speeds import (
    CLASS_SPEEDS,
    find_limit,
    find_usual_speed,
    looks_built_up,
    parse_maxspeed,
)

D, W, C = Use.DRIVE, Use.WALK, Use.CYCLE


@pytest.mark.parametrize(
    ("text", "kmh"),
    [
        ("50", 50),
        ("50 km/h", 50),
        ("30 mph", 48.28),
        ("30mph", 48.28),
        ("national", 96.56),
        ("GB:nsl_single", 96.56),
        ("GB:nsl_dual", 112.65),
        ("GB:nsl_restricted", 48.28),
        ("GB-WLS:nsl_restricted", 48.28),
        ("GB:motorway", 112.65),
        ("GB:zone20", 32.19),
        ("GB:20", 32.19),
        ("DE:zone:30", 30),
        ("DE:urban", 50),
        ("FR:rural", 90),
        ("40 mph;30 mph", 48.28),
        ("walk", 10),
        ("none", None),
        ("signals", None),
        ("variable", None),
        ("", None),
        ("0", None),
        ("9999", None),
        ("-30", None),
        ("fast", None),
    ],
)
def test_a_limit_is_read_as_mapped(text: str, kmh: float | None) -> None:
    assert parse_maxspeed(text) == (None if kmh is None else pytest.approx(kmh, abs=0.01))


def test_a_limit_may_depend_on_the_direction_or_stand_by_its_type() -> None:
    tags = {"maxspeed": "40 mph", "maxspeed:forward": "30 mph"}

    assert find_limit(tags, "forward") == pytest.approx(48.28, abs=0.01)
    assert find_limit(tags, "backward") == pytest.approx(64.37, abs=0.01)
    assert find_limit({"maxspeed:type": "GB:nsl_single"}, "forward") == pytest.approx(
        96.56, abs=0.1
    )
    assert find_limit({}, "forward") is None


@pytest.mark.parametrize(
    ("tags", "kmh"),
    [
        ({"highway": "tertiary"}, 41),
        ({"highway": "tertiary", "maxspeed": "20 mph"}, 25.75),
        ({"highway": "tertiary", "maxspeed": "30 mph"}, 38.62),
        ({"highway": "unclassified", "maxspeed": "national"}, 77.25),
        ({"highway": "service", "maxspeed": "30 mph"}, 24),
        ({"highway": "trunk_link", "maxspeed": "70 mph"}, 64),
        ({"highway": "trunk", "oneway": "yes", "maxspeed": "70 mph"}, 90.12),
        ({"highway": "trunk", "junction": "roundabout", "maxspeed": "70 mph"}, 35),
        ({"highway": "tertiary", "junction": "roundabout", "maxspeed": "20 mph"}, 25.75),
        ({"highway": "motorway", "maxspeed": "70 mph"}, 90.12),
        ({"highway": "motorway"}, 88),
        ({"highway": "tertiary", "surface": "gravel"}, 40),
        ({"highway": "tertiary", "surface": "asphalt"}, 41),
        ({"highway": "residential", "surface": "mud", "maxspeed": "30 mph"}, 10),
        ({"highway": "bridleway"}, 15),
    ],
)
def test_a_usual_speed_follows_the_limit_the_class_and_the_surface(
    tags: dict[str, str], kmh: float
) -> None:
    assert find_usual_speed(tags, "forward", built_up=False) == pytest.approx(kmh, abs=0.01)


@pytest.mark.parametrize("road", sorted(CLASS_SPEEDS))
def test_no_road_is_faster_in_a_built_up_area(road: str) -> None:
    town = find_usual_speed({"highway": road}, "forward", built_up=True)

    assert 5 < town <= find_usual_speed({"highway": road}, "forward", built_up=False)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"lit": "yes"}, True),
        ({"sidewalk": "both"}, True),
        ({"sidewalk:left": "yes"}, True),
        ({"highway": "residential"}, True),
        ({"lit": "no", "sidewalk": "no"}, False),
        ({"highway": "primary"}, False),
    ],
)
def test_lamps_and_pavements_mean_a_town(tags: dict[str, str], expected: object) -> None:
    assert looks_built_up(tags) is expected


@pytest.mark.parametrize(
    ("tags", "seconds"),
    [
        ({"highway": "traffic_signals"}, 4),
        ({"highway": "traffic_signals", "traffic_signals:direction": "backward"}, 0),
        ({"highway": "traffic_signals", "traffic_signals:direction": "forward"}, 4),
        ({"highway": "crossing", "crossing": "traffic_signals"}, 1),
        ({"highway": "crossing", "crossing": "zebra"}, 0),
        ({"highway": "mini_roundabout"}, 1),
        ({"highway": "stop", "direction": "forward"}, 2),
        ({"highway": "stop", "direction": "backward"}, 0),
        ({"highway": "give_way", "direction": "forward"}, 2),
        ({"barrier": "gate"}, 30),
        ({"barrier": "toll_booth"}, 15),
        ({"barrier": "cattle_grid"}, 0),
        ({"highway": "street_lamp"}, 0),
    ],
)
def test_signs_on_the_way_cost_seconds(tags: dict[str, str], seconds: float) -> None:
    assert find_node_delay(tags, "forward") == seconds


@pytest.mark.parametrize(
    ("tags", "along", "against"),
    [
        ({"highway": "residential"}, D | W | C, D | W | C),
        ({"highway": "residential", "oneway": "yes"}, D | W | C, W),
        ({"highway": "residential", "oneway": "-1"}, W, D | W | C),
        ({"highway": "residential", "oneway": "no"}, D | W | C, D | W | C),
        ({"highway": "residential", "oneway": "reversible"}, W, W),
        ({"highway": "residential", "oneway": "yes", "oneway:bicycle": "no"}, D | W | C, W | C),
        (
            {"highway": "residential", "oneway": "yes", "cycleway": "opposite_lane"},
            D | W | C,
            W | C,
        ),
        ({"highway": "residential", "oneway:bicycle": "yes"}, D | W | C, D | W),
        ({"highway": "tertiary", "junction": "roundabout"}, D | W | C, W),
        ({"highway": "tertiary", "junction": "roundabout", "oneway": "no"}, D | W | C, D | W | C),
        ({"highway": "motorway"}, D, Use.NONE),
        ({"highway": "motorway_link"}, D, D),
        ({"highway": "trunk", "motorroad": "yes"}, D, D),
        ({"highway": "footway"}, W, W),
        ({"highway": "footway", "bicycle": "yes"}, W | C, W | C),
        ({"highway": "footway", "access": "yes"}, W, W),
        ({"highway": "cycleway"}, W | C, W | C),
        ({"highway": "cycleway", "foot": "no", "oneway": "yes"}, C, Use.NONE),
        ({"highway": "cycleway", "motor_vehicle": "designated"}, D | W | C, D | W | C),
        ({"highway": "track"}, W | C, W | C),
        ({"highway": "track", "motor_vehicle": "yes"}, D | W | C, D | W | C),
        ({"highway": "steps"}, W, W),
        ({"highway": "residential", "access": "private"}, Use.NONE, Use.NONE),
        ({"highway": "residential", "access": "no", "foot": "yes"}, W, W),
        ({"highway": "residential", "access": "destination"}, D | W | C, D | W | C),
        ({"highway": "residential", "vehicle": "no"}, W, W),
        ({"highway": "residential", "motor_vehicle": "no"}, W | C, W | C),
        (
            {"highway": "residential", "motor_vehicle": "no", "motorcar": "yes"},
            D | W | C,
            D | W | C,
        ),
        ({"highway": "trunk", "foot": "no", "bicycle": "no"}, D, D),
        ({"highway": "busway"}, Use.NONE, Use.NONE),
        ({"highway": "busway", "access": "yes"}, Use.NONE, Use.NONE),
        ({"highway": "construction"}, Use.NONE, Use.NONE),
        ({"highway": "service", "service": "parking_aisle"}, Use.NONE, Use.NONE),
        ({"highway": "service"}, D | W | C, D | W | C),
        ({"highway": "pedestrian", "area": "yes"}, Use.NONE, Use.NONE),
        ({"route": "ferry"}, W, W),
        ({"route": "ferry", "motor_vehicle": "yes", "bicycle": "yes"}, D | W | C, D | W | C),
        ({"route": "ferry", "foot": "no", "motorcar": "yes"}, D, D),
    ],
)
def test_each_mode_goes_where_it_may(tags: dict[str, str], along: Use, against: Use) -> None:
    assert find_use(tags) == (along, against)


@pytest.mark.parametrize(
    ("tags", "stopped"),
    [
        ({}, Use.NONE),
        ({"barrier": "bollard"}, D),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, Use.NONE),
        ({"barrier": "gate"}, Use.NONE),
        ({"barrier": "gate", "access": "private"}, D | W | C),
        ({"barrier": "gate", "access": "no", "foot": "yes"}, D | C),
        ({"barrier": "gate", "locked": "yes"}, D | W | C),
        ({"barrier": "stile"}, D | C),
        ({"barrier": "fence"}, D | W | C),
        ({"barrier": "cattle_grid"}, Use.NONE),
        ({"highway": "crossing", "access": "no"}, Use.NONE),
    ],
)
def test_a_barrier_stops_whom_it_stops(tags: dict[str, str], stopped: Use) -> None:
    assert find_stopped(tags) == stopped


def test_every_drivable_class_has_a_speed() -> None:
    assert {name for name, use in CLASS_USE.items() if use & D} <= CLASS_SPEEDS.keys()
