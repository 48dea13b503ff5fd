"""Storing a state and taking it up again: `waitless.forecast.state`."""

from datetime import UTC, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.waits import MONDAY, made_up
from waitless.forecast.learn import update
from waitless.forecast.predict import predict
from waitless.forecast.state import StateFault, decode_state, encode_state


def test_a_restored_state_goes_on_as_if_nothing_had_been() -> None:
    kept = restored = None
    for number, (at, wait) in enumerate(made_up(6)):
        kept = update(kept, wait, at, UTC)
        restored = update(restored, wait, at, UTC)
        assert restored is not None
        if number % 50 == 0:
            restored = decode_state(encode_state(restored))
    assert kept is not None
    assert restored is not None

    later = MONDAY + timedelta(days=6, hours=1)

    assert encode_state(restored) == encode_state(kept)
    assert predict(restored, later, UTC) == predict(kept, later, UTC)


def test_a_state_of_another_version_is_refused() -> None:
    state = update(None, next(made_up(1))[1], MONDAY, UTC)
    assert state is not None
    state.version = 2

    with pytest.raises(StateFault, match="version 2"):
        decode_state(encode_state(state))


def test_a_state_with_other_horizons_is_refused() -> None:
    state = update(None, next(made_up(1))[1], MONDAY, UTC)
    assert state is not None
    state.nodes.pop()

    with pytest.raises(StateFault, match="4 horizons"):
        decode_state(encode_state(state))


@given(
    st.one_of(
        st.binary(max_size=60), st.just(msgspec.msgpack.encode({"version": 1})), st.just(b"\x90")
    )
)
def test_what_is_no_state_is_refused_by_name(raw: bytes) -> None:
    with pytest.raises(StateFault):
        decode_state(raw)
