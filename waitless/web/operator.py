"""`/v1/operator`: what is held back and why, and what an operator may do about it.

Every act wants a key or a session of role `operator` and a reason, and is written to the audit.
These routes belong to the one process that writes.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp import web

from waitless.belief import Fate, HeldValue, ReleaseRefusal
from waitless.health import SwitchedOff
from waitless.ingest import Desk
from waitless.ingest.acting import Acting
from waitless.keys import Holder, Role
from waitless.web.acts import Act, answer, answer_done, read_act, writing_down
from waitless.web.answers import HeldCard, HeldList
from waitless.web.auth import Guard
from waitless.web.problems import Problem, RequestRefused
from waitless.web.readings import posted_card

LONGEST_HOURS = 24 * 30
_UNWRITTEN = "done, but it could not be written to the audit"


class Operator:
    """Shows held values and takes operators' decisions."""

    def __init__(
        self, desk: Desk, acting: Acting, guard: Guard, *, now: Callable[[], datetime]
    ) -> None:
        self._desk = desk
        self._acting = acting
        self._guard = guard
        self._now = now

    async def list_held(self, request: web.Request) -> web.Response:
        """The latest held values, newest first, with their rule and what became of them."""
        await self._guard.require(request, Role.VIEWER)
        return answer(HeldList([_card(value) for value in self._desk.believer.list_held()]))

    async def release(self, request: web.Request) -> web.Response:
        """Believe a held value."""
        who, act = await self._asked(request)
        held_id = request.match_info["id"]
        with writing_down(_UNWRITTEN):
            done = await self._acting.release(held_id, who, act.why)
        if isinstance(done, ReleaseRefusal):
            if done is ReleaseRefusal.UNKNOWN:
                raise RequestRefused(Problem.UNKNOWN_HELD_VALUE, held_id[:128])
            raise RequestRefused(Problem.BAD_ACTION, f"cannot be released: {done}")
        return answer_done(done)

    async def drop(self, request: web.Request) -> web.Response:
        """Decide that a held value is wrong: it confirms nothing that comes later."""
        who, act = await self._asked(request)
        held_id = request.match_info["id"]
        with writing_down(_UNWRITTEN):
            done = await self._acting.drop(held_id, who, act.why)
        if done is None:
            raise RequestRefused(Problem.UNKNOWN_HELD_VALUE, held_id[:128])
        return answer_done(done)

    async def switch_off(self, request: web.Request) -> web.Response:
        """Stop believing a feed, for some hours or until it is switched on again."""
        who, act = await self._asked(request)
        now = self._now()
        until = None if act.hours is None else now + timedelta(hours=act.hours)
        off = SwitchedOff(by=who.name, why=act.why, at=now, until=until)
        with writing_down(_UNWRITTEN):
            return answer_done(await self._acting.switch(self._feed(request), off, who, act.why))

    async def switch_on(self, request: web.Request) -> web.Response:
        """Believe a feed again."""
        who, act = await self._asked(request)
        with writing_down(_UNWRITTEN):
            return answer_done(await self._acting.switch(self._feed(request), None, who, act.why))

    def _feed(self, request: web.Request) -> str:
        feed_id = request.match_info["id"]
        if feed_id not in self._desk.feeds:
            raise RequestRefused(Problem.UNKNOWN_FEED, f"{feed_id[:64]!r}")
        return feed_id

    async def _asked(self, request: web.Request) -> tuple[Holder, Act]:
        """Who wants an act, and why."""
        return await read_act(request, self._guard, Act, Problem.BAD_ACTION, LONGEST_HOURS)


def _card(value: HeldValue) -> HeldCard:
    observation = value.observation
    return HeldCard(
        id=value.id,
        facility_id=observation.facility_id,
        feed_id=observation.feed_id,
        rule=value.rule,
        detail=value.detail,
        held_at=value.held_at,
        measured_at=observation.measured_at,
        wait=posted_card(observation.wait),
        patients_waiting=observation.patients_waiting,
        patients_in_department=observation.patients_in_department,
        status=observation.status,
        fate=value.fate,
        settled_at=value.settled_at,
        may_be_released=value.fate is Fate.WAITING and not value.rule.is_final,
    )
