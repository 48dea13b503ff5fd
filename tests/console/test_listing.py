"""The list of places: what needs a look comes first, and what is looked for is found."""

from itertools import pairwise

import pytest

from waitless.area.pack import Area
from waitless.console.listing import Sort, View, arrange
from waitless.console.rows import FacilityLine
from waitless.health import FeedState, Verdict


def line(area: Area, facility_id: str, **more: object) -> FacilityLine:
    state = more.pop("state", FeedState.LIVE)
    given: dict[str, object] = {
        "feed_id": "kcht", "is_open": True, "wait": "35 min", "wait_minutes": 35.0,
        "statistic": "median", "last_wait": None, "door": None, "override": None, "waiting": None,
        "age_s": 60.0, "lag_s": 1.0, "ahead": None, "held": 0, "told": None, "spark": None,
        "simulated": False,
    }  # fmt: skip
    verdict = Verdict(state, "for a reason")  # type: ignore[arg-type]
    facility = area.facilities[facility_id]
    return FacilityLine(facility=facility, verdict=verdict, **{**given, **more})  # type: ignore[arg-type]


@pytest.fixture
def lines(east_kent: Area) -> list[FacilityLine]:
    return [
        line(east_kent, "deal-utc"),
        line(east_kent, "qeqm-ed", feed_id="ekhuft", held=1, wait_minutes=250.0, age_s=7000.0),
        line(east_kent, "dover-utc", state=FeedState.LOST, wait_minutes=None, age_s=None),
        line(east_kent, "margate-utc", state=FeedState.STALE, is_open=False, wait_minutes=None),
    ]


def names(found: list[FacilityLine]) -> list[str]:
    return [one.facility.id for one in found]


def test_decisions_come_first_then_what_is_bad_while_it_is_open(lines: list[FacilityLine]) -> None:
    assert names(arrange(lines, View())) == ["qeqm-ed", "dover-utc", "deal-utc", "margate-utc"]


def test_only_what_needs_a_look_leaves_out_what_is_shut_anyway(lines: list[FacilityLine]) -> None:
    assert names(arrange(lines, View(only_attention=True))) == ["qeqm-ed", "dover-utc"]


@pytest.mark.parametrize("sort", list(Sort))
def test_every_order_lists_all_and_is_the_same_whatever_came_before(
    lines: list[FacilityLine], sort: Sort
) -> None:
    found = arrange(lines, View(sort=sort))

    assert sorted(names(found)) == sorted(names(lines))
    assert arrange(reversed(lines), View(sort=sort)) == found


def test_the_longest_wait_comes_first_and_none_at_the_end(lines: list[FacilityLine]) -> None:
    waits = [one.wait_minutes for one in arrange(lines, View(sort=Sort.WAIT))]

    assert waits == [250.0, 35.0, None, None]


def test_the_oldest_comes_first(lines: list[FacilityLine]) -> None:
    ages = [one.age_s for one in arrange(lines, View(sort=Sort.AGE)) if one.age_s is not None]

    assert all(before >= after for before, after in pairwise(ages))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("DEAL", ["deal-utc"]),
        ("lost", ["dover-utc"]),
        ("ekhuft", ["qeqm-ed"]),
        ("a&e", ["qeqm-ed"]),
        ("atlantis", []),
    ],
)
def test_a_place_is_found_by_name_state_feed_or_kind(
    lines: list[FacilityLine], text: str, found: list[str]
) -> None:
    assert names(arrange(lines, View(text=text))) == found


def test_a_view_reads_back_what_its_path_says() -> None:
    view = View(sort=Sort.WAIT, text="qeqm & co", only_attention=True)

    assert view.path() == "/operator?sort=wait&find=qeqm+%26+co&only=attention"
    assert View.read({"sort": "wait", "find": "qeqm & co", "only": "attention"}) == view
    assert View().path() == "/operator"


def test_an_order_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="sort: one of attention, name"):
        View.read({"sort": "colour"})
