"""Waits as sources write them: durations, bands, nulls, flags and counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.vocabulary.bands import Figure, parse_wait
from feeds.vocabulary.durations import parse_duration
from feeds.vocabulary.faults import VocabularyFault
from feeds.vocabulary.flags import parse_count, parse_flag
from feeds.vocabulary.nulls import is_null


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("3 hr 7 min", 187),
        ("4 hours 32 mins", 272),
        ("6h 15m", 375),
        ("6h15", 375),
        ("1 h 30", 90),
        ("0:33 Hours", 33),
        ("8:16", 496),
        ("30:19", 1819),
        ("01:30:00", 90),
        ("00 hour 00 minutes", 0),
        ("3 hour 03 minutes", 183),
        ("23 minutes", 23),
        ("0 minute", 0),
        ("3.5 hours", 210),
        ("1 hr. 5 min.", 65),
        ("2 hours and 15 minutes", 135),
        ("2 hours, 15 minutes", 135),
        ("1 day 2 hours", 1560),
        ("90 seconds", 1.5),
        ("an hour", 60),
        ("half an hour", 30),
        ("half-hour", 30),
        ("a quarter of an hour", 15),
        ("quarter of an hour", 15),
        ("three quarters of an hour", 45),
        ("an hour-and-a-half", 90),
        ("one and a half hours", 90),
        ("2 hours and a half", 150),
        ("1½ hours", 90),
        ("1 1/2 hours", 90),
        ("twenty-five minutes", 25),
        ("about 2 hours", 120),
        ("~ 30 minutes", 30),
        ("approx. 45 mins", 45),
        ("2\u00a0hours\u00a05\u00a0mins", 125),
        ("2 heures 10 minutes", 130),
    ],
)
def test_a_duration_is_read_in_minutes(text: str, minutes: float) -> None:
    assert parse_wait(text) == Figure(minutes=minutes)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("less than 1 hour", None, 60),
        ("less than 30 minutes", None, 30),
        ("under 30 mins", None, 30),
        ("up to 2 hours", None, 120),
        ("≤ 2h", None, 120),
        ("moins de 2 heures", None, 120),
        ("more than 6 hours", 360, None),
        ("Over 4 Hours", 240, None),
        ("over 4 hours", 240, None),
        ("> 8 hours", 480, None),
        ("4+ hours", 240, None),
        ("4 hours+", 240, None),
        ("4 hours or more", 240, None),
        ("at least an hour", 60, None),
        ("3 hours 30 minutes - 4 hours", 210, 240),
        ("3 hours 30 minutes – 4 hours", 210, 240),
        ("an hour-and-a-half to two hours", 90, 120),
        ("30 minutes to an hour", 30, 60),
        ("1-2 hours", 60, 120),
        ("1hr-2hr", 60, 120),
        ("30-60 min", 30, 60),
        ("from 1 to 2 hours", 60, 120),
        ("between 1 and 2 hours", 60, 120),
        ("between 1 hour and 30 minutes and 2 hours", 90, 120),
        ("more than 1 hour but less than 2 hours", 60, 120),
        ("01:30 - 02:00", 90, 120),
        ("about 2 to 3 hours", 120, 180),
    ],
)
def test_a_band_keeps_its_limits_and_invents_no_figure(
    text: str, low: float | None, high: float | None
) -> None:
    assert parse_wait(text) == Figure(low=low, high=high)


@pytest.mark.parametrize(
    ("text", "unit", "figure"),
    [
        ("< 1", "hours", Figure(high=60)),
        ("> 8", "hours", Figure(low=480)),
        ("15-30", "minutes", Figure(low=15, high=30)),
        ("8.27", "hours", Figure(minutes=496.2)),
        ("45", "minutes", Figure(minutes=45)),
    ],
)
def test_a_bare_number_needs_a_unit(text: str, unit: str, figure: Figure) -> None:
    assert parse_wait(text, unit) == figure  # type: ignore[arg-type]
    with pytest.raises(VocabularyFault):
        parse_wait(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "hours", "less than", "No wait", "nil", "none", "soon", "?", "five", "a", "1e5"),
        *("-5 minutes", "8:75", "8:16 minutes", "1 hr 75 min", "1.5 hours 20 minutes"),
        *("30 minutes 1 hour", "4 hours 4 hours", "3 hr 7", "1,200 minutes", "5 apples"),
        *("2 hours - 1 hour", "2 - 1 hour 30 minutes", "1 hour - 2", "1 - 2 - 3 hours"),
        *("over over 4 hours", "over 4 - 6 hours", "less than 0 minutes", "one-two hours"),
        *("WAIT TIME more than 1 hour", "429: Too Many Requests", "2025-10-31", "٣ hours"),
        "3 hours " * 100,
    ],
)
def test_what_is_no_wait_is_refused_and_never_guessed(text: str) -> None:
    with pytest.raises(VocabularyFault):
        parse_wait(text)


@given(st.one_of(st.text(max_size=60), st.from_regex(r"[0-9a-z <>+\-:.½]{0,40}", fullmatch=True)))
def test_any_text_is_a_wait_or_the_fault(text: str) -> None:
    try:
        figure = parse_wait(text, "minutes")
    except VocabularyFault:
        return
    assert any(limit is not None for limit in (figure.minutes, figure.low, figure.high))
    assert all((limit or 0) >= 0 for limit in (figure.minutes, figure.low, figure.high))


@given(st.integers(0, 47), st.integers(0, 59))
def test_hours_and_minutes_mean_the_same_in_every_spelling(hours: int, minutes: int) -> None:
    spelt = {
        parse_duration(text)
        for text in (
            f"{hours} hr {minutes} min",
            f"{hours}h{minutes:02}",
            f"{hours}:{minutes:02}",
            f"{hours:02} hours and {minutes:02} minutes",
        )
    }
    assert spelt == {60 * hours + minutes}


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", " ", "\u00a0", "-", "—", "...", {}, []),
        *("Not available", "Wait times unavailable", "No data", "N/A", "n.a.", "NULL", "Closed"),
        *("Managing multiple resuscitation cases", "pas d'information disponible"),
        *("Pas d’information disponible", "Waiting time currently not available"),
        *("No data available at this time", "Unknown", "temporarily unavailable"),
    ],
)
def test_a_null_is_known_in_every_spelling(value: object) -> None:
    assert is_null(value)


@pytest.mark.parametrize("value", ["00", 0, False, "No wait", "none", "nil", "?", "*", "0 min"])
def test_what_may_be_zero_is_no_null(value: object) -> None:
    assert not is_null(value)


def test_a_source_can_have_nulls_of_its_own() -> None:
    assert is_null("See staff!", ["see  staff"])


@pytest.mark.parametrize(("value", "flag"), [("False", False), ("True", True), ("Y", True)])
def test_a_flag_is_read_from_its_word(value: object, *, flag: bool) -> None:
    assert parse_flag(value) is flag


@pytest.mark.parametrize("value", ["", "perhaps", None, 2])
def test_a_word_that_is_no_flag_is_refused(value: object) -> None:
    with pytest.raises(VocabularyFault):
        parse_flag(value)


@pytest.mark.parametrize(("value", "count"), [(7, 7), ("07", 7), (" 12 ", 12), (3.0, 3), (0, 0)])
def test_a_count_is_read(value: object, count: int) -> None:
    assert parse_count(value) == count


@pytest.mark.parametrize("value", ["<5", "12 people", "1.5", True, [], "-1", "٣"])
def test_what_is_no_count_is_refused(value: object) -> None:
    with pytest.raises(VocabularyFault):
        parse_count(value)


@pytest.mark.parametrize("value", [-1, 1.5, 10**9, float("inf")])
def test_a_count_of_nobodies_is_out_of_range(value: object) -> None:
    with pytest.raises(OverflowError):
        parse_count(value)
