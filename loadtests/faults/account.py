"""What was acknowledged against what is stored. Pure, but for reading Redis."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import orjson
from redis.asyncio import Redis

from loadtests.faults.judged import Judged, Words, was_passed_over
from loadtests.faults.traffic import Sent
from loadtests.processes import AREA
from waitless.area.pack import find_pack, load_area

LOOKED_BACK = timedelta(minutes=2)
_PREFIX = f"waitless:{{{AREA}}}:"


@dataclass(frozen=True, slots=True)
class Books:
    """What Redis holds, read past the service."""

    history: tuple[Sent, ...]
    """The believed readings of late in every facility's history, as often as they are there."""
    held: Mapping[str, int]
    """By feed, how many different readings histories have been seen to hold, ever."""
    believed: Mapping[str, int]
    """By feed, as its health counts them."""
    words: Words
    """What writers said of each wait."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What became of acknowledged waits."""

    acknowledged: int
    passed_over: int
    """Not in the history, but held back by name: a newer one had come first."""
    lost: int
    """Neither in the history nor held back."""
    doubled: int
    """Twice in the history, or counted as believed beyond what is in it."""
    invented: int
    """In the history, and never sent."""


class Account:
    """The books from fault to fault.

    After an hour histories are long, and shorter than what they have held (2,016 readings are
    kept): of what was measured before a fault, only the last two minutes are read again.
    """

    def __init__(self, redis_port: int, facility_ids: Sequence[str], judged: Judged) -> None:
        self._port, self._judged = redis_port, judged
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
        believed = {one.decode(): orjson.loads(feeds[one])["believed"] for one in feeds}
        provider_of = load_providers()
        held = Counter(provider_of[one.facility_id] for one in self._seen)
        return Books(tuple(history), held, believed, self._judged.read_on())


@cache
def load_providers() -> dict[str, str]:
    """By facility, who speaks for it."""
    return {one.id: one.provider for one in load_area(find_pack(AREA)).facilities.values()}


def balance(acknowledged: Sequence[Sent], sent: Iterable[Sent], books: Books) -> Balance:
    """Follow each wait to where it is.

    Args:
        acknowledged: since the page was turned.
        sent: all that was ever sent.
        books: as they are now.

    Feeds' counters lag behind what is stored (a writer that is killed forgets its last second), so
    that what they count as believed stays below what histories have held.
    """
    stored, known = Counter(books.history), set(sent)
    newest: dict[str, int] = {}
    for one in books.history:
        newest[one.facility_id] = max(one.as_of_ms, newest.get(one.facility_id, 0))
    missing = [one for one in acknowledged if one not in stored]
    passed_over = sum(
        was_passed_over(one, books.words, newest.get(one.facility_id, 0)) for one in missing
    )
    return Balance(
        acknowledged=len(acknowledged),
        passed_over=passed_over,
        lost=len(missing) - passed_over,
        doubled=sum(number - 1 for number in stored.values())
        + sum(max(0, books.believed.get(feed, 0) - number) for feed, number in books.held.items()),
        invented=sum(one not in known for one in stored),
    )
