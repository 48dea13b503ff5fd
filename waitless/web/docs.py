"""`/openapi.json` and `/docs`: the API for programs, and for their authors."""

from collections.abc import Collection

import orjson
from aiohttp import web

from routing.modes import Mode
from waitless.area.facility import Need
from waitless.area.pack import Area
from waitless.recommend.reasons import REASON_TEXTS
from waitless.web.openapi import describe_api
from waitless.web.problems import Problem
from waitless.web.static import open_templates


class Docs:
    """Both are made once: they change only with the program and the pack."""

    def __init__(self, area: Area, modes: Collection[Mode]) -> None:
        document = describe_api(area, modes)
        self._openapi = orjson.dumps(document)
        self._page = (
            open_templates()
            .get_template("docs.html")
            .render(
                document=document,
                problems=list(Problem),
                reasons=REASON_TEXTS,
                needs=list(Need),
                area=area,
            )
        )

    async def get_openapi(self, _: web.Request) -> web.Response:
        """The OpenAPI 3.1 document."""
        return web.Response(body=self._openapi, content_type="application/json")

    async def get_page(self, _: web.Request) -> web.Response:
        """The same for people."""
        return web.Response(text=self._page, content_type="text/html")
