"""A writer here, an answering process there, Redis between them: answers stay right and fresh."""

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from redis.asyncio import Redis

from routing.modes import Mode
from routing.tablefile import encode_frame, encode_table
from tests.support.messages import observation
from tests.support.processes import Serving, serve, starved_s
from tests.support.servers import Server
from tests.support.tasks import end
from waitless.answers.answers import as_of_last_change
from waitless.answers.instants import render
from waitless.area.pack import Area
from waitless.board import Board
from waitless.health import FeedHealth
from waitless.health.states import SwitchedOff
from waitless.ledger.entries import Held, Learnt
from waitless.ledger.picture import picture_of
from waitless.ledger.policy import Policy
from waitless.pulse import Pulse
from waitless.reading import Reading, apply_observation
from waitless.recommend.recommend import recommend
from waitless.store import Store
from waitless.traffic.edges import EdgeTimes
from waitless.travel import MODES, Shelf, TravelBuilder, TravelTables
from waitless.travel.shelf import Entry
from waitless.web.targets import Targets

CHANGES = 1000
LATE_S = 0.1
"""How much older than the newest notice an answer may be."""
TABLE_LATE_S = 1.0
"""The same of travel tables, which are fetched and checked in a thread."""
QUESTIONS = [
    b"place=CT14&need=wound", b"lat=51.28&lon=1.08", b"place=Deal&mode=walk&limit=50",
    b"lat=51.3600&lon=1.4000&need=suspected_fracture&age=7",
]  # fmt: skip


LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Version:
    """One state of one thing that is written, and when it became so."""

    content: Any
    begun: float
    heard: float | None = None
    """When its notice came to a plain subscriber."""
    starved_s: float = 0.0
    """How long the processes had waited for a processor by then."""


@dataclass
class Versions:
    """All states of one thing, in order."""

    late_s: float = LATE_S
    known: list[Version] = field(default_factory=list)
    notices: int = 0

    def add(self, content: object) -> None:
        self.known.append(Version(content, time.monotonic()))

    def hear(self, starved_s: float) -> None:
        version = self.known[self.notices]
        version.heard, version.starved_s = time.monotonic(), starved_s
        self.notices += 1

    def allowed(self, asked: "Asked") -> Iterator[Any]:
        """What an answer may have been made from: neither superseded long ago, nor yet to come."""
        for version, newer in zip(self.known, [*self.known[1:], None], strict=True):
            if version.begun > asked.answered:
                return
            if newer is None or newer.heard is None or not asked.is_late_for(newer, self.late_s):
                yield version.content


@dataclass
class Asked:
    """One question and its answer."""

    query: bytes
    began: float
    began_at: datetime
    body: bytes = b""
    answered: float = 0.0
    answered_at: datetime = LONG_AGO
    starved_s: float = 0.0
    """As `Version.starved_s`, by when it was answered: a wait is counted once it is over."""

    def is_late_for(self, version: Version, late_s: float) -> bool:
        """Whether whoever answers should have known it, had it had a processor all the time."""
        assert version.heard is not None
        starved_s = self.starved_s - version.starved_s
        return self.began > version.heard + late_s + starved_s


class Writer:
    """Changes readings, switches a feed off and on, and swaps travel tables, by lots."""

    def __init__(self, redis: Redis, area: Area, pids: list[int], seed: int) -> None:
        self._lots = random.Random(seed)
        self._area = area
        self._redis = redis
        self._store, self._shelf = Store(redis, area.id), Shelf(redis, area.id)
        self._pids = pids
        self._current: dict[str, Reading] = {}
        self.readings, self.feeds, self.tables = Versions(), Versions(), Versions(TABLE_LATE_S)
        self.pulse = Pulse(at=datetime.now(UTC))
        self.builder = TravelBuilder(area, 720)
        self.variants = [self._build(factor) for factor in (1.0, 1.4, 0.8)]

    def starved_s(self) -> float:
        """How long whoever answers, and Redis, have waited for a processor."""
        return starved_s(*self._pids)

    async def change(self) -> None:
        chance = self._lots.random()
        if chance < 0.02:
            await self.swap_tables()
        elif chance < 0.1:
            await self.switch()
        else:
            await self.save()

    async def save(self) -> None:
        now = datetime.now(UTC)
        changed = [
            apply_observation(
                None,
                observation(
                    facility_id,
                    float(self._lots.randrange(300)),
                    as_of=now - timedelta(minutes=self._lots.choice([0, 5, 29.99, 31])),
                ),
            )
            for facility_id in self._lots.sample(list(self._area.facilities), 2)
        ]
        self._current = self._current | {one.facility_id: one for one in changed}
        self.readings.add(self._current)
        assert await self._store.save_readings(changed) == len(self.readings.known)

    async def switch(self) -> None:
        now = datetime.now(UTC)
        health = FeedHealth(id="kcht", transport="mqtt", cadence_s=300, connected=True)
        health.told_at = now
        if self._lots.random() < 0.5:
            health.off = SwitchedOff(by="night-desk", why="wrong", at=now, until=None)
        self.feeds.add(health)
        await self._store.save_health([health], self.pulse)

    async def swap_tables(self) -> None:
        drive = self._lots.choice(self.variants).by_mode[Mode.DRIVE]
        tables = {**self.variants[0].by_mode, Mode.DRIVE: replace(drive, as_of=datetime.now(UTC))}
        self.tables.add(TravelTables(tables))
        reach = drive.reach
        entry = Entry(
            pack=self.builder.pack,
            frame=reach.frame.version,
            table=reach.table_version,
            as_of=tables[Mode.DRIVE].as_of,
        )
        await self._shelf.put(Mode.DRIVE, entry, encode_frame(reach.frame), encode_table(reach))

    async def listen(self, ready: asyncio.Event) -> None:
        """Note when each notice comes."""
        prefix = f"waitless:{{{self._area.id}}}:"
        by_word = {b"readings": self.readings, b"feeds": self.feeds, b"drive": self.tables}
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(prefix + "changes", prefix + "tables")
            await pubsub.get_message(timeout=1)
            ready.set()
            async for message in pubsub.listen():
                by_word[message["data"]].hear(self.starved_s())

    def _build(self, factor: float) -> TravelTables:
        roads = self._area.roads
        return self.builder.build(
            EdgeTimes(
                times_s=(roads.time_s * factor).astype(np.float32),
                live=np.zeros(len(roads.time_s), dtype=np.bool_),
                taken_at=datetime.now(UTC),
                counts={},
            )
        )


class Reference:
    """The slow and obvious answer."""

    def __init__(self, area: Area, writer: Writer) -> None:
        self._area = area
        self._writer = writer
        self._targets = Targets(area, MODES, lambda: datetime.now(UTC))
        self._plain: dict[tuple[object, ...], bytes] = {}
        self._nobody = picture_of(Held({}, {}, Learnt()), list(area.facilities), 0.0)

    def fits(self, asked: Asked) -> bool:
        """Whether the answer is the plain one of a state that it may have been made from."""
        epoch = orjson.loads(asked.body)["epoch"]
        readings = self._writer.readings.known[epoch - 1].content
        if not any(one is readings for one in self._writer.readings.allowed(asked)):
            return False
        for health in self._writer.feeds.allowed(asked):
            board = Board(
                epoch=epoch, readings=readings, feeds={"kcht": health}, pulse=self._writer.pulse
            )
            instants = list(_list_changes(board, asked))
            for tables in self._writer.tables.allowed(asked):
                if any(
                    self._answer(asked.query, board, tables, at) == asked.body for at in instants
                ):
                    return True
        return False

    def _answer(self, query: bytes, board: Board, tables: Any, at: datetime) -> bytes:
        off = board.feeds["kcht"].off is not None
        key = (query, board.epoch, off, id(tables), at)
        if key not in self._plain:
            question = self._targets.read(query).query
            self._plain[key] = render(
                recommend(
                    question,
                    area=self._area,
                    journeys=tables.journeys_from(question.origin, question.mode),
                    board=board,
                    now=at,
                    picture=self._nobody,
                    policy=Policy(),
                )
            )
        return self._plain[key]


def _list_changes(board: Board, asked: Asked) -> Iterator[datetime]:
    """The instants that an answer may have been made for: waits can end while it is under way."""
    since = asked.answered_at + datetime.resolution
    while since > asked.began_at:
        since = as_of_last_change(board, since - datetime.resolution)
        yield since


async def ask_on(
    port: int, writer: Writer, lots: random.Random, done: asyncio.Event
) -> list[Asked]:
    """Ask one question after the other on one connection until all is changed."""
    told = []
    reader, sink = await asyncio.open_connection("127.0.0.1", port)
    while not done.is_set():
        query = lots.choice(QUESTIONS)
        asked = Asked(query, time.monotonic(), datetime.now(UTC))
        sink.write(b"GET /v1/recommendations?%b HTTP/1.1\r\nHost: here\r\n\r\n" % query)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        assert head.startswith(b"HTTP/1.1 200"), head
        assert length is not None
        asked.body = await reader.readexactly(int(length[1]))
        asked.answered, asked.answered_at = time.monotonic(), datetime.now(UTC)
        asked.starved_s = writer.starved_s()
        told.append(asked)
        await asyncio.sleep(lots.choice([0, 0.01, 0.03]))
    sink.close()
    return told


@asynccontextmanager
async def heard(writer: Writer) -> AsyncIterator[None]:
    ready = asyncio.Event()
    listening = asyncio.create_task(writer.listen(ready))
    await ready.wait()
    try:
        yield
    finally:
        await end(listening)


async def until_followed(serving: Serving, writer: Writer) -> None:
    """Wait until answers are of the newest of everything."""
    async with asyncio.timeout(30):
        while True:
            _, told = await serving.get("/v1/recommendations?place=CT14")
            newest = writer.tables.known[-1].content.by_mode[Mode.DRIVE].as_of
            if told.get("epoch") == len(writer.readings.known) and (
                told["destinations"][0]["travel"]["as_of"] == render(newest).decode().strip('"')
            ):
                return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(("fast", "seed"), [("false", 1), ("true", 2)], ids=["ordinary", "fast"])
async def test_every_answer_is_the_plain_one_of_what_had_just_been_announced(
    own_redis: Server, tmp_path: Path, east_kent: Area, fast: str, seed: int
) -> None:
    url = f"redis://127.0.0.1:{own_redis.port}/0"
    more = {"WAITLESS_REDIS_URL": url, "WAITLESS_FAST_PATH": fast}
    with serve(tmp_path, "--role", "api", **more) as serving:
        async with Redis.from_url(url) as redis:
            pids = [serving.process.pid, own_redis.pid]
            writer = Writer(redis, east_kent, pids, seed)
            async with heard(writer):
                for begin in (writer.save, writer.switch, writer.swap_tables):
                    await begin()
                await until_followed(serving, writer)
                done, lots = asyncio.Event(), random.Random(seed)
                asking = [
                    asyncio.create_task(
                        ask_on(serving.port, writer, random.Random(lots.random()), done)
                    )
                    for _ in range(3)
                ]
                for _ in range(CHANGES):
                    await writer.change()
                    await asyncio.sleep(lots.choice([0, 0, 0, 0.001, 0.005, 0.03]))
                done.set()
                assert "Traceback" not in serving.log.read_text()
                told = [one for part in await asyncio.gather(*asking) for one in part]

    reference = Reference(east_kent, writer)
    wrong = [asked for asked in told if not reference.fits(asked)]
    epochs = {orjson.loads(asked.body)["epoch"] for asked in told}
    assert len(told) > CHANGES / 4
    assert len(epochs) > CHANGES / 10
    assert not wrong, f"{len(wrong)} of {len(told)}, the first: {wrong[0]}"
