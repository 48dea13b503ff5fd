"""Patients who ask at a steady rate, whatever becomes of the answers, and hold each to the rules.

Each asks one of the two answering processes and, where that one does not answer, the other, as
nginx lets them. A rule that is broken is kept as a sentence.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import aiohttp

from loadtests.faults.stage import APIS, Stage
from loadtests.faults.traffic import AGEING, PUBLISHING, Said

ASK_EVERY_S = 0.25
ANSWERED_WITHIN_S = 3.0
LIVE_FOR = timedelta(minutes=30)
ROUNDING = timedelta(seconds=1)
"""Ages are told in whole seconds."""
AHEAD = timedelta(minutes=2)
"""How far clocks may differ."""
PATHS = (
    "/v1/recommendations?place=Canterbury&limit=50",
    "/v1/facilities",
    "/v1/recommendations?place=Maidstone&limit=50&need=wound",
    "/v1/feeds",
    "/v1/recommendations?place=Atlantis",
)
"""The last is answered with a problem document."""


@dataclass(slots=True)
class Seen:
    """What came of the questions of one fault."""

    asked: int = 0
    passed_on: int = 0
    """Not answered by the first who was asked, but by the other."""
    failed: int = 0
    """Answered by neither, or with a server's error."""
    waits: int = 0
    """Shown in answers, each held against the rules."""
    aged: int = 0
    """Of these, of the facility whose waits were published shortly before they were too old."""
    degraded_at: float | None = None
    """When the first answer said so, by the monotonic clock."""
    feed_lost_at: float | None = None
    """When a feed was first told as lost."""
    broken: list[str] = field(default_factory=list)
    """The rules that were broken."""

    def breaks(self, what: str) -> None:
        """Keep a rule that was broken, once in the same words."""
        if what not in self.broken:
            self.broken.append(what)


class Observer:
    """The patients. `seen` may be replaced at any time: the next answers go there."""

    def __init__(self, stage: Stage, said: Said, ask_every_s: float = ASK_EVERY_S) -> None:
        self.seen = Seen()
        self.newest: dict[tuple[str, int], dict[str, datetime]] = {}
        """Of each answering process in each of its lives: the time of each facility's reading."""
        self._stage = stage
        self._said = said
        self._ask_every_s = ask_every_s

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """Ask for as long as the context lasts."""
        timeout = aiohttp.ClientTimeout(ANSWERED_WITHIN_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            asyncio.TaskGroup() as group,
        ):
            asking = group.create_task(self._ask_on(session, group))
            yield
            asking.cancel()

    async def _ask_on(self, session: aiohttp.ClientSession, group: asyncio.TaskGroup) -> None:
        due = time.monotonic()
        for number in count():
            group.create_task(self._ask(session, number, self.seen))
            due += self._ask_every_s
            await asyncio.sleep(due - time.monotonic())

    async def _ask(self, session: aiohttp.ClientSession, number: int, seen: Seen) -> None:
        path, turn = PATHS[number % len(PATHS)], number // len(PATHS)
        seen.asked += 1
        for attempt in range(2):
            name = APIS[(turn + attempt) % 2]
            who = (name, self._stage.components[name].lives)
            asked_at = self._stage.now()
            known = dict(self.newest.get(who, {}))
            try:
                url = f"http://127.0.0.1:{self._stage.ways[f'patients-{name}'].port}{path}"
                async with session.get(url) as answer:
                    document = await answer.json(content_type=None)
                    kind = answer.content_type
                    status = answer.status
            except (aiohttp.ClientError, TimeoutError, ValueError):
                continue
            seen.passed_on += attempt
            if status != 200 or kind != "application/json":
                self._judge_error(status, kind, path, seen)
            else:
                self._judge(document, who, (asked_at, known), seen)
            return
        seen.failed += 1

    def _judge_error(self, status: int, kind: str, path: str, seen: Seen) -> None:
        if status < 400 or kind != "application/problem+json":
            seen.breaks(f"an error without a problem document: {status}, {kind}, {path}")
        if status >= 500 or "Atlantis" not in path:
            seen.failed += 1

    def _judge(
        self,
        document: Mapping[str, Any],
        who: tuple[str, int],
        asked: tuple[datetime, Mapping[str, datetime]],
        seen: Seen,
    ) -> None:
        asked_at, known = asked
        if document.get("degraded"):
            seen.degraded_at = seen.degraded_at or time.monotonic()
        for feed in document.get("feeds", ()):
            if feed["state"] == "lost" and feed["id"] in PUBLISHING:
                seen.feed_lost_at = seen.feed_lost_at or time.monotonic()
        newest = self.newest.setdefault(who, {})
        answered = (asked_at, self._stage.now())
        for what in list_broken_waits(document, self._said, answered):
            seen.breaks(f"{who[0]}: {what}")
        for facility_id in list_gone_back(document, known):
            seen.breaks(f"{who[0]} went back to an older reading of {facility_id}")
        for facility_id, (_, as_of) in _list_shown(document):
            seen.waits += 1
            seen.aged += facility_id == AGEING[1]
            newest[facility_id] = max(as_of, newest.get(facility_id, as_of))


def list_gone_back(document: Mapping[str, Any], known: Mapping[str, datetime]) -> list[str]:
    """The facilities of an answer of which its process had shown a newer reading before.

    Args:
        document: the answer.
        known: the newest it had shown when it was asked. Later ones do not count: where the way
            is slow, what was asked first may be answered last.
    """
    shown = _list_shown(document)
    return [one for one, (_, as_of) in shown if as_of < known.get(one, as_of) - ROUNDING]


def list_broken_waits(
    document: Mapping[str, Any], said: Said, answered: tuple[datetime, datetime]
) -> Iterator[str]:
    """What an answer shows and may not.

    Args:
        document: the answer.
        said: all that providers have said.
        answered: between when and when; a clock may have been stepped in between.
    """
    for facility_id, (minutes, as_of) in _list_shown(document):
        if not any(-AHEAD < at - as_of <= LIVE_FOR + ROUNDING for at in answered):
            age = (answered[0] - as_of).total_seconds() / 60
            yield f"a reading of {facility_id} shown that was {age:.1f} minutes old"
        if minutes in said.forbidden:
            yield f"a held figure shown at {facility_id}: {minutes:g}"
        elif minutes not in said.figures.get(facility_id, ()):
            yield f"a figure shown at {facility_id} that nobody sent: {minutes:g}"


def _list_shown(document: Mapping[str, Any]) -> Iterator[tuple[str, tuple[float, datetime]]]:
    """Facility, minutes and time of measurement of each wait that an answer shows."""
    for one in document.get("destinations", ()):
        if one["wait"] is not None:
            now = one["wait"]["now"]
            yield one["facility"]["id"], (now["minutes"], datetime.fromisoformat(now["as_of"]))
    for one in document.get("features", ()):
        reading = one["properties"]["reading"]
        if reading is not None and reading["wait"] is not None:
            as_of = datetime.fromisoformat(reading["as_of"])
            yield one["id"], (reading["wait"]["minutes"], as_of)
