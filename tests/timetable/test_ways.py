"""Ways by timetable: why there is none, where one walks instead, and what the minutes rest on."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.timetable.test_live_answers import lay_timetable
from waitless.area.pack import Area, load_area
from waitless.cell import cell_of
from waitless.recommend.ways import Journey, NoWay
from waitless.travel.timetables import TimetableBuilder

BUS_STOP, FAR_FROM_ANY = (50.37, -4.15), (50.30, -4.35)
TOMORROW = "The first of the next day leaves at 07:59."
MONDAY_TO_FRIDAY = "w,1,1,1,1,1,0,0,20260101,20261231"


def ask(
    pack: Path, departs: datetime, origin: tuple[float, float] = BUS_STOP
) -> Mapping[str, Journey | NoWay]:
    lay_timetable(pack)
    calendar = pack / "transit" / "calendar.txt"
    week = calendar.read_text().replace("w,1,1,1,1,1,1,1,20260101,20261231", MONDAY_TO_FRIDAY)
    calendar.write_text(week)
    area = load_area(pack)
    assert area.timetable is not None
    days = [departs.date() + timedelta(days=ahead) for ahead in range(2)]
    tables = TimetableBuilder(area, area.timetable).build(days)
    return tables.journeys_from(cell_of(*origin), departs)


@pytest.mark.parametrize(
    ("departs", "reason", "text"),
    [
        (
            datetime(2026, 11, 19, 9, 30, tzinfo=UTC),
            "no_more_journeys",
            f"No bus or train gets there any more that day. {TOMORROW}",
        ),
        (
            datetime(2026, 11, 20, 9, 30, tzinfo=UTC),  # a Friday: none on Saturday
            "no_more_journeys",
            "No bus or train gets there any more that day.",
        ),
        (
            datetime(2026, 11, 22, 9, 30, tzinfo=UTC),  # a Sunday
            "no_more_journeys",
            f"No bus or train gets there that day. {TOMORROW}",
        ),
        (
            datetime(2030, 11, 18, 9, 30, tzinfo=UTC),  # it ended years ago
            "unreachable",
            "Nothing runs that day by the timetable that is held.",
        ),
    ],
)
def test_why_nothing_goes_is_told_for_that_day(
    plymouth_pack: Path, departs: datetime, reason: str, text: str
) -> None:
    derriford = ask(plymouth_pack, departs)["derriford-ed"]

    assert isinstance(derriford, NoWay)
    assert (derriford.reason, derriford.text) == (reason, text)


def test_where_there_is_no_stop_none_gets_there_on_any_day(plymouth_pack: Path) -> None:
    ways = ask(plymouth_pack, datetime(2026, 11, 19, 7, tzinfo=UTC), FAR_FROM_ANY)

    assert {way.text for way in ways.values() if isinstance(way, NoWay)} == {
        "No bus or train gets there from where you are."
    }


def test_nobody_is_told_to_walk_across_the_medway(east_kent: Area) -> None:
    assert east_kent.timetable is not None
    night = datetime(2026, 11, 24, 2, tzinfo=UTC)
    tables = TimetableBuilder(east_kent, east_kent.timetable).build([night.date()])

    frindsbury = tables.journeys_from(cell_of(51.39, 0.526), night)["medway-ed"]
    chatham = tables.journeys_from(cell_of(51.38, 0.526), night)["medway-ed"]

    assert not isinstance(frindsbury, Journey) or len(frindsbury.legs) > 1
    assert isinstance(chatham, Journey)
    assert [leg["kind"] for leg in chatham.legs] == ["walk"]


def test_minutes_of_a_walk_all_the_way_are_an_estimate_and_no_timetables(
    plymouth_pack: Path,
) -> None:
    lay_timetable(plymouth_pack)
    area = load_area(plymouth_pack)
    assert area.timetable is not None
    departs = datetime(2026, 11, 19, 7, 50, tzinfo=UTC)
    tables = TimetableBuilder(area, area.timetable).build([departs.date()])

    by_bus = tables.journeys_from(cell_of(*BUS_STOP), departs)["derriford-ed"]
    on_foot = tables.journeys_from(cell_of(50.413, -4.113), departs)["derriford-ed"]

    assert isinstance(by_bus, Journey)
    assert isinstance(on_foot, Journey)
    assert (by_bus.basis, on_foot.basis) == ("timetable", "estimate")
