"""`GET /`: the patients' page, rendered here and complete without JavaScript."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from aiohttp import web

from routing.modes import Mode
from waitless.area.pack import Area
from waitless.recommend.advice import list_advice
from waitless.recommend.answer import Recommendation
from waitless.recommend.query import Query
from waitless.recommend.suit import Exclusion
from waitless.web.parse import PARAMETERS, parse_query, single_values
from waitless.web.problems import RequestRefused
from waitless.web.recommendations import Recommendations
from waitless.web.static import open_templates
from waitless.web.wording import MODE_WORDS, NEED_WORDS, describe

URGENT_LINKS = {"call_999": "Call 999", "nhs_111": "111 online", "nhs_111_phone": "Call 111"}
"""The advice that stands at the top of the page, with the words of its links."""


class PatientPage:
    """A form, and its answer under it."""

    def __init__(
        self,
        area: Area,
        modes: Collection[Mode],
        recommendations: Recommendations,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._area = area
        self._modes = modes
        self._recommendations = recommendations
        self._now = now
        self._template = open_templates().get_template("patient.html")

    async def get(self, request: web.Request) -> web.Response:
        """The form alone, the form with its answer, or the form with what was wrong."""
        values: dict[str, str] = {}
        query: Query | None = None
        refused: RequestRefused | None = None
        try:
            values = single_values(request.query, PARAMETERS, strangers_pass=True)
            if values.keys() & {"place", "lat", "lon"}:
                query = parse_query(values, self._area, self._modes, self._now())
        except RequestRefused as fault:
            refused = fault
        answer = None if query is None else self._recommendations.answer(query)
        return web.Response(
            text=self._render(values, query, answer, refused),
            content_type="text/html",
            status=200 if refused is None else refused.problem.status,
            headers={"Cache-Control": "no-store"},
        )

    def _render(
        self,
        values: Mapping[str, str],
        query: Query | None,
        answer: Recommendation | None,
        refused: RequestRefused | None,
    ) -> str:
        asked = query or _NOTHING_ASKED
        destinations = [] if answer is None else answer.destinations
        return self._template.render(
            area=self._area,
            data=self._recommendations.data,
            values=values,
            mode=asked.mode,
            need=asked.need,
            modes={mode: MODE_WORDS[mode] for mode in Mode if mode in self._modes},
            needs=NEED_WORDS,
            advice=list_advice(asked.need, asked.age_years),
            urgent=URGENT_LINKS,
            answer=answer,
            destinations=[
                describe(destination, asked.mode, self._area.calendar)
                for destination in destinations
            ],
            excluded=[] if answer is None else self._excluded(answer.excluded),
            refused=refused,
            choices=[] if refused is None else refused.more.get("choices", []),
            now=self._now().astimezone(self._area.calendar.zone),
        )

    def _excluded(self, excluded: Collection[Exclusion]) -> list[tuple[str, str]]:
        return [(self._area.facilities[one.facility_id].short_name, one.text) for one in excluded]


class _NothingAsked:
    """What the form shows before anything is asked."""

    mode = Mode.DRIVE
    need = next(iter(NEED_WORDS))
    age_years = None


_NOTHING_ASKED = _NothingAsked()
