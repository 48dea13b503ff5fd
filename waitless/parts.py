"""What every process of the service is built of."""

import random
from collections.abc import Callable, Coroutine
from datetime import datetime
from enum import StrEnum

from redis.asyncio import Redis

from routing.modes import Mode
from waitless.answers.answers import Answers
from waitless.answers.figures import CacheFigures
from waitless.answers.nearcache import NearCache
from waitless.answers.render import Renderer
from waitless.area.pack import find_pack, load_area
from waitless.board import Board
from waitless.follow import BoardFollower
from waitless.keys import KeyRing
from waitless.lease import Lease
from waitless.ledger.entries import LedgerStore
from waitless.ledger.figures import LedgerMetrics
from waitless.ledger.follow import LedgerFollower
from waitless.ledger.served import ServedAnswers
from waitless.metrics import WebMetrics
from waitless.process_figures import ProcessFigures
from waitless.pulse_watch import PulseWatch
from waitless.redis_clients import Wanted
from waitless.redis_link import open_redis
from waitless.registry import Registry
from waitless.settings import Settings
from waitless.store import Store
from waitless.timetable import TripFollower, TripShelf
from waitless.tracing.boards import BoardTraces
from waitless.tracing.opening import open_tracing
from waitless.traffic.simulated import with_simulated_traffic
from waitless.travel import MODES, Shelf, TimetableKeeper, TravelFollower, TravelTables
from waitless.travel.timetables import Timetables
from waitless.usage.counting import UsageCounts
from waitless.usage.store import UsageStore
from waitless.web.targets import Targets

Clock = Callable[[], datetime]


class Role(StrEnum):
    """What a process does: ingest writes, api answers, all does both."""

    ALL = "all"
    API = "api"
    INGEST = "ingest"


class Parts:
    """What the whole service shares, and how the rest is built from it."""

    def __init__(self, settings: Settings, now: Clock, chance: random.Random, role: Role) -> None:
        self.role = role
        self.settings = settings
        self.now = now
        self.chance = chance
        self.mqtt = settings.find_mqtt()
        self.keys = KeyRing.load(settings.keys_file)
        self.area = load_area(
            find_pack(settings.area), settings.places_file, settings.timetable_file
        )
        if settings.simulated:
            self.area = with_simulated_traffic(self.area)
        self.registry = Registry()
        self.registry.register(ProcessFigures())
        self.metrics = WebMetrics(self.registry)
        self.tracing = open_tracing(
            settings, self.area.id, role, now=now, chance=chance, registry=self.registry
        )
        self.board_traces = (
            None
            if self.tracing is None or role is Role.INGEST
            else BoardTraces(self.tracing.telling)
        )
        redis = self.open_redis(accepts=role is not Role.API)
        self.lease = Lease(redis, self.area.id)
        self.store = Store(redis, self.area.id, self.lease)
        self.shelf = Shelf(redis, self.area.id, self.lease)
        self.trip_shelf = TripShelf(redis, self.area.id, self.lease)
        self.travel = TravelFollower(
            self.area,
            self.shelf,
            self._travel_renewed,
            horizon_minutes=settings.horizon_minutes,
            folder=settings.tables_folder,
        )
        self.timetables = TimetableKeeper(
            self.area,
            now=now,
            on_renewal=self._timetables_renewed,
        )
        self.modes = (*MODES, Mode.TRANSIT) if self.area.timetable is not None else MODES
        self.policy = settings.make_policy()
        self.ledger_metrics = LedgerMetrics(self.registry)
        self.ledger_store = LedgerStore(redis, self.area.id)
        self.ledger = LedgerFollower(
            self.ledger_store,
            list(self.area.facilities),
            served_share=self.policy.served_share,
            now=now,
            on_shared=self.ledger_metrics.shared,
        )
        self.served = ServedAnswers(self.ledger_store, now=now, on_told=self.ledger_metrics.served)
        self.pulse_watch = PulseWatch(now)
        self.follower = BoardFollower(
            self.store,
            self._board_renewed,
            simulated=settings.simulated,
            on_notice=None if self.board_traces is None else self.board_traces.noticed,
        )
        self.usage_store = UsageStore(redis, self.area.id)
        self.usage = UsageCounts(
            self.usage_store,
            self.area.calendar.zone,
            now=now,
            streams=lambda: self.follower.watched_by,
        )
        cache = NearCache(
            most_entries=settings.cache_entries, most_bytes=settings.cache_megabytes * 2**20
        )
        self.registry.register(CacheFigures(cache))
        self.targets = Targets(self.area, self.modes, now)
        self.answers = Answers(
            self.area,
            board=lambda: self.follower.board,
            tables=lambda: self.travel.tables,
            timetables=lambda: self.timetables.tables,
            picture=lambda: self.ledger.picture,
            policy=self.policy,
            renderer=Renderer(
                self.area,
                horizon_minutes=settings.horizon_minutes,
                policy=self.policy,
            ),
            cache=cache,
            on_advice=self._count_advice if self.policy.served_share > 0 else None,
            on_answer=self.usage.count_answer,
        )

    def _count_advice(self, facility_id: str, arrival_us: int) -> None:
        self.served.count(facility_id, arrival_us / 1_000_000)

    def list_answering_works(self) -> dict[str, Coroutine[None, None, None]]:
        """The background work of every process that answers."""
        works = {
            "follow the store": self.follower.run(),
            "follow the shelf": self.travel.run(),
            "follow the ledger": self.ledger.run(),
            "count served answers": self.served.run(),
            "count usage": self.usage.run(),
        }
        if self.area.timetable is not None:
            trips = TripFollower(self.trip_shelf, self.timetables.take, now=self.now)
            works |= {"keep timetables": self.timetables.run(), "follow trips": trips.run()}
        return works

    def open_redis(self, *, accepts: bool = False) -> Redis:
        """A link to Redis; one that `accepts` waits for replicas where that is set."""
        settings = self.settings
        wanted = Wanted(settings.redis_wait_replicas, settings.redis_wait_timeout_ms)
        return open_redis(
            settings.redis_url,
            password=settings.find_redis_password(),
            wanted=wanted if accepts and wanted.replicas else None,
        )

    def _board_renewed(self, board: Board) -> None:
        self.metrics.board_renewed(board.epoch, board.pulse, degraded=board.degraded)
        self.pulse_watch.look(board.pulse)
        if self.board_traces is not None:
            self.board_traces.renewed(board)

    def _timetables_renewed(self, tables: Timetables) -> None:
        self.metrics.timetables_renewed(tables.connections, tables.fates)

    def _travel_renewed(self, tables: TravelTables) -> None:
        self.metrics.travel_renewed(tables.by_mode[Mode.DRIVE].as_of)
