"""What was acknowledged against what is stored. Pure, but for reading Redis."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import orjson
from redis.asyncio import Redis

from loadtests.faults.traffic import Sent
from loadtests.processes import AREA
from waitless.area.pack import find_pack, load_area

REPEATS = "duplicate"
"""The rule that counts what is there already: it explains nothing that is missing."""
LOOKED_BACK = timedelta(minutes=2)
_PREFIX = f"waitless:{{{AREA}}}:"


@dataclass(frozen=True, slots=True)
class Books:
    """What Redis holds, read past the service."""

    history: tuple[Sent, ...]
    """The believed readings of late in every facility's history, as often as they are there."""
    held: Mapping[str, int]
    """By feed, how many different readings histories have been seen to hold, ever."""
    counted: Mapping[str, int]
    """By feed, what was refused or held (passed over as old included)."""
    believed: Mapping[str, int]
    """By feed, as its health counts them."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What became of acknowledged waits."""

    acknowledged: int
    passed_over: int
    """Not in the history, but counted as held or refused: mostly, a newer one came first."""
    lost: int
    """Neither in the history nor counted."""
    doubled: int
    """Twice in the history, or counted as believed beyond what is in it."""
    invented: int
    """In the history, and never sent."""


class Account:
    """The books from fault to fault.

    After an hour histories are long, and shorter than what they have held (2,016 readings are
    kept): of what was measured before a fault, only the last two minutes are read again.
    """

    def __init__(self, redis_port: int, facility_ids: Sequence[str]) -> None:
        self._port = redis_port
        self._facility_ids = facility_ids
        self._since_ms = 0
        self._seen: set[Sent] = set()

    def turn_page(self, now: datetime) -> None:
        """A fault begins: what was measured long before it is not looked at again."""
        self._since_ms = int((now - LOOKED_BACK).timestamp() * 1000)

    async def read(self, acknowledged: Sequence[Sent] = ()) -> Books:
        """The books as they are, the counters before what they count.

        Args:
            acknowledged: since the page was turned: some may have been measured long before.
        """
        since_ms = min([self._since_ms, *(one.as_of_ms for one in acknowledged)])
        async with Redis(port=self._port) as redis:
            feeds = await redis.hgetall(f"{_PREFIX}feeds")
            history: list[Sent] = []
            for one in self._facility_ids:
                entries = await redis.xrange(f"{_PREFIX}history:{one}", since_ms)
                for at, entry in entries:
                    reading = orjson.loads(entry[b"reading"])
                    at_ms = int(at.partition(b"-")[0])
                    history.append(Sent(one, at_ms, reading["wait"]["minutes"]))
        self._seen.update(history)
        counted, believed = {}, {}
        for name, encoded in feeds.items():
            health = orjson.loads(encoded)
            health["held"].pop(REPEATS, None)
            counted[name.decode()] = sum(health["held"].values()) + sum(health["refused"].values())
            believed[name.decode()] = health["believed"]
        provider_of = load_providers()
        held = Counter(provider_of[one.facility_id] for one in self._seen)
        return Books(tuple(history), held, counted, believed)


@cache
def load_providers() -> dict[str, str]:
    """By facility, who speaks for it."""
    return {one.id: one.provider for one in load_area(find_pack(AREA)).facilities.values()}


def balance(
    acknowledged: Sequence[Sent], sent: Iterable[Sent], before: Books, after: Books
) -> Balance:
    """Compare.

    Args:
        acknowledged: since `before`.
        sent: all that was ever sent.
        before: the books when the fault began.
        after: now.

    What is missing counts as passed over only as far as its own feed's counters have grown: a
    writer that is killed forgets what it counted in its last second, so a loss may be told where
    there is none; and a wait that came again is counted as well, which may hide one.
    Counters of believed waits lag likewise, so that they stay below what histories have held.
    """
    provider_of = load_providers()
    stored, known = Counter(after.history), set(sent)
    missing = Counter(provider_of[one.facility_id] for one in acknowledged if one not in stored)
    grown = {feed: told - before.counted.get(feed, 0) for feed, told in after.counted.items()}
    lost = sum(max(0, number - grown.get(feed, 0)) for feed, number in missing.items())
    return Balance(
        acknowledged=len(acknowledged),
        passed_over=missing.total() - lost,
        lost=lost,
        doubled=sum(number - 1 for number in stored.values())
        + sum(max(0, after.believed.get(feed, 0) - number) for feed, number in after.held.items()),
        invented=sum(one not in known for one in stored),
    )
