"""Newport's buses on a bad day: from a message's bytes to arrivals, against another search."""

import csv
import io
import random
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from feeds.timetable.decode import decode_trip_updates
from feeds.timetable.model import TripUpdates
from routing.transit.footpaths import Walks
from routing.transit.gtfs import read_gtfs
from routing.transit.live import apply_changes
from routing.transit.profile import build_profiles
from routing.transit.scan import NEVER
from routing.transit.timetable import LENGTH_S, lay_out_day
from tests.support.time_expanded import TimeExpanded
from tests.support.trip_updates import CANCELED, add_stop, add_trip, message
from waitless.timetable.desk import to_change

NEWPORT = Path("transit") / "newport-20230613_gtfs.zip"
DAY = date(2023, 6, 13)
NOON = datetime(2023, 6, 13, 11, tzinfo=UTC)
DAYS = [DAY + timedelta(ahead) for ahead in (-1, 0, 1)]
Late = dict[str, int | None]
"""By trip: how many seconds, or None where it is cancelled."""


def tell(late: Late, sequences: dict[str, int]) -> bytes:
    """The message that says so, of each day, at the first stop of each trip."""
    made = message(NOON)
    for trip_id, seconds in late.items():
        for day in DAYS:
            dated = {"start_date": f"{day:%Y%m%d}"}
            if seconds is None:
                add_trip(made, trip_id, schedule_relationship=CANCELED, **dated)
            else:
                update = add_trip(made, trip_id, **dated)
                add_stop(update, stop_sequence=sequences[trip_id], departure={"delay": seconds})
    return made.SerializeToString()


def edit(path: Path, late: Late, out: Path) -> Path:
    """The feed with these trips later, or without them."""

    def later(text: str, seconds: int) -> str:
        hours, minutes, rest = map(int, text.split(":"))
        at = hours * 3600 + minutes * 60 + rest + seconds
        return f"{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}"

    with zipfile.ZipFile(path) as feed, zipfile.ZipFile(out, "w") as edited:
        for name in feed.namelist():
            data = feed.read(name)
            if name == "stop_times.txt":
                rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
                text = io.StringIO()
                writer = csv.DictWriter(text, rows.fieldnames or [])
                writer.writeheader()
                for row in rows:
                    seconds = late.get(row["trip_id"], 0)
                    if seconds is None:
                        continue
                    for column in ("arrival_time", "departure_time"):
                        row[column] = later(row[column], seconds)
                    writer.writerow(row)
                data = text.getvalue().encode()
            edited.writestr(name, data)
    return out


@pytest.mark.timeout(300)
def test_200_journeys_among_late_and_cancelled_buses_arrive_as_another_search_finds(
    shared_data: Path, tmp_path: Path
) -> None:
    choose = random.Random(13)
    gtfs = read_gtfs(shared_data / NEWPORT)
    plain = lay_out_day(gtfs, DAY)
    late: Late = {
        trip_id: choose.choice([None, choose.randrange(1_800)])
        for trip_id in gtfs.trip_ids
        if choose.random() < 0.5
    }
    firsts = zip(gtfs.trip_ids, gtfs.sequence[gtfs.first[:-1]].tolist(), strict=True)
    updates, *refusals = decode_trip_updates(
        tell(late, dict(firsts)),
        feed_id="newport",
        received_at=NOON,
        valid_for=timedelta(minutes=10),
    )
    assert isinstance(updates, TripUpdates)
    assert refusals == []

    changes = tuple(map(to_change, updates.trips))
    timetable, used, _ = apply_changes(plain, changes, updates.as_of)

    other = TimeExpanded(edit(shared_data / NEWPORT, late, tmp_path / "edited.zip"), DAY)
    walks = Walks(gtfs)
    stops = sorted({int(stop) for stop in gtfs.stops})

    def near_a_stop() -> tuple[float, float]:
        stop = choose.choice(stops)
        return gtfs.lat[stop] + choose.gauss(0, 0.003), gtfs.lon[stop] + choose.gauss(0, 0.003)

    facilities = {f"f{number}": near_a_stop() for number in range(10)}
    profiles = build_profiles(timetable, walks, facilities, horizon_s=LENGTH_S)
    planned = build_profiles(plain, walks, facilities, horizon_s=LENGTH_S)
    moved = 0
    for _ in range(200):
        origin, at_s = near_a_stop(), choose.randrange(6 * 3600, 22 * 3600)
        access = profiles.find_access(*origin)
        place = choose.randrange(len(facilities))
        arrival = int(profiles.look_up(access, at_s).arrives_s[place])
        expected = other.find_arrival(origin, facilities[f"f{place}"], at_s)
        assert (None if arrival == NEVER else arrival) == expected
        moved += arrival != int(planned.look_up(access, at_s).arrives_s[place])
    assert used > 50
    assert moved > 50  # the changes matter to these journeys
