"""Sharing: the writer's look, every second, whether the shelf has what is told of trips now."""

import asyncio
import logging
from collections.abc import Mapping

from waitless.redis_link import StoreAway
from waitless.timetable.desk import TripDesk
from waitless.timetable.shelf import Telling, TripShelf

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0


async def share_trips(desk: TripDesk, shelf: TripShelf) -> None:
    """Go on until cancelled.

    What an earlier writer left on the shelf stays until a message has come, or it lapses. A shelf
    that has lost what it held is filled again.
    """
    shared: Mapping[str, Telling] = {}
    while True:
        current = desk.list_current()
        try:
            if current != shared or (current and await shelf.is_empty()):
                await shelf.put(current)
                shared = current
        except StoreAway as fault:
            log.warning("store away (%s): trip updates not shared yet", fault)
        await asyncio.sleep(LOOK_EVERY_S)
