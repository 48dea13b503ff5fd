"""The wait message: every byte string becomes an observation or a named refusal."""

import json
import tracemalloc
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.events import decode_message, encode_event
from feeds.model import (
    Clock,
    Decoded,
    FacilityStatus,
    NoFigure,
    Observation,
    ProviderNotice,
    ProviderStatus,
    Refusal,
    RefusalReason,
    Statistic,
    Wait,
)
from tests.support.clock import MONDAY_MORNING
from tests.support.messages import event, event_bytes

TOPIC = "waitless/v1/east-kent/kcht/deal-utc/wait"
PROVIDERS = {"deal-utc": "kcht", "qeqm-ed": "ekhuft"}


def decode(payload: bytes, topic: str = TOPIC, now: datetime = MONDAY_MORNING) -> Decoded:
    return decode_message(topic, payload, area="east-kent", providers=PROVIDERS, now=now)


def assert_refused(decoded: Decoded, reason: RefusalReason) -> Refusal:
    assert isinstance(decoded, Refusal), decoded
    assert decoded.reason is reason
    assert decoded.where
    assert decoded.detail
    return decoded


def assert_observed(decoded: Decoded) -> Observation:
    assert isinstance(decoded, Observation), decoded
    return decoded


def test_a_message_becomes_an_observation() -> None:
    payload = event_bytes(
        clock={"from": "triage", "to": "clinician"},
        patients_waiting=6,
        patients_in_department=11,
        status="open",
        sequence=981,
    )

    observed = assert_observed(decode(payload))

    assert observed.facility_id == "deal-utc"
    assert observed.feed_id == "kcht"
    assert observed.as_of == MONDAY_MORNING
    assert observed.wait == Wait(
        minutes=22, statistic=Statistic.MEDIAN, clock=Clock(start="triage", stop="clinician")
    )
    assert (observed.patients_waiting, observed.patients_in_department) == (6, 11)
    assert observed.status is FacilityStatus.OPEN
    assert observed.sequence == 981
    assert not observed.simulated


def test_absent_null_zero_and_suppressed_are_four_different_things() -> None:
    silent = event()
    del silent["data"]["wait_minutes"]

    assert assert_observed(decode(orjson.dumps(silent))).wait is NoFigure.NOT_GIVEN
    assert assert_observed(decode(event_bytes(wait_minutes=None))).wait is NoFigure.UNKNOWN
    assert assert_observed(decode(event_bytes(wait_minutes="suppressed"))).wait is (
        NoFigure.SUPPRESSED
    )
    assert assert_observed(decode(event_bytes(wait_minutes=0))).wait == Wait(
        minutes=0, statistic=Statistic.MEDIAN
    )


def test_over_four_hours_keeps_its_lower_limit_and_gains_no_upper_one() -> None:
    observed = assert_observed(decode(event_bytes(wait_minutes={"low": 240, "high": None})))

    assert isinstance(observed.wait, Wait)
    assert (observed.wait.minutes, observed.wait.low, observed.wait.high) == (None, 240, None)


def test_a_time_with_an_offset_is_understood_in_utc() -> None:
    observed = assert_observed(decode(event_bytes(as_of="2026-11-23T11:00:00+01:00")))

    assert observed.as_of == MONDAY_MORNING


def test_age_counts_from_the_older_of_measured_and_published() -> None:
    older = (MONDAY_MORNING - timedelta(minutes=9)).isoformat()
    message = {**event(), "time": older}

    observed = assert_observed(decode(orjson.dumps(message)))

    assert observed.measured_at == MONDAY_MORNING - timedelta(minutes=9)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", RefusalReason.MALFORMED),
        (b"{", RefusalReason.MALFORMED),
        (b"\xff\xfe", RefusalReason.MALFORMED),
        (b'{"x":' + b"[" * 60_000, RefusalReason.MALFORMED),
        (b"NaN", RefusalReason.MALFORMED),
        (b"[]", RefusalReason.WRONG_TYPE),
        (b'"closed"', RefusalReason.WRONG_TYPE),
        (b"{}", RefusalReason.MISSING_FIELD),
        (b" " * 65_537, RefusalReason.TOO_LARGE),
        (event_bytes(wait_minutes=True), RefusalReason.WRONG_TYPE),
        (event_bytes(wait_minutes="22"), RefusalReason.WRONG_TYPE),
        (event_bytes(wait_minutes=[22]), RefusalReason.WRONG_TYPE),
        (event_bytes(wait_minutes=-1), RefusalReason.OUT_OF_RANGE),
        (event_bytes(wait_minutes=1e300), RefusalReason.OUT_OF_RANGE),
        (event_bytes(wait_minutes={"low": 60, "high": 30}), RefusalReason.OUT_OF_RANGE),
        (event_bytes(wait_minutes={}), RefusalReason.OUT_OF_RANGE),
        (event_bytes(patients_waiting=2.5), RefusalReason.WRONG_TYPE),
        (event_bytes(patients_waiting=-3), RefusalReason.OUT_OF_RANGE),
        (event_bytes(statistic="best"), RefusalReason.WRONG_TYPE),
        (event_bytes(status="ajar"), RefusalReason.WRONG_TYPE),
        (event_bytes(facility="qeqm-ed"), RefusalReason.TOPIC_MISMATCH),
        (event_bytes(as_of="yesterday"), RefusalReason.BAD_TIME),
        (event_bytes(as_of="2026-13-40T10:00:00Z"), RefusalReason.BAD_TIME),
        (event_bytes(as_of="2026-11-23T10:00:00"), RefusalReason.BAD_TIME),
        (event_bytes(as_of="2026-11-23T10:02:01Z"), RefusalReason.FUTURE),
        (event_bytes(as_of="2026-11-22T09:59:59Z"), RefusalReason.ANCIENT),
        (orjson.dumps({**event(), "specversion": "0.3"}), RefusalReason.WRONG_ENVELOPE),
        (orjson.dumps({**event(), "type": "com.example.other"}), RefusalReason.WRONG_ENVELOPE),
    ],
)
def test_what_cannot_be_an_observation_is_refused_by_name(
    payload: bytes, reason: RefusalReason
) -> None:
    assert_refused(decode(payload), reason)


def test_json_that_says_nan_is_malformed() -> None:
    payload = event_bytes().replace(b"22", b"NaN")

    assert_refused(decode(payload), RefusalReason.MALFORMED)


@pytest.mark.parametrize(
    "topic",
    [
        "wait",
        "waitless/v1/east-kent/kcht/deal-utc",
        "waitless/v2/east-kent/kcht/deal-utc/wait",
        "waitless/v1/west-kent/kcht/deal-utc/wait",
        "waitless/v1/east-kent/stranger/deal-utc/wait",
        "waitless/v1/east-kent/stranger/status",
        "waitless/v1/east-kent/kcht/Deal UTC/wait",
    ],
)
def test_a_topic_that_is_not_a_providers_is_refused(topic: str) -> None:
    assert_refused(decode(event_bytes(), topic), RefusalReason.WRONG_TOPIC)


def test_topics_as_long_as_mqtt_allows_fill_no_memory() -> None:
    tracemalloc.start()
    for number in range(1000):
        topic = f"waitless/v1/east-kent/kcht/{number:060000d}/wait"
        assert_refused(decode(b"{}", topic), RefusalReason.WRONG_TOPIC)
    held_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held_bytes < 1024 * 1024


def test_a_provider_may_not_speak_for_anothers_facility() -> None:
    topic = "waitless/v1/east-kent/kcht/qeqm-ed/wait"

    assert_refused(decode(event_bytes(facility="qeqm-ed"), topic), RefusalReason.UNKNOWN_FACILITY)


@pytest.mark.parametrize("status", list(ProviderStatus))
def test_a_status_message_is_a_providers_notice(status: ProviderStatus) -> None:
    topic = "waitless/v1/east-kent/kcht/status"

    assert decode(status.value.encode(), topic) == ProviderNotice(
        feed_id="kcht", status=status, received_at=MONDAY_MORNING
    )
    assert_refused(decode(b"fine", topic), RefusalReason.WRONG_TYPE)


minutes = st.floats(0, 3000).map(lambda number: round(number, 1))
waits = st.one_of(
    st.sampled_from(list(NoFigure)),
    st.builds(Wait, minutes=minutes, statistic=st.sampled_from(Statistic)),
    st.builds(lambda low, more: Wait(low=low, high=low + more), minutes, minutes),
    st.builds(Wait, low=minutes),
    st.builds(Wait, high=minutes),
)
people = st.none() | st.integers(0, 500)
observations = st.builds(
    Observation,
    facility_id=st.just("deal-utc"),
    feed_id=st.just("kcht"),
    as_of=st.datetimes(
        datetime(2026, 11, 23, 9, 0),  # noqa: DTZ001 - hypothesis adds the zone
        datetime(2026, 11, 23, 10, 0),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    received_at=st.just(MONDAY_MORNING),
    published_at=st.none() | st.just(MONDAY_MORNING),
    wait=waits,
    patients_waiting=people,
    patients_in_department=people,
    status=st.none() | st.sampled_from(FacilityStatus),
    sequence=st.none() | st.integers(0, 2**53),
    simulated=st.booleans(),
)


@given(observations)
def test_what_is_encoded_decodes_to_the_same(observation: Observation) -> None:
    assert decode(encode_event(observation, source="/tests")) == observation


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.binary(max_size=300), st.text(max_size=80))
def test_no_bytes_on_any_topic_raise(payload: bytes, topic: str) -> None:
    assert isinstance(decode(payload, topic), Observation | Refusal | ProviderNotice)
    assert isinstance(decode(payload), Observation | Refusal)


@given(st.sampled_from(["facility", "as_of", "wait_minutes", "clock", "status"]), json_values)
def test_no_value_in_any_field_raises(field: str, value: object) -> None:
    decoded = decode(json.dumps(event(**{field: value})).encode())

    assert isinstance(decoded, Observation | Refusal)
