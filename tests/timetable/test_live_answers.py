"""An answer by timetable runs as its source tells, and as planned when that has lapsed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.clock import FakeClock
from tests.support.gtfs import small_feed
from tests.support.service import Patient, eventually, get_json
from tests.support.trip_updates import CANCELED, add_stop, add_trip, message
from tests.timetable.test_trip_source import listening

MORNING = datetime(2026, 11, 16, 7, 50, tzinfo=UTC)
TO_DERRIFORD = {
    "S,South,51.00,1.0": "S,South,50.3700,-4.1500",
    "M,Middle,51.02,1.0": "M,Middle,50.395,-4.13",
    "N,North,51.04,1.0": "N,North,50.4168,-4.1133",
}


def lay_timetable(pack: Path) -> None:
    """Buses at 8:00 and 9:00 from the middle of PL1 to Derriford, 12 minutes."""
    (pack / "transit").mkdir()
    for name, text in small_feed().items():
        for old, new in TO_DERRIFORD.items():
            text = text.replace(old, new)  # noqa: PLW2901 - one after the other
        (pack / "transit" / name).write_text(text)
    area = pack / "area.toml"
    area.write_text(f'timetable = "transit"\n{area.read_text()}')


async def ride(service: Patient) -> Any:
    answer = await get_json(
        service, "/v1/recommendations", place="PL1", mode="transit", need="suspected_fracture"
    )
    travel = answer["destinations"][0]["travel"]
    (told,) = [leg for leg in travel["legs"] if leg["kind"] == "ride"]
    return travel, told


async def test_a_late_bus_is_late_in_answers_and_a_cancelled_one_is_missed(
    plymouth_pack: Path, redis_url: str
) -> None:
    lay_timetable(plymouth_pack)
    clock = FakeClock(MORNING)
    async with listening(plymouth_pack, redis_url, clock) as (company, service, _):
        planned, on_time = await ride(service)

        late = message(MORNING)
        add_stop(add_trip(late, "t8"), stop_sequence=1, departure={"delay": 300})
        company.say(late)

        async def is_live() -> bool:
            return bool((await ride(service))[1]["ride"]["live"])

        await eventually(is_live)
        live, delayed = await ride(service)

        cancelled = message(MORNING + timedelta(seconds=1))
        add_trip(cancelled, "t8", schedule_relationship=CANCELED)
        company.say(cancelled)

        async def is_missed() -> bool:
            return bool((await ride(service))[1]["starts_at"] == "2026-11-16T09:00:00Z")

        await eventually(is_missed)
        figures = await (await service.get("/metrics")).text()
        company.answer = (500, b"", "text/plain")
        clock.move(minutes=9, seconds=59)  # 7:59:59
        still_missed = (await ride(service))[1]["starts_at"]

    assert (planned["basis"], planned["as_of"]) == ("timetable", None)
    assert on_time["starts_at"] == "2026-11-16T08:00:00Z"
    assert not on_time["ride"]["live"]
    assert live["as_of"] == "2026-11-16T07:50:00Z"
    assert delayed["starts_at"] == "2026-11-16T08:05:00Z"
    assert live["minutes"] == planned["minutes"] + 5
    assert still_missed == "2026-11-16T09:00:00Z"
    assert 'waitless_trip_changes{fate="used"} 1.0' in figures
