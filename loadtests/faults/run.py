"""One fault after the other, and what came of each."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import aiohttp

from loadtests.faults.account import Account, Balance, balance
from loadtests.faults.fault import Fault
from loadtests.faults.judged import Judged, Log
from loadtests.faults.observer import ASK_EVERY_S, Observer, Seen
from loadtests.faults.stage import APIS, STARTED_WITHIN_S, Stage
from loadtests.faults.traffic import BURSTING, PUBLISHING, PUSHING, Traffic

RECOVERED_WITHIN_S = 60.0
"""From the end of a fault, on a machine whose two cores are shared; a process that died is started
again and loads its area and roads within it."""
OLD_FOR = timedelta(seconds=4)
"""An old wait turns 30 minutes old so long after it is published: during the fault."""
STEADY_S = 1.5
SETTLED_WITHIN_S = 20.0
SPEAKING = (*(one for ids in PUBLISHING.values() for one in ids), *PUSHING)
BOOKED = (*SPEAKING, BURSTING[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What came of one fault. Times are in seconds; None: it was not seen."""

    fault: str
    asked: int
    passed_on: int
    failed: int
    waits: int
    aged: int
    told_s: float | None
    """From the fault's begin to the first answer that is degraded, or tells of a lost feed."""
    recovered_s: float | None
    """From its end until both that answer show waits of all facilities measured since."""
    balance: Balance | None
    """None where it could not be drawn."""
    broken: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether every rule held."""
        return not self.broken


class Run:
    """A stage with traffic and patients on it."""

    def __init__(
        self, stage: Stage, tell: Callable[[Row], None], *, ask_every_s: float = ASK_EVERY_S
    ) -> None:
        """Nothing begins yet.

        Args:
            stage: everything that runs.
            tell: is given each row when it is known.
            ask_every_s: between two patients' questions.
        """
        self._tell = tell
        self._stage = stage
        self._traffic = Traffic(stage)
        self._observer = Observer(stage, self._traffic.said, ask_every_s)
        logs = [Log(one.log, one.begins) for one in stage.writers]
        self._account = Account(stage.components["redis"].port, BOOKED, Judged(logs))

    async def play(self, faults: Iterable[Fault]) -> list[Row]:
        """Every fault in turn; gives a row for each."""
        rows = []
        async with self._traffic.flowing():
            async with asyncio.timeout(STARTED_WITHIN_S):
                while not await self._stage.settled():
                    await asyncio.sleep(0.2)
            async with self._observer.asking():
                await self._until_recovered(self._stage.now(), STARTED_WITHIN_S)
                for fault in faults:
                    rows.append(row := await self._suffer(fault))
                    self._tell(row)
        return rows

    async def _suffer(self, fault: Fault) -> Row:
        stage, said = self._stage, self._traffic.said
        mark, pushes = len(said.acknowledged), len(said.unexplained)
        self._account.turn_page(stage.now())
        await self._traffic.publish_absurd()
        await self._traffic.publish_old(OLD_FOR)
        self._observer.seen = seen = Seen()
        began = time.monotonic()
        await fault.begin(stage, self._traffic)
        await asyncio.sleep(fault.lasts_s)
        if fault.clock_steps:
            self._observer.newest.clear()
        await fault.end(stage, self._traffic)
        if fault.clock_steps:
            self._observer.newest.clear()
        recovered_s = await self._until_recovered(stage.now(), RECOVERED_WITHIN_S)
        if seen.failed:
            seen.breaks(f"{seen.failed} questions answered by neither process, or with an error")
        if recovered_s is None:
            seen.breaks(f"not recovered within {RECOVERED_WITHIN_S:g} s")
        drawn = None
        if not fault.clock_steps:
            drawn = await self._balance(mark)
            for what in _list_wrong(drawn, fault):
                seen.breaks(what)
        for what in said.unexplained[pushes:]:
            seen.breaks(f"an error without a problem document: {what}")
        told = [one for one in (seen.degraded_at, seen.feed_lost_at) if one is not None]
        return Row(
            fault=fault.name, asked=seen.asked, passed_on=seen.passed_on, failed=seen.failed,
            waits=seen.waits, aged=seen.aged,
            told_s=min(told) - began if told else None, recovered_s=recovered_s,
            balance=drawn, broken=seen.broken,
        )  # fmt: skip

    async def _until_recovered(self, since: datetime, within_s: float) -> float | None:
        """Seconds until everything stands, and waits measured since then are shown by both.

        It has to stay so for a moment: a process that is about to end says `standby`, too.
        """
        began, stands_since = time.monotonic(), None
        timeout = aiohttp.ClientTimeout(2)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while (now := time.monotonic()) - began < within_s:
                fresh = [await self._is_fresh(session, name, since) for name in APIS]
                if not (all(fresh) and await self._stage.settled()):
                    stands_since = None
                elif stands_since is None:
                    stands_since = now
                elif now - stands_since > STEADY_S:
                    return stands_since - began
                await asyncio.sleep(0.2)
        return None

    async def _is_fresh(self, session: aiohttp.ClientSession, name: str, since: datetime) -> bool:
        port = self._stage.ways[f"patients-{name}"].port
        url = f"http://127.0.0.1:{port}/v1/recommendations?place=Canterbury&limit=50"
        try:
            async with session.get(url) as answer:
                document = await answer.json()
        except (aiohttp.ClientError, TimeoutError):
            return False
        shown = {
            one["facility"]["id"]: datetime.fromisoformat(one["wait"]["now"]["as_of"])
            for one in document["destinations"]
            if one["wait"] is not None
        }
        new = all(one in shown and shown[one] > since for one in SPEAKING)
        return new and not document["degraded"]

    async def _balance(self, mark: int) -> Balance:
        """Drawn when what is acknowledged by now has had its time to arrive."""
        said = self._traffic.said
        acknowledged = said.acknowledged[mark:]
        deadline = time.monotonic() + SETTLED_WITHIN_S
        while True:
            drawn = balance(acknowledged, said.sent, await self._account.read(acknowledged))
            if not drawn.lost or time.monotonic() > deadline:
                return drawn
            await asyncio.sleep(0.5)


def _list_wrong(drawn: Balance, fault: Fault) -> Iterator[str]:
    if drawn.lost and not fault.forgets:
        yield f"{drawn.lost} acknowledged waits lost"
    if drawn.doubled:
        yield f"{drawn.doubled} waits applied twice"
    if drawn.invented:
        yield f"{drawn.invented} readings that nobody sent"
