"""A polled document read as its definition says."""

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.definition import DefinitionFault, FeedDefinition, load_definition
from feeds.model import NoFigure, Observation, Refusal, RefusalReason, Statistic, Wait
from feeds.rows import decode_document
from tests.conftest import DATA

NOW = datetime(2023, 7, 5, 17, 30, tzinfo=UTC)
DEFINITION = load_definition(DATA / "plymouth" / "feeds" / "plymouth.toml")


def document(*rows: object, name: str = "Cumberland Centre") -> bytes:
    return orjson.dumps({"name": name, "latitude": -4.16884, "data": [list(rows)]})


def row(dt: object = "2023-7-5T17:0:26Z", wait: object = 112, people: object = 24) -> object:
    return {
        "dt": dt,
        "longest_wait": wait,
        "patients_waiting": people,
        "patients_in_department": people,
    }


def decode(payload: bytes) -> list[Observation | Refusal]:
    return list(decode_document(DEFINITION, payload, NOW))


def test_a_row_becomes_an_observation_with_its_three_figures_and_odd_time() -> None:
    [observed] = decode(document(row()))

    assert isinstance(observed, Observation)
    assert observed.facility_id == "cumberland-centre-utc"
    assert observed.as_of == datetime(2023, 7, 5, 17, 0, 26, tzinfo=UTC)
    assert observed.wait == Wait(minutes=112, statistic=Statistic.LONGEST)
    assert (observed.patients_waiting, observed.patients_in_department) == (24, 24)


def test_rows_come_oldest_first_whatever_their_order() -> None:
    late, early = row("2023-7-5T17:5:0Z"), row("2023-7-5T16:55:0Z")

    times = [one.as_of for one in decode(document(late, early)) if isinstance(one, Observation)]

    assert times == sorted(times)
    assert len(times) == 2


def test_one_bad_row_costs_only_itself_and_says_where_it_is() -> None:
    good, bad = row(), row(dt="2023-7-5T17:5:26Z", wait="many")

    observed, refused = sorted(decode(document(good, bad)), key=lambda one: type(one).__name__)

    assert isinstance(observed, Observation)
    assert isinstance(refused, Refusal)
    assert refused.reason is RefusalReason.UNREADABLE_WAIT
    assert refused.where == "row 2, wait"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"<html>503</html>", RefusalReason.MALFORMED),
        (b"", RefusalReason.MALFORMED),
        (b"{}", RefusalReason.MISSING_FIELD),
        (b'{"data": []}', RefusalReason.EMPTY),
        (b'{"data": 5}', RefusalReason.MISSING_FIELD),
        (b"[]", RefusalReason.MISSING_FIELD),
        (document(row(), name="Cumberland Center"), RefusalReason.UNKNOWN_FACILITY),
        (document(row(dt=None)), RefusalReason.MISSING_FIELD),
        (document(row(dt="soon")), RefusalReason.BAD_TIME),
        (document(row(dt="2023-7-5T18:0:0Z")), RefusalReason.FUTURE),
        (document(row(dt="2023-7-3T18:0:0Z")), RefusalReason.ANCIENT),
        (document(row(wait=True)), RefusalReason.WRONG_TYPE),
        (document(row(wait=-5)), RefusalReason.OUT_OF_RANGE),
        (document(row(people=1.5)), RefusalReason.OUT_OF_RANGE),
        (document(row(people="many")), RefusalReason.WRONG_TYPE),
        (document(row(wait=0)), RefusalReason.AMBIGUOUS),
        (document(row(wait=0, people=None)), RefusalReason.AMBIGUOUS),
        (document(row(), row(wait=113)), RefusalReason.AMBIGUOUS),
        (document(row(), name="x" * 20_000), RefusalReason.TOO_LARGE),
        (b"[" * 100_000, RefusalReason.MALFORMED),
        (b" " * (2 * 1024 * 1024 + 1), RefusalReason.TOO_LARGE),
        (document("not a row"), RefusalReason.MISSING_FIELD),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(payload: bytes, reason: RefusalReason) -> None:
    refusals = decode(payload)

    assert [refusal.reason for refusal in refusals if isinstance(refusal, Refusal)] == [reason]


def test_rows_that_say_the_same_twice_are_one_observation() -> None:
    assert len(decode(document(row(), row()))) == 1


def test_rows_that_disagree_refuse_each_other_and_name_the_facility() -> None:
    [refused] = decode(document(row(wait=100), row(wait=112)))

    assert isinstance(refused, Refusal)
    assert refused.where == "cumberland-centre-utc"


def test_null_is_no_zero_and_zero_needs_an_empty_queue() -> None:
    [unknown] = decode(document(row(wait=None)))
    [empty] = decode(document(row(wait=0, people=0)))

    assert isinstance(unknown, Observation)
    assert unknown.wait is NoFigure.UNKNOWN
    assert isinstance(empty, Observation)
    assert empty.wait == Wait(minutes=0, statistic=Statistic.LONGEST)


@given(st.binary(max_size=200))
def test_no_body_raises(payload: bytes) -> None:
    assert all(isinstance(one, Observation | Refusal) for one in decode(payload))


def test_the_recorded_plymouth_series_is_read_whole(shared_data: Path) -> None:
    payload = (shared_data / "feeds/uk_plymouth_uhp/facility_timeseries_response.json").read_bytes()

    decoded = decode(payload)

    assert len(decoded) == 59
    assert all(isinstance(one, Observation) for one in decoded)


SOUND = (DATA / "plymouth" / "feeds" / "plymouth.toml").read_text()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('zone = "Europe/London"', 'zone = "Europe/Plymouth"', "$.zone"),
        ("cadence_s = 300", "cadence_s = 0", "$.cadence_s"),
        ("cadence_s = 300", "cadence_s = 300\nretries = 3", "retries"),
        ('path = "data[]"', 'path = "data["', "$.rows.path"),
        ('url = "http', 'url = "gopher', "$.transport.url"),
        ('{ path = "dt" }', "{ }", "path"),
        ('statistic = "longest"', 'statistic = "worst"', "$.fields.wait.statistic"),
        ('id = "plymouth-page"', 'id = "Plymouth page"', "$.id"),
        ('{ path = "dt" }', '{ path = "dt", document = "dt" }', "$.fields.as_of"),
        ('{ path = "dt" }', '{ path = "dt", received = true }', "$.fields.as_of"),
        ('{ path = "dt" }', '{ path = "dt", formats = ["sundial"] }', "formats"),
        ('{ path = "dt" }', '{ path = "dt", formats = ["auto", "month_first"] }', "contradict"),
        ('{ path = "dt" }', '{ path = "dt", pattern = "(" }', "$.fields.as_of"),
        ('{ path = "dt" }', '{ path = "dt", pattern = "no group" }', "one group"),
        ('{ path = "dt" }', '{ path = "dt", attribute = "title" }', "$.fields.as_of"),
        ('{ document = "name" }', '{ document = "name[" }', "$.fields.facility"),
        ('format = "json"', 'format = "xml"', "$.rows"),
        ('kind = "http-poll"', 'kind = "pigeon"', "$.transport"),
        ('kind = "http-poll"', 'kind = "http-poll"\nmax_bytes = 16_777_217', "max_bytes"),
        ("[facilities]", 'expected = ["nobody"]\n[facilities]', "expected"),
        ('"Cumberland Centre" =', '"TAVISTOCK minor injuries unit" =', "means both"),
        ("[facilities]", "[facilities]\n'?' = 'x'", "$.facilities"),
        ('= "tavistock-miu"', '= "Tavistock MIU"', "$.facilities"),
    ],
)
def test_a_faulty_definition_is_refused_with_its_field(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(SOUND.replace(old, new))
    assert path.read_text() != SOUND

    with pytest.raises(DefinitionFault) as fault:
        load_definition(path)

    assert str(fault.value).startswith("broken.toml: ")
    assert says in str(fault.value)


def test_a_sound_definition_says_what_it_says() -> None:
    assert isinstance(DEFINITION, FeedDefinition)
    assert DEFINITION.cadence_s == 300


@pytest.mark.parametrize("field", ["longest_wait", "dt", "patients_waiting"])
def test_a_value_nested_deeper_than_python_can_print_is_refused(field: str) -> None:
    deep = b'{"a":' * 900 + b"1" + b"}" * 900
    payload = document(row()).replace(
        f'"{field}":'.encode(), f'"{field}":'.encode() + deep + b',"x":'
    )

    assert [one.reason for one in decode(payload) if isinstance(one, Refusal)] != []
