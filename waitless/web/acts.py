"""What all acts of operators have in common over HTTP: who wants them, why, and how they end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec
import orjson
from aiohttp import web

from waitless.ingest.acting import Done
from waitless.keys import Holder, Role
from waitless.redis_link import StoreAway
from waitless.web.answers import ActDone
from waitless.web.auth import Guard
from waitless.web.body import read_body
from waitless.web.problems import Problem, RequestRefused

MOST_BODY = 4096


class Act(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What every act is sent with."""

    why: str
    hours: float | None = None


ActT = TypeVar("ActT", bound=Act)


async def read_act(
    request: web.Request, guard: Guard, kind: type[ActT], problem: Problem, most_hours: float
) -> tuple[Holder, ActT]:
    """Who wants an act, and what it is sent with.

    Args:
        request: carries the key or the session, and the act as JSON.
        guard: knows who may act.
        kind: of the body.
        problem: what a body that is none is refused as.
        most_hours: how long the act may last.
    """
    who = await guard.require(request, Role.OPERATOR)
    try:
        act = msgspec.json.decode(await read_body(request, MOST_BODY), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise RequestRefused(problem, str(fault)) from fault
    if not act.why.strip():
        raise RequestRefused(problem, "why?", parameter="why")
    if act.hours is not None and not 0 < act.hours <= most_hours:
        raise RequestRefused(problem, f"hours: above 0, at most {most_hours:g}", parameter="hours")
    return who, act


@contextmanager
def writing_down(words: str) -> Iterator[None]:
    """Refuse with `store_away` and these words where the store is away."""
    try:
        yield
    except StoreAway as fault:
        raise RequestRefused(Problem.STORE_AWAY, words) from fault


def answer_done(done: Done) -> web.Response:
    """The answer to an act that was carried out."""
    entry = done.entry
    return answer(ActDone(entry.action, entry.what, entry.until, done.audit_id))


def answer(document: object) -> web.Response:
    """A document for operators: nobody keeps it."""
    return web.Response(
        body=orjson.dumps(document, option=orjson.OPT_UTC_Z),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
