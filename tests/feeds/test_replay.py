"""Recorded series read strictly, and played back as they were."""

import asyncio
import contextlib
import gzip
import random
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import orjson
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from feeds import replay as replay_module
from feeds.events import decode_message
from feeds.model import NoFigure, Observation, ProviderNotice, ProviderStatus, Statistic, Wait
from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import ConnectionLost
from feeds.recordings import RecordingFault, facility_slug, load_recording, read_recording
from feeds.replay import Replay, ReplayFault, play_to_broker, schedule
from feeds.topics import is_slug
from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.messages import observation
from tests.support.servers import Server, free_port
from waitless.commands.replay import replay as replay_command

MINUTES = "facility,observed_at_utc,wait_min\n"
BAND = "facility,observed_at_utc,published_text,wait_lo_min,wait_hi_min\n"
PLYMOUTH = "facility,observed_at_utc,longest_wait_min,patients_waiting,patients_in_department\n"


def recording(tmp_path: Path, text: str, name: str = "series.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def readings(*minutes_after: float, facility_id: str = "deal-utc") -> list[Observation]:
    began = datetime(2023, 7, 5, 12, tzinfo=UTC)
    return [
        observation(facility_id, 10 + number, as_of=began + timedelta(minutes=after))
        for number, after in enumerate(minutes_after)
    ]


@pytest.mark.parametrize(
    ("name", "count", "facilities", "first"),
    [
        (
            "alberta_2026-06-16_2026-07-31.csv.gz",
            18_399,
            30,
            Wait(minutes=102),
        ),
        (
            "coventry_changes_2022-12_2023-03.csv.gz",
            24_157,
            5,
            Wait(low=60, high=120, statistic=Statistic.BAND),
        ),
        (
            "hongkong_2024-03_2024-08.csv.gz",
            200_160,
            18,
            Wait(low=240, high=300, statistic=Statistic.BAND),
        ),
        (
            "uk_plymouth_cumberland_utc_5min_2023-07-05.csv",
            59,
            1,
            Wait(minutes=163, statistic=Statistic.LONGEST),
        ),
    ],
)
def test_every_recorded_series_is_read_whole_and_in_order(
    shared_data: Path, name: str, count: int, facilities: int, first: Wait
) -> None:
    rows = load_recording(shared_data / "series" / name)

    assert len(rows) == count
    assert len({row.facility_id for row in rows}) == facilities
    assert rows[0].wait == first
    assert all(is_slug(row.facility_id) for row in rows)
    times = [row.as_of for row in rows]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ca_quebec_polls.csv", "a log of polls, not a series of waits"),
        ("kent_ae_monthly_attendances.csv", "monthly attendances, not a series of waits"),
    ],
)
def test_a_file_of_something_else_is_refused_by_name(
    shared_data: Path, name: str, says: str
) -> None:
    with pytest.raises(RecordingFault, match=f"{name} line 1: {says}"):
        load_recording(shared_data / "series" / name)


def test_a_band_open_above_has_no_upper_limit_and_an_empty_one_is_unknown(tmp_path: Path) -> None:
    path = recording(
        tmp_path,
        BAND
        + "A,2024-03-14T03:30:00Z,> 8,480,\n"
        + "A,2024-03-14T03:45:00Z,< 1,0,60\n"
        + "A,2024-03-14T04:00:00Z,-,,\n",
    )

    assert [row.wait for row in load_recording(path)] == [
        Wait(low=480, high=None, statistic=Statistic.BAND),
        Wait(low=0, high=60, statistic=Statistic.BAND),
        NoFigure.UNKNOWN,
    ]


def test_an_empty_figure_is_unknown_and_an_empty_count_is_not_given(tmp_path: Path) -> None:
    path = recording(tmp_path, PLYMOUTH + "A,2024-03-14T03:30:00Z,,0,\n")

    [row] = load_recording(path)

    assert row.wait is NoFigure.UNKNOWN
    assert (row.patients_waiting, row.patients_in_department) == (0, None)


def test_readings_come_by_time_and_of_one_instant_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = recording(
        tmp_path,
        MINUTES
        + "b,2024-03-14T04:00:00Z,1\nb,2024-03-14T03:00:00Z,2\n"
        + "a,2024-03-14T05:00:00+01:00,3\n\na,2024-03-14T03:00:00.5Z,4\n",
    )

    waits = [row.wait for row in load_recording(path)]

    assert waits == [Wait(minutes=figure) for figure in (2, 4, 1, 3)]


def test_reading_gives_the_first_rows_before_a_fault_further_on(tmp_path: Path) -> None:
    rows = read_recording(
        recording(tmp_path, MINUTES + "A,2024-03-14T03:30:00Z,1\nA,2024-03-14T03:31:00Z,x\n")
    )

    assert next(rows).wait == Wait(minutes=1)
    with pytest.raises(RecordingFault, match="line 3: wait_min: 'x' is not a number"):
        next(rows)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 0: not a series of waits: no column facility, observed_at_utc"),
        (MINUTES, "series.csv: no reading in it"),
        ("facility,observed_at_utc\n", "line 1: exactly one of these is wanted: wait_min;"),
        ("facility,observed_at_utc,wait_lo_min\n", "line 1: exactly one of these"),
        ("facility,observed_at_utc,wait_min,longest_wait_min\n", "line 1: exactly one of these"),
        ("facility,observed_at_utc,wait_min,patient_waiting\n", "unknown column 'patient_waiting'"),
        ("facility,observed_at_utc,wait_min,wait_min\n", "line 1: a column comes twice"),
        (MINUTES + "A,2024-03-14T03:30:00Z\n", "line 2: 2 columns where the header has 3"),
        (MINUTES + "A,2024-03-14T03:30:00Z,1,2\n", "line 2: 4 columns"),
        (MINUTES + "\nA,2024-03-14T03:30:00,1\n", "line 3: observed_at_utc: "),
        (MINUTES + "A,soon,1\n", "line 2: observed_at_utc: 'soon' is not"),
        (MINUTES + "A,2024-02-30T03:30:00Z,1\n", "line 2: observed_at_utc: '2024-02-30"),
        (MINUTES + "A,2024-03-14T03:30:00Z,-1\n", "line 2: wait_min: '-1' is not a number"),
        (MINUTES + "A,2024-03-14T03:30:00Z,nan\n", "line 2: wait_min: 'nan' is not a number"),
        (MINUTES + "A,2024-03-14T03:30:00Z,1_0\n", "line 2: wait_min: '1_0' is not a number"),
        (MINUTES + "A,2024-03-14T03:30:00Z,100001\n", "line 2: wait_min: 100001 is more than"),
        (BAND + "A,2024-03-14T03:30:00Z,,120,60\n", "line 2: wait_lo_min 120 is more than"),
        (PLYMOUTH + "A,2024-03-14T03:30:00Z,1,2.5,3\n", "patients_waiting: 2.5 is not a count"),
        (MINUTES + "?,2024-03-14T03:30:00Z,1\n", "line 2: facility: '?' gives no slug"),
        (
            MINUTES + "A b,2024-03-14T03:30:00Z,1\nA-B,2024-03-14T03:30:00Z,1\n",
            "line 3: facility: 'A-B' and 'A b' are both a-b",
        ),
        (MINUTES + 'A,"2024"x,1\n', "line 2: "),
        (MINUTES + '"A,2024-03-14T03:30:00Z,1\n', "unexpected end of data"),
    ],
)
def test_a_recording_that_is_none_is_refused_with_its_line(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(RecordingFault, match=re.escape(says)):
        load_recording(recording(tmp_path, text))


@pytest.mark.parametrize(
    "content",
    [
        b"not gzip",
        gzip.compress(MINUTES.encode() + b"A,2024-03-14T03:30:00Z,1\n" * 500)[:-20],
        gzip.compress(b"\xff\xfe"),
        gzip.compress(MINUTES.encode())[:12] + b"\xff" * 40,
    ],
    ids=["plain", "cut short", "not text", "spoilt"],
)
def test_a_packed_file_that_is_damaged_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "series.csv.gz"
    path.write_bytes(content)

    with pytest.raises(RecordingFault, match=re.escape("series.csv.gz")):
        load_recording(path)


def test_a_file_of_another_kind_or_none_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingFault, match=re.escape("a .csv or .csv.gz file is wanted")):
        load_recording(recording(tmp_path, MINUTES, "series.xlsx"))
    with pytest.raises(RecordingFault, match=re.escape("nowhere.csv: ")):
        load_recording(tmp_path / "nowhere.csv")


def test_given_names_only_those_facilities_are_read_under_our_ids(tmp_path: Path) -> None:
    path = recording(
        tmp_path,
        MINUTES
        + "Cumberland Centre,2024-03-14T03:00:00Z,1\nThe ED,2024-03-14T03:00:00Z,2\n"
        + "???,2024-03-14T03:00:00Z,3\n",
    )

    rows = load_recording(path, {"Cumberland Centre": "deal-utc", "???": "qeqm-ed"})

    assert [row.facility_id for row in rows] == ["deal-utc", "qeqm-ed"]
    assert [row.facility_id for row in load_recording(path, {"the-ed": "qeqm-ed"})] == ["qeqm-ed"]


@pytest.mark.parametrize(
    ("facilities", "says"),
    [
        ({"Nowhere": "deal-utc"}, "series.csv: no reading of 'Nowhere'"),
        ({"A": "deal-utc", "B": "deal-utc"}, "series.csv: no reading of 'B'"),
        ({"A": "Deal UTC"}, "'Deal UTC', given for 'A', is not a slug"),
    ],
)
def test_a_mapping_that_does_not_fit_the_recording_is_refused(
    tmp_path: Path, facilities: dict[str, str], says: str
) -> None:
    path = recording(tmp_path, MINUTES + "A,2024-03-14T03:30:00Z,1\n")

    with pytest.raises(RecordingFault, match=re.escape(says)):
        load_recording(path, facilities)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Sheldon M. Chumir Centre", "sheldon-m-chumir-centre"),
        ("Alberta Children's Hospital", "alberta-childrens-hospital"),
        ("Hôpital de l’Érable", "hopital-de-lerable"),
        (
            "University Hospital Coventry Emergency Department, Clifford Bridge Road, Coventry",
            "university-hospital-coventry-emergency-department-clifford",
        ),
        ("x" * 80, "x" * 64),
        ("東京", ""),
    ],
)
def test_a_name_becomes_a_slug_cut_at_a_word(name: str, slug: str) -> None:
    assert facility_slug(name) == slug


@given(st.text())
def test_every_name_becomes_a_slug_or_nothing(name: str) -> None:
    slug = facility_slug(name)

    assert slug == "" or is_slug(slug)


def test_the_first_reading_is_now_and_gaps_are_kept_divided_by_the_speed() -> None:
    played = list(schedule(readings(0, 5, 5, 65), MONDAY_MORNING, speed=60))

    assert [(one.as_of - MONDAY_MORNING).total_seconds() for one in played] == [0, 5, 5, 65]
    assert [one.wait for one in played] == [one.wait for one in readings(0, 5, 5, 65)]


def test_what_is_played_is_labelled_simulated_and_all_its_times_move_together() -> None:
    [recorded] = readings(0)
    published = recorded.as_of + timedelta(seconds=3)
    recorded = observation(as_of=recorded.as_of, published_at=published)

    [played] = schedule([recorded], MONDAY_MORNING, speed=60)

    assert played.simulated
    assert played.published_at == MONDAY_MORNING + timedelta(seconds=3)
    assert played.received_at == MONDAY_MORNING + timedelta(seconds=5)


@given(st.lists(st.floats(0, 1e6), max_size=20), st.floats(0.01, 1e6))
def test_at_any_speed_the_order_stays_and_the_length_is_the_recorded_one_divided(
    minutes: list[float], speed: float
) -> None:
    recorded = readings(*sorted(minutes))
    played = list(schedule(recorded, MONDAY_MORNING, speed))

    assert len(played) == len(recorded)
    assert [one.as_of for one in played] == sorted(one.as_of for one in played)
    if played:
        length = (recorded[-1].as_of - recorded[0].as_of) / speed
        assert played[-1].as_of - played[0].as_of == length


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf"), 1e-300])
def test_a_speed_that_cannot_be_is_refused(speed: float) -> None:
    with pytest.raises(ReplayFault, match="speed"):
        schedule(readings(0, 5), MONDAY_MORNING, speed)


def test_readings_out_of_order_are_refused() -> None:
    with pytest.raises(ReplayFault, match="out of order"):
        schedule(readings(5, 0), MONDAY_MORNING, speed=1)


async def test_playing_waits_for_each_reading_and_goes_on_after_a_failure_where_it_was() -> None:
    clock = FakeClock()
    published: list[tuple[Observation, datetime]] = []
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.move(seconds=seconds)

    async def publish(observed: Observation) -> None:
        if len(published) == 1 and clock() < MONDAY_MORNING + timedelta(minutes=30):
            clock.move(minutes=30)
            raise ConnectionLost
        published.append((observed, clock()))

    playing = Replay(readings(0, 10, 20, 60), speed=1, now=clock, sleep=sleep)
    with pytest.raises(ConnectionLost):
        await playing.play(publish)
    await playing.play(publish)

    meant = [(one.as_of - MONDAY_MORNING) / timedelta(minutes=1) for one, _ in published]
    really = [(moment - MONDAY_MORNING) / timedelta(minutes=1) for _, moment in published]
    assert meant == [0, 10, 20, 60]
    assert really == [0, 40, 40, 60]
    assert slept == [600, 1200]
    assert playing.played == 4


def utc_now() -> datetime:
    return datetime.now(UTC)


async def heard(client: aiomqtt.Client) -> AsyncIterator[Observation | ProviderNotice]:
    async for message in client.messages:
        assert isinstance(message.payload, bytes)
        decoded = decode_message(
            str(message.topic),
            message.payload,
            area="east-kent",
            providers={"deal-utc": "replay"},
            now=utc_now(),
        )
        assert isinstance(decoded, Observation | ProviderNotice), decoded
        yield decoded


async def test_a_recording_is_played_over_a_real_broker_with_its_gaps(
    endpoint: MqttEndpoint,
) -> None:
    playing = Replay(readings(0, 5, 10), speed=600, now=utc_now)
    found: list[Observation | ProviderNotice] = []
    async with (
        aiomqtt.Client(endpoint.host, endpoint.port) as client,
        asyncio.timeout(60),
        asyncio.TaskGroup() as group,
    ):
        await client.subscribe("waitless/v1/#", qos=1)
        group.create_task(
            play_to_broker(
                playing, endpoint, area="east-kent", provider="replay", chance=random.Random(1)
            )
        )
        async for message in heard(client):
            found.append(message)
            if len(found) == 5:
                break

    [ready, *played, gone] = found
    assert isinstance(ready, ProviderNotice)
    assert ready.status is ProviderStatus.READY
    assert isinstance(gone, ProviderNotice)
    assert gone.status is ProviderStatus.DISCONNECTED
    observations = [one for one in played if isinstance(one, Observation)]
    assert [one.wait for one in observations] == [one.wait for one in readings(0, 5, 10)]
    assert all(one.simulated for one in observations)
    first = observations[0]
    assert [one.as_of - first.as_of for one in observations] == [
        timedelta(seconds=seconds) for seconds in (0, 0.5, 1)
    ]
    assert all(timedelta() <= one.received_at - one.as_of < timedelta(1) for one in observations)


async def test_a_replay_outlives_its_broker_and_loses_nothing(
    mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    playing = Replay(readings(*range(20)), speed=600, now=utc_now)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(
            play_to_broker(
                playing, endpoint, area="east-kent", provider="replay", chance=random.Random(1)
            )
        )
        while playing.played < 3:
            await asyncio.sleep(0.02)
        await asyncio.to_thread(mosquitto.kill)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(mosquitto.start)

    assert playing.played == 20


async def test_a_replay_ends_when_told_even_without_its_broker(
    mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    playing = Replay(readings(0, 1000), speed=1, now=utc_now)
    task = asyncio.create_task(
        play_to_broker(
            playing, endpoint, area="east-kent", provider="replay", chance=random.Random(1)
        )
    )
    while playing.played < 1:
        await asyncio.sleep(0.02)
    await asyncio.to_thread(mosquitto.kill)

    task.cancel()
    async with asyncio.timeout(30):
        with contextlib.suppress(asyncio.CancelledError):
            await task

    assert task.cancelled()


async def test_a_broker_that_is_not_there_to_begin_with_is_a_fault() -> None:
    nobody = MqttEndpoint(host="127.0.0.1", port=free_port())
    playing = Replay(readings(0), speed=1, now=utc_now)

    with pytest.raises(ConnectionLost):
        await play_to_broker(
            playing, nobody, area="east-kent", provider="replay", chance=random.Random(1)
        )


def run(*arguments: object) -> Result:
    return CliRunner().invoke(replay_command, [str(one) for one in arguments])


def test_the_command_prints_what_it_would_publish(tmp_path: Path) -> None:
    path = recording(
        tmp_path,
        MINUTES + "A,2024-03-14T03:00:00Z,1\nB,2024-03-14T03:01:00Z,2\nA,2024-03-14T05:00:00Z,3\n",
    )

    done = run(path, "--speed", 60, "--limit-hours", 2, "--facility", "A=deal-utc")

    assert done.exit_code == 0, done.output
    [line] = [orjson.loads(line) for line in done.stdout.splitlines()]
    assert line["after_s"] == 0
    assert line["topic"] == "waitless/v1/east-kent/replay/deal-utc/wait"
    assert line["message"]["source"] == replay_module.SOURCE
    assert line["message"]["simulated"] is True
    assert line["message"]["data"]["wait_minutes"] == 1


def test_the_command_publishes_to_the_broker_named(tmp_path: Path, endpoint: MqttEndpoint) -> None:
    path = recording(tmp_path, MINUTES + "A,2024-03-14T03:00:00Z,1\nA,2024-03-14T03:05:00Z,2\n")

    async def find_retained() -> bytes:
        async with aiomqtt.Client(endpoint.host, endpoint.port) as client:
            await client.subscribe("waitless/v1/thanet/kcht/a/wait")
            message = await asyncio.wait_for(anext(client.messages), 30)
            assert isinstance(message.payload, bytes)
            return message.payload

    done = run(
        path, "--speed", 3000, "--to", f"mqtt://127.0.0.1:{endpoint.port}",
        "--area", "thanet", "--provider", "kcht",
    )  # fmt: skip

    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    assert orjson.loads(asyncio.run(find_retained()))["data"]["wait_minutes"] == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--speed", "0"], "--speed"),
        (["--speed", "nan"], "--speed"),
        (["--limit-hours", "nan"], "--limit-hours"),
        (["--facility", "A"], "--facility"),
        (["--facility", "A=Deal UTC"], "--facility"),
        (["--facility", "B=deal-utc"], "no reading of 'B'"),
        (["--area", "East Kent"], "--area"),
        (["--provider", "a/b"], "--provider"),
        (["--to", "http://127.0.0.1"], "mqtt_url: mqtt://host or mqtts://host is wanted"),
        (["--to", f"mqtt://127.0.0.1:{free_port()}"], "mqtt://127.0.0.1:"),
    ],
    ids=lambda value: " ".join(value)[:16] if isinstance(value, list) else "",
)
def test_the_command_refuses_by_name_what_it_cannot_do(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    path = recording(tmp_path, MINUTES + "A,2024-03-14T03:00:00Z,1\n")

    done = run(path, *arguments)

    assert done.exit_code in (1, 2)
    assert says in done.stderr
    assert done.stdout == ""
