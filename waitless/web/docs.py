"""`/openapi.json` and `/docs`: the API for programs, and for their authors."""

from collections.abc import Callable, Collection
from datetime import datetime

import orjson
from aiohttp import web

from routing.modes import Mode
from waitless.answers.laid import Laid
from waitless.area.facility import Need
from waitless.area.pack import Area
from waitless.recommend.reasons import REASON_TEXTS
from waitless.web.openapi import describe_api
from waitless.web.problems import Problem
from waitless.web.ready import answer_with
from waitless.web.static import open_templates

DOCS_MAX_AGE_S = 60
HTML = "text/html; charset=utf-8"


class Docs:
    """Both are made once: they change only with the program and the pack."""

    def __init__(self, area: Area, modes: Collection[Mode], *, now: Callable[[], datetime]) -> None:
        self._now = now
        document = describe_api(area, modes)
        page = (
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
        self._openapi = Laid(orjson.dumps(document), most_age_s=DOCS_MAX_AGE_S)
        self._page = Laid(page.encode(), most_age_s=DOCS_MAX_AGE_S, content_type=HTML)

    async def get_openapi(self, request: web.Request) -> web.StreamResponse:
        """The OpenAPI 3.1 document."""
        return answer_with(request, self._openapi, self._now())

    async def get_page(self, request: web.Request) -> web.StreamResponse:
        """The same for people."""
        return answer_with(request, self._page, self._now())
