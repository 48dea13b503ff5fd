"""`/v1/operator/audit`: what operators did, and whether it can be taken back; taking it back."""

import re

from aiohttp import web

from waitless.audit import AuditEntry, find_undoing
from waitless.ingest.acting import Acting, CannotUndo
from waitless.keys import Role
from waitless.override import MOST
from waitless.store import Store
from waitless.web.acts import Act, answer, answer_done, read_act, writing_down
from waitless.web.answers import AuditCard, AuditList
from waitless.web.auth import Guard
from waitless.web.problems import Problem, RequestRefused
from waitless.web.readings import describe_override

AUDIT_SHOWN = 200
AUDIT_ID = re.compile(r"[0-9]{1,15}-[0-9]{1,15}", re.ASCII)


class AuditTrail:
    """Shows what was done, and takes acts back."""

    def __init__(self, acting: Acting, store: Store, guard: Guard) -> None:
        self._acting = acting
        self._acts = store.acts
        self._guard = guard

    async def get(self, request: web.Request) -> web.Response:
        """What operators did, newest first; for an admin also who signed in, or failed to."""
        who = await self._guard.require(request, Role.VIEWER)
        with writing_down("the audit is kept there"):
            entries = await self._acts.load_audit(AUDIT_SHOWN, sign_ins=who.role.may(Role.ADMIN))
        undoing = find_undoing(reversed(entries))
        return answer(AuditList([self._card(*one, undoing.get(one[0])) for one in entries]))

    async def undo(self, request: web.Request) -> web.Response:
        """Take one act back."""
        most_hours = MOST.total_seconds() / 3600
        who, act = await read_act(request, self._guard, Act, Problem.BAD_ACTION, most_hours)
        if act.hours is not None:
            raise RequestRefused(
                Problem.BAD_ACTION, "what stood before ends when it would have", parameter="hours"
            )
        audit_id = request.match_info["id"]
        done = None
        try:
            if AUDIT_ID.fullmatch(audit_id) is not None:
                with writing_down("perhaps not taken back: look at the audit"):
                    done = await self._acting.undo(audit_id, who, act.why)
        except CannotUndo as fault:
            raise RequestRefused(Problem.CANNOT_UNDO, str(fault)) from fault
        if done is None:
            raise RequestRefused(Problem.UNKNOWN_ACT, audit_id[:64])
        return answer_done(done)

    def _card(self, audit_id: str, entry: AuditEntry, undone_by: str | None) -> AuditCard:
        why_not = "it has been" if undone_by is not None else self._acting.why_not(entry)
        said = None if entry.overridden is None else entry.overridden.after
        return AuditCard(
            id=audit_id,
            at=entry.at,
            who=entry.who,
            how=entry.how,
            action=entry.action,
            what=entry.what,
            why=entry.why,
            until=entry.until,
            override=None if said is None else describe_override(said),
            may_be_undone=why_not is None,
            why_not=why_not,
            undoes=entry.undoes,
            undone_by=undone_by,
        )
