"""The pipeline: work from a bounded queue, through the desk, into the store, then acknowledged."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from feeds.model import Delivery, Observation
from waitless.ingest.desk import Desk
from waitless.ingest.intake import Intake, Push
from waitless.ingest.way import Outcome
from waitless.metrics import IngestMetrics
from waitless.reading import Reading
from waitless.redis_link import StoreAway
from waitless.store import Store

log = logging.getLogger(__name__)

QUEUE_LENGTH = 1000
BATCH = 200
IDLE_TURNS = 5
"""Turns of the event loop without a new delivery after which a batch is complete."""
BACKFILL_S = 5.0
"""A writer that finds no forecasts takes in nothing for about this long at most, while it learns
from the history: a full one takes 0.2 s a facility. The rest begin with their next reading."""
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
RETRY_FIRST_S, RETRY_LONGEST_S = 0.1, 2.0


class Ingest:
    """Decodes, judges and stores every delivery; acknowledges it when it is safe.

    A delivery is acknowledged after the store holds what was believed of it, so a message is
    never lost between broker and store; while the store is away, deliveries wait unacknowledged
    and the bounded queue holds the transports back.
    """

    def __init__(self, desk: Desk, store: Store, metrics: IngestMetrics) -> None:
        self.desk = desk
        self._way = desk.way
        self._intake = Intake(desk)
        self._store = store
        self._metrics = metrics
        self._queue: asyncio.Queue[Delivery | Push] = asyncio.Queue(QUEUE_LENGTH)
        self._writing = asyncio.Lock()
        self._epoch = 0
        self._restored = asyncio.Event()

    async def accept(self, delivery: Delivery) -> None:
        """Where transports hand over; waits while the queue is full."""
        self._way.handed_over(delivery.feed_id, delivery.received_at)
        await self._queue.put(delivery)

    async def submit(self, observations: Sequence[Observation]) -> list[Outcome]:
        """Where pushed observations of one feed come in; returns when the store holds them.

        May be given up while waiting: what was queued is stored all the same, and the same again
        is a repeat.
        """
        done: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        first = observations[0]
        self._way.handed_over(first.feed_id, first.received_at)
        await self._queue.put(Push(first.feed_id, observations, done))
        return await done

    async def save(self, facility_id: str) -> None:
        """Make the truth what has become a facility's reading on an operator's word."""
        await self._patiently(lambda: self._save([self.desk.readings[facility_id]]))

    def count_act(self, action: str) -> None:
        """Count one act of an operator."""
        self._metrics.acted(action)

    def count_overrides(self) -> None:
        """Note how many overrides hold."""
        now = self.desk.now()
        holding = [one for one in self.desk.overrides.values() if one.holds(now)]
        self._metrics.overridden("door", sum(one.status is not None for one in holding))
        self._metrics.overridden("wait", sum(one.concerns_wait for one in holding))

    async def run(self) -> None:
        """Work until cancelled, starting from what the store already holds."""
        await self._patiently(self._restore)
        self._restored.set()
        while True:
            await self.process(await self._gather())

    async def _gather(self) -> list[Delivery | Push]:
        """The next batch: what is there, and what arrives within the next turns of the loop.

        The store's script costs as much for a hundred readings as for three, and a broker with a
        backlog sends one message a turn.
        """
        batch = [await self._queue.get()]
        idle = 0
        while len(batch) < BATCH and idle < IDLE_TURNS:
            if self._queue.empty():
                idle += 1
                await asyncio.sleep(0)
                continue
            idle = 0
            batch.append(self._queue.get_nowait())
        return batch

    async def process(self, batch: Sequence[Delivery | Push]) -> None:
        """One batch, from bytes to acknowledgement."""
        changed: list[Reading] = []
        outcomes: list[list[Outcome]] = []
        async with self.desk.settled:
            for work in batch:
                readings, told = await self._intake.take(work)
                changed += readings
                outcomes.append(told)
            if changed:
                self._way.saving()
                await self._patiently(lambda: self._save(changed))
                self._way.saved(self._epoch)
        if self.desk.traffic.touched:
            await self._patiently(self._save_traffic)
        for work, told in zip(batch, outcomes, strict=True):
            if isinstance(work, Delivery):
                work.acknowledge()
            elif not work.done.done():
                work.done.set_result(told)
        self._way.acknowledged()
        received = [work.received_at for work in batch if isinstance(work, Delivery)]
        if received:
            lasted = self.desk.now() - min(received)
            self._metrics.acknowledged(lasted.total_seconds(), self._queue.qsize())

    async def mend_store(self) -> None:
        """Write every reading again where the store has come back with less than it held.

        Raises:
            StoreAway: it is not back yet.
        """
        await self._restored.wait()
        if await self._store.load_epoch() >= self._epoch:
            return
        async with self._writing:
            log.warning("the store has lost what it held: saving every reading again")
            self._note(await self._save_again())
            await self._store.acts.save_overrides(self.desk.overrides)
            self.desk.traffic.touched.update(self.desk.traffic.picture)
            self.desk.told.touched.update(self.desk.told.facilities)

    async def wait_restored(self) -> None:
        """Return once what the store held has been taken over."""
        await self._restored.wait()

    async def _restore(self) -> None:
        self._epoch, readings = await self._store.load_readings()
        belief, feeds = await self._store.load_belief(), await self._store.load_health()
        self.desk.restore(readings, belief, feeds)
        overrides = await self._store.acts.load_overrides()
        self.desk.overrides = {
            name: one for name, one in overrides.items() if name in self.desk.area.facilities
        }
        self.desk.traffic.restore(await self._store.load_traffic())
        self.desk.told.restore(await self._store.load_told())
        await self._restore_forecasts()

    async def _restore_forecasts(self) -> None:
        """Those of facilities without any begin from the history, for some seconds."""
        learner = self.desk.learner
        self._metrics.forecasts_dropped(learner.restore(await self._store.load_forecasts()))
        deadline = asyncio.get_running_loop().time() + BACKFILL_S
        begun = []
        for facility_id, reading in self.desk.readings.items():
            if facility_id in learner.states or asyncio.get_running_loop().time() > deadline:
                continue
            async for page in self._store.load_history(facility_id, _EVER):
                for past in page:
                    learner.take(past)
            begun.append(reading)
        if begun:
            log.info("forecasts of %d facilities begin from their history", len(begun))
            await self._save(begun)

    async def _save(self, changed: Sequence[Reading]) -> None:
        async with self._writing:
            epoch = await self._store.save_readings(changed, self.desk.learner.tell(changed))
            if epoch <= self._epoch:
                epoch = await self._save_again()
            self._note(epoch)

    async def _save_again(self) -> int:
        """Everything; gives the new epoch."""
        readings = list(self.desk.readings.values())
        forecasts = self.desk.learner.tell(readings)
        return await self._store.save_readings(readings, forecasts, after=self._epoch)

    async def _save_traffic(self) -> None:
        traffic = self.desk.traffic
        await self._store.save_traffic({one: traffic.picture[one] for one in traffic.touched})
        traffic.touched.clear()

    def _note(self, epoch: int) -> None:
        self._epoch = epoch
        self._metrics.saved(epoch)

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do store work, again and again while the store is away."""
        delay = RETRY_FIRST_S
        while True:
            try:
                return await work()
            except StoreAway as fault:
                self._metrics.store_retried()
                self._way.store_away()
                log.warning("store away (%s); again in %.1f s", fault, delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, RETRY_LONGEST_S)
