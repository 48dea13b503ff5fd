"""The operators' page, put together: on the one process that writes, with all that it needs."""

from aiohttp import web

from waitless.console.trends import Trends
from waitless.ingest import Ingest
from waitless.ingest.acting import Acting
from waitless.keys import Role
from waitless.parts import Parts
from waitless.web.auth import Guard, SignedIn
from waitless.web.console import Console
from waitless.web.console_acts import Acts
from waitless.web.console_files import ConsoleFiles
from waitless.web.events import Events
from waitless.web.routes import Routes
from waitless.web.standby import while_writing


def add_operators_page(
    parts: Parts,
    routes: Routes,
    ingest: Ingest,
    *,
    acting: Acting,
    trends: Trends,
    guard: Guard,
) -> None:
    """The page, its forms, its files and its events, each for those whom the guard lets in.

    Files and events are also elsewhere (`/static`, `/v1/events`), but not on a process that only
    writes.
    """
    acts = Acts(ingest.desk, acting, parts.store, now=parts.now)
    console = Console(
        ingest,
        shelf=parts.shelf,
        follower=parts.follower,
        trends=trends,
        usage=parts.usage_store,
        acts=acts,
        now=parts.now,
    )
    events = Events(parts.follower, now=parts.now)

    async def stream(request: web.Request, _: SignedIn) -> web.StreamResponse:
        return await events.get(request)

    gets = {
        "/operator": guard.page(Role.VIEWER, console.get),
        "/operator/acts/{act}": guard.page(Role.OPERATOR, console.show_form),
    }
    for path, handler in gets.items():
        routes.add_get(path, console.as_page(while_writing(parts.lease, handler)))
    routes.add_post(
        "/operator/acts/{act}",
        console.as_page(while_writing(parts.lease, guard.page(Role.OPERATOR, console.act))),
    )
    routes.add_get("/operator/events", guard.page(Role.VIEWER, stream), allow_head=False)
    routes.add_get("/operator/files/{name}", ConsoleFiles().get)
    routes.app.on_shutdown.append(events.close)
