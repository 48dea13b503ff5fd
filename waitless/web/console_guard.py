"""Who sees the operators' page: all that the page asks of whatever signs people in."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from waitless.keys import Holder, Role


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
