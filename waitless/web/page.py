"""`GET /`: the patients' page, rendered here and complete without JavaScript."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
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
from waitless.web.journeys import MOST_ETA_MINUTES
from waitless.web.parse import PARAMETERS, parse_query, single_values
from waitless.web.problems import Problem, RequestRefused
from waitless.web.ready import SECURITY
from waitless.web.recommendations import Recommendations
from waitless.web.roadmap import LEVELS, MapMark, Tiles, mark_places
from waitless.web.shown import Reader, say_why_first, show
from waitless.web.states import list_notices, say_excluded, say_refused
from waitless.web.static import open_templates
from waitless.web.tongues import ENGLISH, Tongue, Tongues
from waitless.web.wording import AGE_WORDS, MODE_WORDS, NEED_WORDS, duration

LANG = "lang"
DEPART = "depart_at"
CSP = "Content-Security-Policy"
POSITION = frozenset({"lat", "lon"})
WAYS_TO_SAY_WHERE = POSITION | {"place"}
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
        visit = _Visit()
        try:
            visit.values = single_values(request.query, (*PARAMETERS, LANG), strangers_pass=True)
            if "place" in visit.values:  # typed over the position that the form still has
                visit.values = {k: v for k, v in visit.values.items() if k not in POSITION}
            if visit.values.keys() & WAYS_TO_SAY_WHERE:
                visit.query = parse_query(visit.values, self._area, self._modes, self._now())
        except RequestRefused as fault:
            visit.refused = fault
        status = HTTPStatus.OK if visit.refused is None else visit.refused.problem.status
        return self._respond(request, visit, status)

    def show_refusal(self, request: web.Request, response: web.StreamResponse) -> web.Response:
        """The page instead of a problem document that was made on the way to it or of its fault."""
        status = HTTPStatus(response.status)
        problem = _BY_STATUS.get(status, Problem.BAD_REQUEST)
        again = response.headers.get("Retry-After")
        refused = RequestRefused(problem, "", **({} if again is None else {"again_s": again}))
        shown = self._respond(request, _Visit(refused=refused), status)
        if again is not None:
            shown.headers["Retry-After"] = again
        return shown

    def _respond(self, request: web.Request, visit: "_Visit", status: HTTPStatus) -> web.Response:
        liked = request.headers.get("Accept-Language", "")
        tongue = self._tongues.choose(visit.values.get(LANG), liked)
        body = self._template.render(self._describe(visit, tongue)).encode(errors="replace")
        tag = hashlib.blake2b(body, digest_size=12).hexdigest()
        headers = {
            "Cache-Control": "no-store",
            "Content-Language": tongue.code,
            "ETag": f'W/"{tag}"',
            "Vary": "Accept-Language",
        }
        if self._tiles is not None:
            headers[CSP] = self._tiles.widen(SECURITY[CSP])
        if status is HTTPStatus.OK and request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        headers["Content-Type"] = "text/html; charset=utf-8"
        response = web.Response(body=body, status=status, headers=headers)
        response.enable_compression()
        return response

    def _describe(self, visit: "_Visit", tongue: Tongue) -> dict[str, object]:
        """All that the template says."""
        say, values, query = tongue.say, visit.values, visit.query
        now = self._now().astimezone(self._area.calendar.zone)
        need = Need.MINOR_INJURY if query is None else query.need
        advice = list_advice(need, None if query is None else query.age_years)
        age = values.get("age", "")
        context: dict[str, object] = {
            "area": self._area,
            "data": self._recommendations.data,
            "values": values,
            "mode": values.get("mode", Mode.DRIVE),
            "need": values.get("need", need),
            "modes": {one: words for one, words in MODE_WORDS.items() if one in self._modes},
            "needs": NEED_WORDS,
            "lang": values.get(LANG, ""),
            "when": values.get(DEPART, "") if DEPART in PARAMETERS else None,
            "age": age,
            "ages": AGE_WORDS if age in AGE_WORDS else {**AGE_WORDS, age: age},
            "places": self._places,
            "advice": {one.code: one for one in advice},
            "say": say,
            "duration": duration,
            "tongue": tongue,
            "tongues": [(one, _encode({**values, LANG: one.code})) for one in self._tongues],
            "now": now,
            "refused": None if visit.refused is None else say_refused(visit.refused, say),
            "choices": [] if visit.refused is None else _list_choices(visit.refused, values),
            "answer": None,
        }
        if query is not None:
            answer = self._recommendations.answer(query)
            later = answer.depart_at
            leaves = now if later is None else later.astimezone(now.tzinfo)
            context["later"] = later and f"{leaves:%H:%M}"
            reader = Reader(
                area=self._area, mode=query.mode, need=need, now=now, leaves=leaves, say=say
            )
            context |= self._describe_answer(answer, reader, english=tongue is ENGLISH)
        return context

    def _describe_answer(
        self, answer: Recommendation, reader: Reader, *, english: bool
    ) -> dict[str, object]:
        shown, area, say = show(answer, reader), self._area, reader.say
        return {
            "answer": answer,
            "notices": list_notices(answer, area, reader.leaves, say),
            "shown": shown,
            "most_eta": MOST_ETA_MINUTES,
            "why": say_why_first(answer, reader.mode, say),
            "levels": {level: say(words, m=most) for level, (words, most) in LEVELS.items()},
            "map": self._map(answer, mark_places(answer, shown, area, say, english=english)),
            "excluded": [
                (
                    area.facilities[one.facility_id].short_name,
                    say_excluded(one, say, english=english),
                )
                for one in answer.excluded
            ],
        }

    def _map(self, answer: Recommendation, marks: Collection[MapMark]) -> dict[str, object]:
        """What the map is drawn from, when somebody opens it."""
        bounds = self._area.bounds
        return {
            "bounds": [[bounds.south, bounds.west], [bounds.north, bounds.east]],
            "origin": {"lat": answer.origin.lat, "lon": answer.origin.lon},
            "marks": [asdict(one) for one in marks],
            "tiles": None if self._tiles is None else asdict(self._tiles),
        }


@dataclass(slots=True)
class _Visit:
    """One request for the page, as far as it was understood."""

    values: dict[str, str] = field(default_factory=dict)
    query: Query | None = None
    refused: RequestRefused | None = None


def _list_choices(refused: RequestRefused, values: Mapping[str, str]) -> list[tuple[str, str]]:
    """What could have been meant, each with the query that asks for it."""
    choices = refused.more.get("choices", [])
    if not isinstance(choices, list):
        return []
    return [(choice, _encode({**values, "place": choice})) for choice in choices]


def _encode(values: Mapping[str, str]) -> str:
    return urlencode(values, errors="replace")
