"""From the bytes of GTFS-realtime to what a feed says of each trip, or a refusal by name."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from google.transit.gtfs_realtime_pb2 import FeedHeader, FeedMessage
from hypothesis import given
from hypothesis import strategies as st

from feeds.model import Refusal, RefusalReason
from feeds.timetable.decode import MOST_ENTITIES, MOST_FAULTS, decode_trip_updates
from feeds.timetable.model import StopEvent, StopFate, StopUpdate, TripUpdate, TripUpdates
from feeds.timetable.trips import MOST_STOPS
from tests.support.trip_updates import (
    ADDED,
    CANCELED,
    NO_DATA,
    SKIPPED,
    add_stop,
    add_trip,
    message,
)

NOW = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
SEPTA_MADE = datetime.fromtimestamp(1680120572, UTC)


def decode(
    payload: bytes | FeedMessage, at: datetime = NOW
) -> tuple[TripUpdates | None, list[Refusal]]:
    data = payload if isinstance(payload, bytes) else payload.SerializeToString()
    said = list(
        decode_trip_updates(data, feed_id="buses", received_at=at, valid_for=timedelta(minutes=10))
    )
    refusals = [one for one in said if isinstance(one, Refusal)]
    [*updates] = [one for one in said if isinstance(one, TripUpdates)]
    assert len(updates) <= 1
    return (updates[0] if updates else None), refusals


def reasons(refusals: list[Refusal]) -> list[tuple[RefusalReason, str]]:
    return [(one.reason, one.where) for one in refusals]


def test_a_real_message_is_read_whole(shared_data: Path) -> None:
    payload = (shared_data / "transit" / "septa_tripupdates.pb").read_bytes()

    updates, refusals = decode(payload, SEPTA_MADE + timedelta(seconds=20))

    assert refusals == []
    assert updates is not None
    assert updates.as_of == SEPTA_MADE
    assert len(updates.trips) == 35
    assert updates.trips[1] == TripUpdate(
        trip_id="AIR_8447_V55_M",
        stops=(StopUpdate(sequence=35, stop_id="90405", arrival=StopEvent(delay_s=60)),),
        measured_at=datetime.fromtimestamp(1680120480, UTC),
    )


@pytest.mark.parametrize("kept", range(0, 2175, 25))
def test_a_real_message_cut_off_anywhere_is_read_in_part_or_refused_but_no_fault(
    shared_data: Path, kept: int
) -> None:
    payload = (shared_data / "transit" / "septa_tripupdates.pb").read_bytes()

    updates, refusals = decode(payload[:kept], SEPTA_MADE)

    if updates is None:
        assert {one.reason for one in refusals} <= {RefusalReason.MALFORMED, RefusalReason.BAD_TIME}
        assert len(refusals) == 1


def test_every_field_of_a_trip_is_read() -> None:
    made = message(NOW)
    update = add_trip(
        made, "t", route_id="r", start_date="20261116", start_time="25:01:02", direction_id=1
    )
    update.delay = -60
    update.timestamp = int(NOW.timestamp()) - 90
    add_stop(update, stop_sequence=3, arrival={"time": 1_794_000_000, "uncertainty": 5})
    add_stop(update, stop_id="M", departure={"delay": 0})
    add_stop(update, stop_sequence=5, relation=SKIPPED, arrival={"delay": 9})
    add_stop(update, stop_sequence=6, relation=NO_DATA)

    updates, refusals = decode(made)

    assert refusals == []
    assert updates is not None
    assert updates.trips == (
        TripUpdate(
            trip_id="t",
            route_id="r",
            start_date=date(2026, 11, 16),
            start_s=25 * 3600 + 62,
            delay_s=-60,
            stops=(
                StopUpdate(sequence=3, arrival=StopEvent(time=1_794_000_000)),
                StopUpdate(stop_id="M", departure=StopEvent(delay_s=0)),
                StopUpdate(sequence=5, fate=StopFate.SKIPPED),
                StopUpdate(sequence=6, fate=StopFate.NO_DATA),
            ),
            measured_at=NOW - timedelta(seconds=90),
        ),
    )


def test_what_is_no_trip_of_the_timetable_is_counted_and_passed_over() -> None:
    made = message(NOW)
    add_trip(made, "new", schedule_relationship=ADDED)
    add_trip(made, "gone").delay = 5
    made.entity[-1].is_deleted = True
    made.entity.add(id="bus").vehicle.trip.trip_id = "t"
    made.entity.add(id="word").alert.SetInParent()
    made.entity.add(id="nothing")
    add_trip(made, "off", schedule_relationship=CANCELED)

    updates, refusals = decode(made)

    assert refusals == []
    assert updates is not None
    assert updates.trips == (TripUpdate(trip_id="off", cancelled=True),)
    assert updates.passed_over == dict.fromkeys(
        ["added_trip", "deleted", "vehicle", "alert", "empty"], 1
    )


def test_only_whole_messages_are_read() -> None:
    made = message(NOW)
    made.header.incrementality = FeedHeader.DIFFERENTIAL
    add_trip(made, "t").delay = 60

    assert decode(made)[0] is None
    assert reasons(decode(made)[1]) == [(RefusalReason.DIFFERENTIAL, "header.incrementality")]


@pytest.mark.parametrize(
    ("made_at", "reason"),
    [
        (NOW - timedelta(minutes=10), None),
        (NOW - timedelta(minutes=10, seconds=1), RefusalReason.STALE),
        (NOW + timedelta(minutes=2), None),
        (NOW + timedelta(minutes=2, seconds=1), RefusalReason.FUTURE),
        (datetime(1999, 1, 1, tzinfo=UTC), RefusalReason.BAD_TIME),
        (None, RefusalReason.BAD_TIME),
    ],
)
def test_a_message_is_believed_only_as_long_as_it_is_fresh(
    made_at: datetime | None, reason: RefusalReason | None
) -> None:
    made = message(made_at)
    add_trip(made, "t").delay = 60

    updates, refusals = decode(made)

    assert [one.reason for one in refusals] == ([] if reason is None else [reason])
    assert (updates is not None) == (reason is None)
    assert updates is None or updates.as_of <= NOW  # never ahead of its receipt


def test_milliseconds_are_no_time() -> None:
    made = message(NOW)
    made.header.timestamp *= 1000

    assert reasons(decode(made)[1]) == [(RefusalReason.BAD_TIME, "header.timestamp")]


def test_a_message_that_does_not_say_when_is_as_old_as_its_newest_trip() -> None:
    made = message(None)
    add_trip(made, "t").timestamp = int(NOW.timestamp()) - 120
    add_trip(made, "u").timestamp = int(NOW.timestamp()) - 60

    updates, _ = decode(made)

    assert updates is not None
    assert updates.as_of == NOW - timedelta(seconds=60)


def test_a_vehicle_not_heard_of_for_long_tells_nothing_but_that_it_is_cancelled() -> None:
    made = message(NOW)
    for trip_id, relation, minutes in (("lost", 0, 31), ("seen", 0, 30), ("off", CANCELED, 300)):
        update = add_trip(made, trip_id, schedule_relationship=relation)
        update.timestamp = int((NOW - timedelta(minutes=minutes)).timestamp())

    updates, refusals = decode(made)

    assert updates is not None
    assert [one.trip_id for one in updates.trips] == ["seen", "off"]
    assert reasons(refusals) == [(RefusalReason.STALE, "entity[0].timestamp")]


def test_of_two_updates_of_one_trip_the_newer_counts_else_the_first() -> None:
    made = message(NOW)
    for trip_id, delay, seconds_ago in (
        ("t", 60, 90), ("t", 120, 30), ("u", 1, 0), ("u", 2, 0), ("t", 240, 60),
    ):  # fmt: skip
        update = add_trip(made, trip_id)
        update.delay = delay
        update.timestamp = int(NOW.timestamp()) - seconds_ago
    add_trip(made, "t", start_date="20261117").delay = 7  # another day's

    updates, refusals = decode(made)

    assert updates is not None
    found = {(one.trip_id, one.start_date): one.delay_s for one in updates.trips}
    assert found == {("t", None): 120, ("u", None): 1, ("t", date(2026, 11, 17)): 7}
    assert [one.reason for one in refusals] == [RefusalReason.AMBIGUOUS] * 3


FAULTY_STOPS: list[tuple[dict[str, object], RefusalReason, str]] = [
    ({"arrival": {"delay": 0}}, RefusalReason.MISSING_FIELD, ""),
    ({"stop_id": "M"}, RefusalReason.MISSING_FIELD, ""),
    ({"stop_id": "M", "arrival": {"uncertainty": 3}}, RefusalReason.MISSING_FIELD, ""),
    ({"stop_id": "M", "arrival": {"delay": 21_601}}, RefusalReason.OUT_OF_RANGE, ".arrival"),
    ({"stop_id": "M", "departure": {"delay": -21_601}}, RefusalReason.OUT_OF_RANGE, ".departure"),
    ({"stop_id": "M", "arrival": {"time": 29_000}}, RefusalReason.BAD_TIME, ".arrival"),
    ({"stop_id": "M" * 257, "arrival": {"delay": 0}}, RefusalReason.MALFORMED, ".stop_id"),
    ({"stop_id": "M", "relation": 3}, RefusalReason.WRONG_TYPE, ""),
]


@pytest.mark.parametrize(("stop", "reason", "place"), FAULTY_STOPS)
def test_a_faulty_stop_is_refused_by_itself(
    stop: dict[str, object], reason: RefusalReason, place: str
) -> None:
    made = message(NOW)
    update = add_trip(made, "t")
    add_stop(update, stop_sequence=1, arrival={"delay": 60})
    add_stop(update, **stop)  # type: ignore[arg-type]

    updates, refusals = decode(made)

    assert updates is not None
    assert [len(one.stops) for one in updates.trips] == [1]
    assert reasons(refusals) == [(reason, f"entity[0].stop_time_update[1]{place}")]


@pytest.mark.parametrize(
    ("trip", "reason", "place"),
    [
        ({"trip_id": ""}, RefusalReason.MISSING_FIELD, "trip.trip_id"),
        ({"trip_id": "t" * 257}, RefusalReason.MALFORMED, "trip.trip_id"),
        ({"trip_id": "t", "start_date": "20261332"}, RefusalReason.BAD_TIME, "trip.start_date"),
        ({"trip_id": "t", "start_date": "2026-11-16"}, RefusalReason.BAD_TIME, "trip.start_date"),
        ({"trip_id": "t", "start_time": "8:00"}, RefusalReason.BAD_TIME, "trip.start_time"),
    ],
)
def test_a_faulty_trip_is_refused_and_the_others_stand(
    trip: dict[str, str], reason: RefusalReason, place: str
) -> None:
    made = message(NOW)
    add_trip(made, **trip).delay = 60
    add_trip(made, "good").delay = 60

    updates, refusals = decode(made)

    assert updates is not None
    assert [one.trip_id for one in updates.trips] == ["good"]
    assert reasons(refusals) == [(reason, f"entity[0].{place}")]


def test_a_name_that_is_not_utf_8_is_refused() -> None:
    made = message(NOW)
    add_trip(made, "xxxx").delay = 60

    _, refusals = decode(made.SerializeToString().replace(b"xxxx", b"\xff\xfe\xff\xfe"))

    assert reasons(refusals) == [(RefusalReason.MALFORMED, "entity[0].trip.trip_id")]


def grow_entities(made: FeedMessage) -> None:
    for _ in range(MOST_ENTITIES + 1):
        made.entity.add(id="")


def grow_stops(made: FeedMessage) -> None:
    update = add_trip(made, "t")
    for _ in range(MOST_STOPS + 1):
        update.stop_time_update.add()


@pytest.mark.parametrize(("grow", "where"), [(grow_entities, "entity"), (grow_stops, "entity[0]")])
def test_more_than_a_feed_can_mean_is_too_large(
    grow: Callable[[FeedMessage], None], where: str
) -> None:
    made = message(NOW)
    grow(made)

    _, refusals = decode(made)

    assert reasons(refusals) == [(RefusalReason.TOO_LARGE, where)]


def test_a_message_of_nothing_but_faults_is_one_refusal() -> None:
    made = message(NOW)
    for number in range(MOST_FAULTS // MOST_STOPS + 2):
        update = add_trip(made, f"t{number}")
        for _ in range(MOST_STOPS):
            update.stop_time_update.add()

    updates, refusals = decode(made)

    assert updates is None
    assert reasons(refusals) == [(RefusalReason.MALFORMED, "message")]


@pytest.mark.parametrize("payload", [b"", b"{}", b"<html>Not found</html>", b"\xff" * 50, b"\x0a"])
def test_what_is_no_message_is_refused(payload: bytes) -> None:
    updates, refusals = decode(payload)

    assert updates is None
    assert reasons(refusals) == [(RefusalReason.MALFORMED, "message")]


def test_who_polls_no_trip_updates_does_not_load_what_reads_them() -> None:
    script = "import sys, waitless.app; sys.exit('google.protobuf' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@given(st.binary(max_size=300))
def test_any_bytes_are_updates_or_refusals(payload: bytes) -> None:
    updates, refusals = decode(payload)

    assert updates is not None or len(refusals) == 1


@given(st.data())
def test_a_message_with_spoilt_bytes_is_updates_or_refusals(data: st.DataObject) -> None:
    made = message(NOW)
    for number in range(3):
        update = add_trip(made, f"trip-{number}", start_date="20261116", start_time="08:00:00")
        add_stop(update, stop_sequence=2, stop_id="M", arrival={"delay": 60, "time": 1_794_000_000})
        add_stop(update, stop_sequence=9, relation=SKIPPED)
    payload = bytearray(made.SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))

    updates, refusals = decode(bytes(payload))

    assert updates is not None or len(refusals) == 1
    for trip in () if updates is None else updates.trips:
        events = [event for stop in trip.stops for event in (stop.arrival, stop.departure) if event]
        assert trip.trip_id
        assert all(abs(event.delay_s or 0) <= 6 * 3600 for event in events)
