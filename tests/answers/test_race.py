"""Answers stay right while boards, overrides, tables and the clock change between questions."""

import random
from datetime import timedelta
from types import MappingProxyType

from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.model import FacilityStatus
from routing.modes import Mode
from tests.support.clock import MONDAY_MORNING
from tests.support.messages import observation
from waitless.answers.answers import Answers, as_of_last_change
from waitless.answers.instants import render
from waitless.answers.nearcache import NearCache
from waitless.answers.question import Questions
from waitless.answers.render import Renderer
from waitless.area.facility import Need
from waitless.area.pack import Area
from waitless.board import Board
from waitless.cell import cell_of
from waitless.health import FeedHealth
from waitless.health.states import SwitchedOff
from waitless.override import Override
from waitless.reading import apply_observation
from waitless.recommend.query import Query
from waitless.recommend.recommend import recommend
from waitless.travel import TravelTables

MOST_MINUTES, STEPS = 45, 300
ORIGINS = [cell_of(51.223, 1.4), cell_of(51.28, 1.08), cell_of(51.44, 0.762)]


class World:
    """What answers are made from, changed at random, and the plain answer to compare with."""

    def __init__(self, area: Area, travel: TravelTables, seed: int, entries: int) -> None:
        self.lots = random.Random(seed)
        self.area = area
        self.now = MONDAY_MORNING
        self.tables = self.first_tables = travel
        self.board = Board(epoch=1)
        self.cache = NearCache(most_entries=entries, most_bytes=2**20)
        self.answers = Answers(
            area,
            board=lambda: self.board,
            tables=lambda: self.tables,
            renderer=Renderer(area, horizon_minutes=720),
            cache=self.cache,
        )
        self.questions = Questions(area)

    def change(self) -> None:
        match self.lots.randrange(7):
            case 0:
                self.now += timedelta(seconds=self.lots.choice([0.4, 3, 70, 900, -4]))
            case 1:
                self.tables = self.first_tables.dated(self.now)
            case 2:  # a renewal that brings nothing new
                self.replace_board(epoch=self.board.epoch)
            case 3:
                self.replace_board(degraded=not self.board.degraded)
            case 4:
                off = SwitchedOff(by="night-desk", why="wrong", at=self.now, until=None)
                health = FeedHealth(id="kcht", transport="mqtt", cadence_s=300)
                health.off = self.lots.choice([None, off])
                self.replace_board(feeds={"kcht": health})
            case 5:
                one = Override(
                    facility_id=self.lots.choice(list(self.area.facilities)),
                    at=self.now,
                    until=self.now + timedelta(seconds=self.lots.choice([1.5, 65, 3000])),
                    by="night-desk",
                    why="rang",
                    status=self.lots.choice([None, *FacilityStatus]),
                    wait_minutes=self.lots.choice([None, 0, 45]),
                )
                self.replace_board(overrides={**self.board.overrides, one.facility_id: one})
            case _:
                facility_id = self.lots.choice(list(self.area.facilities))
                as_of = self.now - timedelta(minutes=self.lots.choice([0, 5, 29.99, 31]))
                posted = observation(facility_id, self.lots.randrange(300), as_of=as_of)
                readings = {**self.board.readings, facility_id: apply_observation(None, posted)}
                self.replace_board(epoch=self.board.epoch + 1, readings=readings)

    def replace_board(self, **changed: object) -> None:
        given = {
            "epoch": self.board.epoch,
            "readings": self.board.readings,
            "overrides": self.board.overrides,
            "feeds": self.board.feeds,
            "degraded": self.board.degraded,
            **changed,
        }
        self.board = Board(**given)  # type: ignore[arg-type]

    def draw_query(self) -> Query:
        return Query(
            origin=self.lots.choice(ORIGINS),
            label="Deal",
            mode=self.lots.choice([Mode.DRIVE, Mode.WALK]),
            need=self.lots.choice([Need.WOUND, Need.SUSPECTED_FRACTURE]),
            age_years=self.lots.choice([None, 0, 1, 34, 35]),
        )

    def plain(self, query: Query) -> bytes:
        return render(
            recommend(
                query,
                area=self.area,
                journeys=self.tables.journeys_from(query.origin, query.mode),
                board=self.board,
                now=as_of_last_change(self.board, self.now),
            )
        )


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32), entries=st.sampled_from([3, 1000]))
def test_every_answer_is_the_plain_one_of_its_board_table_and_instant(
    east_kent: Area, travel: TravelTables, seed: int, entries: int
) -> None:
    world = World(east_kent, travel, seed, entries)
    for _ in range(STEPS):
        if world.lots.random() < 0.4:
            world.change()
        query = world.draw_query()

        entry = world.answers.find(world.questions.make(query, private=False), world.now)

        assert entry.body == world.plain(query)
        assert len(world.cache) <= entries
    assert world.cache.hits
    assert world.cache.nbytes <= 2**20


def test_a_renewal_with_nothing_new_and_another_modes_table_empty_nothing(
    east_kent: Area, travel: TravelTables
) -> None:
    world = World(east_kent, travel, 1, 100)
    walking = Query(origin=ORIGINS[0], label="Deal", mode=Mode.WALK)
    question = world.questions.make(walking, private=False)
    first = world.answers.find(question, world.now)

    world.replace_board()
    driven = TravelTables(
        {**travel.by_mode, Mode.DRIVE: travel.dated(world.now).by_mode[Mode.DRIVE]}
    )
    world.tables = driven

    assert world.answers.find(question, world.now) is first
    assert (world.cache.hits, world.cache.misses) == (1, 1)


def test_a_new_epoch_empties_the_cache(east_kent: Area, travel: TravelTables) -> None:
    world = World(east_kent, travel, 1, 100)
    question = world.questions.make(Query(origin=ORIGINS[0], label="Deal"), private=False)
    first = world.answers.find(question, world.now)

    world.replace_board(readings=MappingProxyType({}), epoch=2)

    assert world.answers.find(question, world.now) is not first
    assert len(world.cache) == 1


def test_the_least_recently_asked_answer_is_evicted(east_kent: Area, travel: TravelTables) -> None:
    world = World(east_kent, travel, 1, 2)
    one, two, three = (
        world.questions.make(Query(origin=origin, label="Deal"), private=False)
        for origin in ORIGINS
    )
    for question in (one, two, one, three):
        world.answers.find(question, world.now)

    world.answers.find(one, world.now)
    world.answers.find(two, world.now)

    assert (world.cache.hits, world.cache.evicted) == (2, 2)
