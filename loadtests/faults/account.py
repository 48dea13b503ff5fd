"""What was acknowledged against what is stored. Pure, but for reading Redis."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson
from redis.asyncio import Redis

from loadtests.faults.traffic import Sent
from loadtests.processes import AREA
from waitless.area.pack import find_pack, load_area

REPEATS = "duplicate"
"""The rule that counts what is there already: it explains nothing that is missing."""
_PREFIX = f"waitless:{{{AREA}}}:"


@dataclass(frozen=True, slots=True)
class Books:
    """What Redis holds, read past the service."""

    history: tuple[Sent, ...]
    """Every believed reading in every facility's history, as often as it is there."""
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


async def load_books(redis_port: int, facility_ids: Iterable[str]) -> Books:
    """Read the books of these facilities and of all feeds, the counters before what they count."""
    async with Redis(port=redis_port) as redis:
        feeds = await redis.hgetall(f"{_PREFIX}feeds")
        history: list[Sent] = []
        for one in facility_ids:
            for at, entry in await redis.xrange(f"{_PREFIX}history:{one}"):
                reading = orjson.loads(entry[b"reading"])
                at_ms = int(at.partition(b"-")[0])
                history.append(Sent(one, at_ms, reading["wait"]["minutes"]))
    counted, believed = {}, {}
    for name, encoded in feeds.items():
        health = orjson.loads(encoded)
        health["held"].pop(REPEATS, None)
        counted[name.decode()] = sum(health["held"].values()) + sum(health["refused"].values())
        believed[name.decode()] = health["believed"]
    return Books(tuple(history), counted, believed)


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
    Counters of believed waits lag likewise, so that they stay below what the
    history holds (as long as it drops none for length: 2,016 a facility).
    """
    provider_of = {one.id: one.provider for one in load_area(find_pack(AREA)).facilities.values()}
    stored, known = Counter(after.history), set(sent)
    missing = Counter(provider_of[one.facility_id] for one in acknowledged if one not in stored)
    held = Counter(provider_of[one.facility_id] for one in after.history)
    grown = {feed: told - before.counted.get(feed, 0) for feed, told in after.counted.items()}
    lost = sum(max(0, number - grown.get(feed, 0)) for feed, number in missing.items())
    return Balance(
        acknowledged=len(acknowledged),
        passed_over=missing.total() - lost,
        lost=lost,
        doubled=sum(number - 1 for number in stored.values())
        + sum(max(0, after.believed.get(feed, 0) - number) for feed, number in held.items()),
        invented=sum(one not in known for one in stored),
    )
