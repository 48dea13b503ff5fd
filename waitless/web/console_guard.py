"""Who sees the operators' page: the one place where the page meets whatever signs people in."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.typedefs import Handler

from waitless.keys import Holder, KeyRing, Role
from waitless.web.auth import require_holder
from waitless.web.body import read_body
from waitless.web.problems import Problem, RequestRefused

MOST_FORM = 8192
MOST_FIELDS = 20
FORM_TYPE = "application/x-www-form-urlencoded"


class Visitor(Protocol):
    """Who asks for a page, and what their form came with."""

    @property
    def holder(self) -> Holder:
        """In whose name acts are done."""

    @property
    def csrf_token(self) -> str:
        """What every form has in its hidden field `csrf`."""

    @property
    def form(self) -> Mapping[str, str]:
        """The fields of a POST, looked at already for its token; empty else."""


PageHandler = Callable[[web.Request, Visitor], Awaitable[web.StreamResponse]]


class PageGuard(Protocol):
    """Lets those in who may."""

    def page(self, wanted: Role, handler: PageHandler) -> Handler:
        """The handler for those with a role; others are refused, or sent to sign in."""


@dataclass(frozen=True, slots=True)
class _KeyHolder:
    """Somebody with a key. A browser sends no key of itself, so no token is wanted of a form."""

    holder: Holder
    form: Mapping[str, str] = field(repr=False)
    csrf_token: str = ""


class KeyGuard:
    """Lets in whoever sends a bearer key of a role."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def page(self, wanted: Role, handler: PageHandler) -> Handler:
        """The handler; refuses as `require_holder` does, and a form that is none."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            holder = require_holder(request, self._keys, wanted)
            form = await _read_form(request) if request.method == "POST" else {}
            return await handler(request, _KeyHolder(holder, form))

        return guarded


async def _read_form(request: web.Request) -> dict[str, str]:
    if request.content_type != FORM_TYPE:
        raise RequestRefused(Problem.WRONG_CONTENT_TYPE, "a form is wanted")
    body = await read_body(request, MOST_FORM)
    try:
        fields = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MOST_FIELDS,
            errors="strict",
        )
    except ValueError as fault:
        raise RequestRefused(Problem.BAD_REQUEST, "that is no form") from fault
    return dict(fields)
