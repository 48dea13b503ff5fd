from collections import Counter
from random import Random
from urllib.parse import parse_qs

import pytest
from multidict import MultiDict

from loadtests.questions import HERE_SHARE, Questions, load_population
from routing.modes import Mode
from tests.support.clock import MONDAY_MORNING
from waitless.area.pack import Area
from waitless.web.parse import PARAMETERS, parse_query, single_values


def _draw(area: Area, number: int) -> list[dict[str, str]]:
    crowd, chance = Questions(area, load_population()), Random(3)
    return [
        {name: values[0] for name, values in parse_qs(crowd.draw(chance)).items()}
        for _ in range(number)
    ]


def test_the_service_takes_every_question(east_kent: Area) -> None:
    for asked in _draw(east_kent, 5000):
        parse_query(single_values(MultiDict(asked), PARAMETERS), east_kent, Mode, MONDAY_MORNING)


def test_more_ask_from_where_more_live(east_kent: Area) -> None:
    weights = load_population()
    districts = Counter(asked.get("place") for asked in _draw(east_kent, 20_000))

    assert weights["CT9"] > 4 * weights["CT8"]
    assert districts["CT9"] > 2 * districts["CT8"] > 0


def test_some_ask_from_where_they_stand_and_most_by_car(east_kent: Area) -> None:
    asked = _draw(east_kent, 5000)

    assert sum("lat" in one for one in asked) / 5000 == pytest.approx(HERE_SHARE, abs=0.03)
    assert sum(one["mode"] == "drive" for one in asked) / 5000 == pytest.approx(0.7, abs=0.03)


def test_districts_of_another_area_are_refused(east_kent: Area) -> None:
    with pytest.raises(ValueError, match="serves none of the districts PL4"):
        Questions(east_kent, {"PL4": 1.0})
