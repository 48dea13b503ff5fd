"""The intake: one delivery into the desk that it is for, and what came of it."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from feeds.model import Delivery, Observation, Refusal, RefusalReason
from feeds.topics import StatusTopic, TrafficTopic, WaitTopic, find_topic
from waitless.faults import locate_fault
from waitless.ingest.desk import Desk
from waitless.ingest.way import Outcome
from waitless.reading import Reading
from waitless.timetable.desk import decode_delivery as decode_trips
from waitless.traffic.desk import decode_delivery

log = logging.getLogger(__name__)

LARGE_BYTES = 256 * 1024
"""Traffic documents from this size on are decoded in a thread: DATEX II takes 40 to 70 ms a MB."""


@dataclass(frozen=True, slots=True)
class Push:
    """Observations that somebody waits to see stored."""

    feed_id: str
    observations: Sequence[Observation]
    done: "asyncio.Future[list[Outcome]]"


class Intake:
    """Takes in whatever comes, one after the other."""

    def __init__(self, desk: Desk) -> None:
        """Nothing has come yet."""
        self._desk = desk
        self._way = desk.way

    async def take(self, work: Delivery | Push) -> tuple[list[Reading], list[Outcome]]:
        """Decode and judge one; the readings that changed, and what who pushed it is to be told.

        What a fault of ours comes up over is refused by that name, and all else goes on: otherwise
        the writer would end, the broker would send it again, and the next writer would end too.
        """
        before = dict(self._desk.readings)
        try:
            if isinstance(work, Push):
                return self._take_push(work)
            if await self._take_traffic(work) or await self._take_trips(work):
                return [], []
            self._way.begun(work.received_at)
            readings = self._desk.take(work)
            self._way.taken_in(changed=bool(readings))
        except Exception as fault:  # noqa: BLE001 - whatever it is, the next delivery may be well
            self._set_aside(work, fault)
            # What it had changed by then is stored: the next such value would be no news.
            held = self._desk.readings.items()
            readings = [one for name, one in held if one is not before.get(name)]
            self._way.taken_in(changed=bool(readings))
        return readings, []

    def _set_aside(self, work: Delivery | Push, fault: Exception) -> None:
        """Refuse it by name."""
        feed_id, place = self._find_feed(work), locate_fault(fault)
        log.critical("a fault of ours over what feed %s sent, set aside: %s", feed_id, place)
        reason = RefusalReason.OUR_FAULT
        self._desk.count(Refusal(feed_id=feed_id, reason=reason, where="code", detail=place))
        self._way.decoded(feed_id, 0, [reason.value])
        if isinstance(work, Push) and not work.done.done():
            # Not the fault itself: a future takes no StopIteration.
            work.done.set_exception(RuntimeError(place))

    def _find_feed(self, work: Delivery | Push) -> str:
        """Whose it is: a message's topic says so, and the broker lets nobody use another's."""
        if isinstance(work, Push):
            return work.feed_id
        match find_topic(work.topic, self._desk.area.id):
            case (
                WaitTopic(provider=whose) | StatusTopic(provider=whose) | TrafficTopic(source=whose)
            ):
                return whose
            case _:
                return work.feed_id

    def _take_push(self, push: Push) -> tuple[list[Reading], list[Outcome]]:
        """Judge what was decoded where it came in."""
        self._desk.health_of(push.feed_id).count_message(self._desk.now())
        self._way.begun(push.observations[0].received_at)
        self._way.decoded(push.feed_id, len(push.observations))
        readings, told = self._desk.judge(push.feed_id, push.observations)
        self._way.taken_in(changed=bool(readings))
        return readings, told

    async def _take_traffic(self, delivery: Delivery) -> bool:
        """Take in a delivery of a traffic source; False where it is of none."""
        source = self._desk.traffic.find_source(delivery)
        if source is None:
            return False
        if len(delivery.payload) < LARGE_BYTES:
            said = decode_delivery(source, delivery)
        else:
            said = await asyncio.to_thread(decode_delivery, source, delivery)
        self._desk.traffic.take(source, said, delivery.received_at)
        return True

    async def _take_trips(self, delivery: Delivery) -> bool:
        """Take in a delivery of a source of trip updates; False where it is of none.

        In a thread: the first of a process loads what reads them, which takes 70 ms.
        """
        source = self._desk.trips.find_source(delivery.feed_id)
        if source is None:
            return False
        said = await asyncio.to_thread(decode_trips, source, delivery)
        self._desk.trips.take(source, said, delivery.received_at)
        return True
