"""`GET /`: the patients' page, rendered here and complete without JavaScript."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlencode

from aiohttp import web

from routing.modes import Mode
from waitless.area.facility import Need
from waitless.area.pack import Area
from waitless.recommend.advice import list_advice
from waitless.recommend.answer import Recommendation
from waitless.recommend.query import Query
from waitless.web.parse import PARAMETERS, parse_query, single_values
from waitless.web.problems import Problem, RequestRefused
from waitless.web.ready import SECURITY
from waitless.web.recommendations import Recommendations
from waitless.web.roadmap import LONG_MINUTES, SHORT_MINUTES, MapMark, Tiles, mark_places
from waitless.web.shown import Reader, say_why_first, show
from waitless.web.states import list_notices, say_excluded, say_refused
from waitless.web.static import open_templates
from waitless.web.tongues import ENGLISH, Tongue, Tongues
from waitless.web.wording import AGE_WORDS, MODE_WORDS, NEED_WORDS, duration

LANG = "lang"
CSP = "Content-Security-Policy"
WAYS_TO_SAY_WHERE = frozenset({"place", "lat", "lon"})
_BY_STATUS = {
    HTTPStatus.TOO_MANY_REQUESTS: Problem.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR: Problem.INTERNAL,
}


class PatientPage:
    """A form, or an answer with the form folded under it."""

    def __init__(
        self,
        area: Area,
        modes: Collection[Mode],
        recommendations: Recommendations,
        *,
        tongues: Tongues,
        tiles: Tiles | None,
        now: Callable[[], datetime],
    ) -> None:
        self._area = area
        self._modes = modes
        self._recommendations = recommendations
        self._tongues = tongues
        self._tiles = tiles
        self._now = now
        self._places = sorted({place.label for place in area.places.list_places()})
        self._template = open_templates().get_template("patient.html")

    async def get(self, request: web.Request) -> web.Response:
        """The form alone, the answer, or what was wrong with the form under it."""
        values: dict[str, str] = {}
        query: Query | None = None
        refused: RequestRefused | None = None
        try:
            values = single_values(request.query, (*PARAMETERS, LANG), strangers_pass=True)
            if values.keys() & WAYS_TO_SAY_WHERE:
                query = parse_query(values, self._area, self._modes)
        except RequestRefused as fault:
            refused = fault
        answer = None if query is None else self._recommendations.answer(query)
        return self._respond(request, values, query, answer, refused)

    def show_refusal(self, request: web.Request, response: web.StreamResponse) -> web.Response:
        """The page instead of a problem document that was made on the way to it or of its fault."""
        problem = _BY_STATUS.get(HTTPStatus(response.status), Problem.BAD_REQUEST)
        again = response.headers.get("Retry-After")
        refused = RequestRefused(problem, "", **({} if again is None else {"again_s": again}))
        shown = self._respond(request, {}, None, None, refused, HTTPStatus(response.status))
        if again is not None:
            shown.headers["Retry-After"] = again
        return shown

    def _respond(  # noqa: PLR0917 - all that it is made of
        self,
        request: web.Request,
        values: Mapping[str, str],
        query: Query | None,
        answer: Recommendation | None,
        refused: RequestRefused | None,
        status: HTTPStatus | None = None,
    ) -> web.Response:
        named = values.get(LANG)
        tongue = self._tongues.choose(named, request.headers.get("Accept-Language", ""))
        text = self._render(values, query, answer, refused, tongue)
        tag = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
        headers = {
            "Cache-Control": "no-store",
            "Content-Language": tongue.code,
            "ETag": f'W/"{tag}"',
            "Vary": "Accept-Language",
        }
        if self._tiles is not None:
            headers[CSP] = self._tiles.widen(SECURITY[CSP])
        if status is None:
            status = HTTPStatus.OK if refused is None else refused.problem.status
        if status is HTTPStatus.OK and request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        response = web.Response(text=text, content_type="text/html", status=status, headers=headers)
        response.enable_compression()
        return response

    def _render(
        self,
        values: Mapping[str, str],
        query: Query | None,
        answer: Recommendation | None,
        refused: RequestRefused | None,
        tongue: Tongue,
    ) -> str:
        say, now = tongue.say, self._now().astimezone(self._area.calendar.zone)
        mode = Mode.DRIVE if query is None else query.mode
        need = Need.MINOR_INJURY if query is None else query.need
        age = None if query is None else query.age_years
        chosen_age = values.get("age", "")
        context: dict[str, object] = {
            "area": self._area,
            "data": self._recommendations.data,
            "values": values,
            "mode": mode,
            "need": need,
            "modes": {one: words for one, words in MODE_WORDS.items() if one in self._modes},
            "needs": NEED_WORDS,
            "lang": values.get(LANG, ""),
            "age": chosen_age,
            "ages": _ages(chosen_age),
            "places": self._places,
            "advice": {one.code: one for one in list_advice(need, age)},
            "say": say,
            "duration": duration,
            "tongue": tongue,
            "tongues": [(one, urlencode({**values, LANG: one.code})) for one in self._tongues],
            "now": now,
            "answer": answer,
            "refused": None if refused is None else say_refused(refused, say),
            "choices": [] if refused is None else self._choices(refused, values),
        }
        if answer is not None:
            context["notices"] = list_notices(answer, self._area, now, say)
            reader = Reader(area=self._area, mode=mode, need=need, now=now, say=say)
            shown = context["shown"] = show(answer, reader)
            english = tongue is ENGLISH
            context["why"] = say_why_first(answer, mode, say)
            context["levels"] = {
                "short": say("wait up to {m} min", m=SHORT_MINUTES),
                "middle": say("up to {m} min", m=LONG_MINUTES),
                "long": say("longer"),
                "unknown": say("not known"),
                "out": say("closed or not suitable"),
            }
            context["map"] = self._map(
                answer, mark_places(answer, shown, self._area, say, english=english)
            )
            context["excluded"] = [
                (
                    self._area.facilities[one.facility_id].short_name,
                    say_excluded(one, say, english=english),
                )
                for one in answer.excluded
            ]
        return self._template.render(context)

    def _map(self, answer: Recommendation, marks: Collection[MapMark]) -> dict[str, object]:
        """What the map is drawn from, when somebody opens it."""
        bounds = self._area.bounds
        return {
            "bounds": [[bounds.south, bounds.west], [bounds.north, bounds.east]],
            "origin": {"lat": answer.origin.lat, "lon": answer.origin.lon},
            "marks": [asdict(one) for one in marks],
            "tiles": None if self._tiles is None else asdict(self._tiles),
        }

    @staticmethod
    def _choices(refused: RequestRefused, values: Mapping[str, str]) -> list[tuple[str, str]]:
        """What could have been meant, each with the query that asks for it."""
        choices = refused.more.get("choices", [])
        if not isinstance(choices, list):
            return []
        return [(choice, urlencode({**values, "place": choice})) for choice in choices]


def _ages(chosen: str) -> dict[str, str]:
    """The bands, and an age that none of them stands for, as a link may have it."""
    return AGE_WORDS if chosen in AGE_WORDS else {**AGE_WORDS, chosen: chosen}
