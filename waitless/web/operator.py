"""`/v1/operator`: what is held back and why, and what an operator may do about it.

Every act wants a key or a session of role `operator` and a reason, and is written to the audit.
These routes belong to the one process that writes.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import orjson
from aiohttp import web

from waitless.audit import Action, AuditEntry
from waitless.belief import Fate, HeldValue, ReleaseRefusal
from waitless.health import FeedHealth, SwitchedOff
from waitless.ingest import Ingest
from waitless.keys import Holder, Role
from waitless.redis_link import StoreAway
from waitless.store import Store
from waitless.web.answers import AuditList, Done, HeldCard, HeldList
from waitless.web.auth import Guard
from waitless.web.body import read_body
from waitless.web.problems import Problem, RequestRefused
from waitless.web.readings import posted_card

MOST_BODY = 4096
AUDIT_SHOWN = 200
LONGEST_HOURS = 24 * 30


class _Act(msgspec.Struct, forbid_unknown_fields=True):
    """What an act is sent with."""

    why: str
    hours: float | None = None


class Operator:
    """Shows held values and takes operators' decisions."""

    def __init__(
        self, ingest: Ingest, store: Store, guard: Guard, *, now: Callable[[], datetime]
    ) -> None:
        self._ingest = ingest
        self._store = store
        self._guard = guard
        self._now = now

    async def list_held(self, request: web.Request) -> web.Response:
        """The latest held values, newest first, with their rule and what became of them."""
        await self._guard.require(request, Role.VIEWER)
        values = self._ingest.desk.believer.list_held()
        return _json(HeldList([_card(value) for value in values]))

    async def list_audit(self, request: web.Request) -> web.Response:
        """What operators did, newest first; for an admin also who signed in, or failed to."""
        who = await self._guard.require(request, Role.VIEWER)
        sign_ins = who.role.may(Role.ADMIN)
        try:
            return _json(AuditList(await self._store.load_audit(AUDIT_SHOWN, sign_ins=sign_ins)))
        except StoreAway as fault:
            raise RequestRefused(Problem.STORE_AWAY, "the audit is kept there") from fault

    async def release(self, request: web.Request) -> web.Response:
        """Believe a held value."""
        who, act = await self._asked(request)
        held_id = request.match_info["id"]
        released = await self._ingest.release(held_id)
        if isinstance(released, ReleaseRefusal):
            if released is ReleaseRefusal.UNKNOWN:
                raise RequestRefused(Problem.UNKNOWN_HELD_VALUE, held_id[:128])
            raise RequestRefused(Problem.BAD_ACTION, f"cannot be released: {released}")
        return await self._write(who, Action.RELEASE, held_id, act.why)

    async def drop(self, request: web.Request) -> web.Response:
        """Decide that a held value is wrong: it confirms nothing that comes later."""
        who, act = await self._asked(request)
        held_id = request.match_info["id"]
        if self._ingest.desk.believer.drop(held_id, self._now()) is None:
            raise RequestRefused(Problem.UNKNOWN_HELD_VALUE, held_id[:128])
        return await self._write(who, Action.DROP, held_id, act.why)

    async def switch_off(self, request: web.Request) -> web.Response:
        """Stop believing a feed, for some hours or until it is switched on again."""
        who, act = await self._asked(request)
        health = self._feed(request)
        until = None if act.hours is None else self._now() + timedelta(hours=act.hours)
        health.off = SwitchedOff(by=who.name, why=act.why, at=self._now(), until=until)
        return await self._write(who, Action.SWITCH_OFF, health.id, act.why, until)

    async def switch_on(self, request: web.Request) -> web.Response:
        """Believe a feed again."""
        who, act = await self._asked(request)
        health = self._feed(request)
        health.off = None
        return await self._write(who, Action.SWITCH_ON, health.id, act.why)

    def _feed(self, request: web.Request) -> FeedHealth:
        feed_id = request.match_info["id"]
        try:
            return self._ingest.desk.feeds[feed_id]
        except KeyError:
            raise RequestRefused(Problem.UNKNOWN_FEED, f"{feed_id[:64]!r}") from None

    async def _asked(self, request: web.Request) -> tuple[Holder, _Act]:
        """Who wants an act, and why."""
        who = await self._guard.require(request, Role.OPERATOR)
        body = await read_body(request, MOST_BODY)
        try:
            act = msgspec.json.decode(body, type=_Act)
        except msgspec.MsgspecError as fault:
            raise RequestRefused(Problem.BAD_ACTION, str(fault)) from fault
        if not act.why.strip():
            raise RequestRefused(Problem.BAD_ACTION, "why?", parameter="why")
        if act.hours is not None and not 0 < act.hours <= LONGEST_HOURS:
            raise RequestRefused(
                Problem.BAD_ACTION, f"hours: above 0, at most {LONGEST_HOURS}", parameter="hours"
            )
        return who, act

    async def _write(
        self, who: Holder, action: Action, what: str, why: str, until: datetime | None = None
    ) -> web.Response:
        entry = AuditEntry(
            at=self._now(), who=who.name, how=who.how, action=action, what=what, why=why,
            until=until,
        )  # fmt: skip
        try:
            await self._store.add_audit(entry)
        except StoreAway as fault:
            raise RequestRefused(
                Problem.STORE_AWAY, "done, but it could not be written to the audit"
            ) from fault
        return _json(Done(entry.action, entry.what))


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


def _json(document: object) -> web.Response:
    return web.Response(
        body=orjson.dumps(document, option=orjson.OPT_UTC_Z),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
