"""Names that drift, and coordinates that change places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.vocabulary.names import fold, fold_table
from feeds.vocabulary.positions import Place, place_in_box

PLYMOUTH = {"south": 50.1, "west": -4.6, "north": 50.8, "east": -3.5}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("St John’s Hospital", "ST JOHN'S  HOSPITAL"),
        ("Children's", "Children&#39;s"),
        ("Cumberland Infirmary, Carlisle", "Cumberland Infirmary,\nCarlisle"),
        ("Kent & Canterbury", "Kent and Canterbury"),
        ("HÔPITAL D'AMQUI", "hopital d’amqui"),
        ("Victoria Hospital (Deal)", "Victoria Hospital, Deal"),
        ("Estuary\u00a0View\u200b", "Estuary View"),
    ],
)
def test_spellings_of_one_name_fold_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_different_names_stay_different() -> None:
    assert fold("South Health Campus") != fold("South Health Campus Children")


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_two_spellings_of_one_name_cannot_mean_two_facilities() -> None:
    with pytest.raises(ValueError, match="means both"):
        fold_table({"St John's": "a", "ST JOHNS": "b"})


@pytest.mark.parametrize(
    ("latitude", "longitude", "place"),
    [
        (50.4, -4.1, Place.INSIDE),
        (-4.1, 50.4, Place.SWAPPED),
        (51.5, -0.1, Place.OUTSIDE),
        (float("nan"), -4.1, Place.OUTSIDE),
    ],
)
def test_a_point_is_placed(latitude: float, longitude: float, place: Place) -> None:
    assert place_in_box(latitude, longitude, **PLYMOUTH) is place


def test_a_character_reference_of_thousands_of_digits_raises_nothing() -> None:
    assert fold("St John&#" + "1" * 10_000)
