"""Travel tables of the shipped pack, built once."""

import pytest

from waitless.area.pack import Area
from waitless.travel import TravelBuilder, TravelTables


@pytest.fixture(scope="session")
def travel(east_kent: Area) -> TravelTables:
    return TravelBuilder(east_kent, 720).build()
