"""Ids: read from callers, and the same for one delivery in every process."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.clock import MONDAY_MORNING
from waitless.tracing.context import (
    Caller,
    SpanRef,
    is_chosen,
    read_traceparent,
    ref_of_delivery,
)

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
REF = SpanRef(int(TRACE, 16), int(SPAN, 16))
instants = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them so


def test_a_callers_span_is_read() -> None:
    assert read_traceparent(f"00-{TRACE}-{SPAN}-01") == Caller(REF, sampled=True)
    assert read_traceparent(f"00-{TRACE}-{SPAN}-00") == Caller(REF, sampled=False)
    assert read_traceparent(f"00-{TRACE}-{SPAN}-03") == Caller(REF, sampled=True)


def test_of_a_version_to_come_what_is_known_is_read() -> None:
    assert read_traceparent(f"01-{TRACE}-{SPAN}-01-more") == Caller(REF, sampled=True)
    assert read_traceparent(f"00-{TRACE}-{SPAN}-01-more") is None
    assert read_traceparent(f"ff-{TRACE}-{SPAN}-01") is None


@given(st.text(max_size=80) | st.from_regex(r"[0-9a-f]{2}(-[0-9a-fA-F]+){3}", fullmatch=True))
@example(f"00-{'0' * 32}-{SPAN}-01")
@example(f"00-{TRACE}-{'0' * 16}-01")
@example(f"00-{TRACE.upper()}-{SPAN}-01")
@example(f"00-{TRACE}-{SPAN}-01\n")
@example(f" 00-{TRACE}-{SPAN}-01")
@example(f"00-{TRACE}-{SPAN}-1")
@example(f"00-{TRACE}-{SPAN}")
@example("")
def test_what_is_out_of_form_is_nobody(text: str) -> None:
    caller = read_traceparent(text)

    assert caller is None or (all(caller.ref) and text.startswith(text[:2] + "-"))
    if caller is not None:
        assert f"{caller.ref.trace_id:032x}-{caller.ref.span_id:016x}" in text


@given(instants, st.integers(1, 10**9), st.sampled_from(["kcht", "ekhuft"]))
def test_a_delivery_has_one_trace_wherever_it_is_asked_for(
    received_at: datetime, later_us: int, feed_id: str
) -> None:
    ref = ref_of_delivery("east-kent", feed_id, received_at)
    elsewhere = received_at.astimezone(timezone(timedelta(hours=1)))

    assert ref_of_delivery("east-kent", feed_id, elsewhere) == ref
    assert ref_of_delivery("kent", feed_id, received_at) != ref
    assert ref_of_delivery("east-kent", feed_id + "x", received_at) != ref
    later = received_at + timedelta(microseconds=later_us)
    assert ref_of_delivery("east-kent", feed_id, later) != ref
    assert 0 < ref.trace_id < 2**128
    assert 0 < ref.span_id < 2**64


@given(st.integers(1, 2**128 - 1), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_ratio_chooses_all_that_a_lower_one_does(
    trace_id: int, one: float, other: float
) -> None:
    assert is_chosen(trace_id, 1.0)
    assert not is_chosen(trace_id, 0.0)
    assert is_chosen(trace_id, min(one, other)) <= is_chosen(trace_id, max(one, other))


def test_as_many_deliveries_are_chosen_as_the_ratio_says() -> None:
    refs = [
        ref_of_delivery("east-kent", "kcht", MONDAY_MORNING + timedelta(seconds=n))
        for n in range(10_000)
    ]

    assert 900 < sum(is_chosen(ref.trace_id, 0.1) for ref in refs) < 1100
