"""Ranking: a total order in which no dominated place comes first."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from routing.rank import Candidate, Range, rank, similar

minutes = st.floats(0, 600)
ranges = st.lists(minutes, min_size=4, max_size=4).map(
    lambda four: Range(p10=min(four), p50=sorted(four)[1], p90=max(four), mean=sorted(four)[2])
)
candidates = st.lists(
    st.builds(
        Candidate,
        id=st.text("abcdefgh", min_size=1, max_size=3),
        travel_minutes=minutes,
        wait=st.none() | ranges,
        tier=st.integers(0, 1),
    ),
    max_size=12,
    unique_by=lambda candidate: candidate.id,
)


def beats(one: Candidate, other: Candidate) -> bool:
    """Whether one is at least as good in everything, and better in something."""
    if one.tier != other.tier or one.wait is None or other.wait is None:
        return False
    figures = [
        (one.travel_minutes, other.travel_minutes),
        (one.wait.p10, other.wait.p10),
        (one.wait.p50, other.wait.p50),
        (one.wait.p90, other.wait.p90),
        (one.wait.mean, other.wait.mean),
    ]
    return all(a <= b for a, b in figures) and any(
        a + 1e-6 < b for a, b in figures[:1] + figures[4:]
    )


@given(candidates)
def test_a_dominated_place_is_never_first(places: list[Candidate]) -> None:
    ranked = rank(places)

    assert not any(beats(other, ranked[0]) for other in ranked[1:])


@given(candidates, st.randoms())
def test_the_order_does_not_depend_on_the_order_given(
    places: list[Candidate], chance: Random
) -> None:
    shuffled = list(places)
    chance.shuffle(shuffled)

    assert rank(shuffled) == rank(places)
    assert sorted(place.id for place in rank(places)) == sorted(place.id for place in places)


@given(candidates)
def test_unknown_waits_come_last_and_doubtful_places_after_sure_ones(
    places: list[Candidate],
) -> None:
    keys = [(place.wait is None, place.tier) for place in rank(places)]

    assert keys == sorted(keys)


@given(ranges, ranges)
def test_similarity_goes_both_ways(one: Range, other: Range) -> None:
    assert similar(one, other) == similar(other, one)


def test_ranges_that_hardly_touch_are_not_similar() -> None:
    one = Range(p10=10, p50=20, p90=40, mean=22)

    assert similar(one, Range(p10=15, p50=25, p90=45, mean=27))
    assert not similar(one, Range(p10=38, p50=50, p90=80, mean=55))


def test_a_narrow_range_within_a_wide_one_is_not_similar() -> None:
    sure, unsure = Range(p10=35, p50=40, p90=55, mean=42), Range(p10=20, p50=60, p90=115, mean=65)

    assert not similar(sure, unsure)
