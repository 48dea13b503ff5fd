"""Numbers are rounded as Python rounds them, and fragments fit the room that is made for them."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from waitless.answers.pen import round_half_even, round_to_tenths
from waitless.answers.texts import lay_end_to_end


@hypothesis_settings(deadline=None)  # compiled at the first call
@given(st.floats(0, 1e6))
@example(0.15)
@example(0.25)
@example(0.35)
@example(12.25)
@example(2.675)
@example(1e5 + 0.05)
def test_tenths_are_those_of_round(value: float) -> None:
    assert f"{round_to_tenths(value) / 10:.1f}" == f"{round(value, 1):.1f}"


@hypothesis_settings(deadline=None)
@given(st.integers(0, 10_000_000))
def test_twentieths_are_rounded_by_their_exact_value(twentieths: int) -> None:
    value = twentieths / 20
    assert f"{round_to_tenths(value) / 10:.1f}" == f"{value:.1f}"


@hypothesis_settings(deadline=None)  # compiled at the first call
@given(st.floats(0, 1e9))
@example(0.5)
@example(1.5)
@example(2.5)
def test_whole_numbers_are_those_of_round(value: float) -> None:
    assert round_half_even(value) == round(value)


@given(st.lists(st.binary(max_size=20)), st.lists(st.binary(max_size=20)))
def test_fragments_lie_where_they_are_looked_for(one: list[bytes], other: list[bytes]) -> None:
    texts = lay_end_to_end(one, other)

    ends = texts.first.tolist()
    told = [texts.blob[a:b].tobytes() for a, b in pairwise(ends)]

    assert told == [*one, *other]
