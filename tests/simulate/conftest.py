"""The shipped model, built once; people of a short replication."""

import pytest

from waitless.answers.doors import Doors
from waitless.area.pack import Area
from waitless.simulate.assumptions import load_assumptions
from waitless.simulate.draws import Draws, draw
from waitless.simulate.kent import Kent, build_kent

DAYS = 4


@pytest.fixture(scope="session")
def kent(east_kent: Area) -> Kent:
    return build_kent(east_kent, load_assumptions())


@pytest.fixture(scope="session")
def people(kent: Kent) -> Draws:
    return draw(kent, DAYS, seed=3, replication=0)


@pytest.fixture(scope="session")
def doors(kent: Kent) -> Doors:
    return kent.lay_out_doors(DAYS)
