"""Notices that an area's truth has changed."""

import asyncio

from redis.asyncio.client import PubSub
from redis.exceptions import ResponseError

from waitless.redis_link import weather


class Changes:
    """A subscription to an area's change notices."""

    def __init__(self, pubsub: PubSub) -> None:
        self._pubsub = pubsub

    async def wait(self, timeout_s: float) -> bool:
        """Whether a notice came within that time; notices that came together count as one.

        Raises:
            StoreAway: one of them, where Redis does not answer, or cannot write: then it refuses
                the PING, too, by which a client learns whether a silent connection still stands.
        """
        try:
            first = await self._pubsub.get_message(timeout=timeout_s)
            if first is None:
                return False
            await asyncio.sleep(0)
            while await self._pubsub.get_message(timeout=0) is not None:
                pass
        except ResponseError as fault:
            raise weather(fault) from fault
        return True
