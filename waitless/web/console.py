"""`/operator`: one page to leave on a wall and to act from; whole without scripts."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web
from aiohttp.typedefs import Handler

from waitless.audit import AuditEntry
from waitless.console.held import list_held
from waitless.console.listing import Sort, View, arrange
from waitless.console.rows import FacilityLine, FeedLine, count_states, list_facilities, list_feeds
from waitless.console.spark import HEIGHT, PAST_CELLS, WIDTH
from waitless.console.trends import Trends
from waitless.console.trouble import find_shared_trouble
from waitless.console.words import (
    KIND_WORDS,
    STATE_SIGNS,
    tell_action,
    tell_local,
    tell_override,
    tell_share,
    tell_signed,
    tell_span,
)
from waitless.follow import BoardFollower
from waitless.ingest import Ingest
from waitless.keys import Role
from waitless.redis_link import StoreAway
from waitless.travel import Shelf
from waitless.usage.figures import (
    LiveFigures,
    UsageFigures,
    month_of,
    sum_up,
    sum_up_live,
    week_of,
)
from waitless.usage.store import UsageStore
from waitless.web.auth import SignedIn
from waitless.web.console_acts import Acts, AuditLine
from waitless.web.console_forms import FormFault
from waitless.web.parse import single_values
from waitless.web.problems import Problem, RequestRefused
from waitless.web.static import open_templates

AUDIT_SHOWN = 20
DONE_SHOWN_FOR = timedelta(minutes=2)
"""How long after an act its page says that it was done."""
QUERY = ("sort", "find", "only", "facility", "feed", "wall", "done")
FORM_QUERY = ("what", "status", "wait", "minutes", "hours", "why")
STILL_S = 30
"""Without scripts the page is loaded again this often."""


@dataclass(frozen=True, slots=True)
class _Usage:
    live: LiveFigures
    week: UsageFigures
    month: UsageFigures


class Console:
    """The page, its forms, and what became of them.

    It is rendered in a thread, so that no patient waits for the page of a large area.
    """

    def __init__(
        self,
        ingest: Ingest,
        *,
        shelf: Shelf,
        follower: BoardFollower,
        trends: Trends,
        usage: UsageStore,
        acts: Acts,
        now: Callable[[], datetime],
    ) -> None:
        self._ingest = ingest
        self._shelf = shelf
        self._follower = follower
        self._trends = trends
        self._usage = usage
        self._acts = acts
        self._now = now
        self._templates = open_templates()
        self._templates.filters["local"] = tell_local
        self._templates.globals |= {
            "ago": lambda moment: None if moment is None else (now() - moment).total_seconds(),
            "span": tell_span,
            "share": tell_share,
            "signed": tell_signed,
            "signs": STATE_SIGNS,
            "kinds": KIND_WORDS,
            "action": tell_action,
            "override_of": tell_override,
            "spark_box": (WIDTH, HEIGHT, PAST_CELLS),
        }

    async def get(self, request: web.Request, visitor: SignedIn) -> web.StreamResponse:
        """The page, or with `wall=1` the same to be read from afar."""
        query = single_values(request.query, QUERY, strangers_pass=True)
        try:
            view = View.read(query)
        except ValueError as fault:
            raise RequestRefused(Problem.BAD_REQUEST, str(fault), parameter="sort") from fault
        now, board, desk = self._now(), self._follower.board, self._ingest.desk
        facilities = list_facilities(desk, board, self._trends.sparks, now)
        feeds = list_feeds(desk, now)
        audit = await self._load_audit()
        timetable = desk.area.timetable
        return await self._page(
            "console_wall.html" if query.get("wall") == "1" else "console.html",
            visitor,
            view=view,
            sorts=list(Sort),
            facilities=arrange(facilities, view),
            states=count_states(facilities),
            total=len(facilities),
            look=sum(line.needs_a_look for line in facilities),
            feeds=feeds,
            held=list_held(desk),
            shared=find_shared_trouble(line.figures for line in feeds if line.carries_waits),
            facility=_find_facility(facilities, query.get("facility")),
            feed=_find_feed(feeds, query.get("feed")),
            audit=audit,
            done=_find_done(audit, visitor.holder.name, now) if "done" in query else None,
            tables=await self._load_tables(),
            usage=await self._load_usage(now),
            timetable_ends=None if timetable is None else timetable.find_last_day(),
        )

    async def show_form(self, request: web.Request, visitor: SignedIn) -> web.StreamResponse:
        """What an act would do, and the form that does it."""
        values = single_values(request.query, FORM_QUERY, strangers_pass=True)
        return await self._form(request, visitor, {"what": "", **values}, None)

    async def act(self, request: web.Request, visitor: SignedIn) -> web.StreamResponse:
        """Do it; then back to the page, so that loading it again does nothing twice."""
        act = self._acts.find(request.match_info["act"])
        try:
            await self._acts.do(act, visitor.holder, visitor.form)
        except FormFault as fault:
            return await self._form(request, visitor, dict(visitor.form), fault)
        return web.Response(status=303, headers={"Location": "/operator?done=1"})

    def as_page(self, handler: Handler) -> Handler:
        """The handler, whose refusals are pages for people."""

        async def shown(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except RequestRefused as refused:
                return await self._refusal(refused)

        return shown

    async def _form(
        self,
        request: web.Request,
        visitor: SignedIn,
        values: dict[str, str],
        fault: FormFault | None,
    ) -> web.StreamResponse:
        act = self._acts.find(request.match_info["act"])
        return await self._page(
            "console_act.html",
            visitor,
            status=200 if fault is None else 400,
            act=act,
            about=await act.describe(values.get("what", "")),
            values=values,
            fault=fault,
        )

    async def _refusal(self, refused: RequestRefused) -> web.Response:
        problem = refused.problem
        response = await self._render(
            "console_problem.html",
            status=problem.status.value,
            refused=refused,
            is_away=self._follower.board.degraded,
        )
        if problem in (Problem.STANDBY, Problem.STORE_AWAY):
            response.headers["Retry-After"] = "5"
        return response

    async def _page(
        self, name: str, visitor: SignedIn, *, status: int = 200, **values: object
    ) -> web.Response:
        holder = visitor.holder
        return await self._render(
            name,
            status=status,
            who=holder.name,
            may_act=holder.role.may(Role.OPERATOR),
            csrf=visitor.csrf_token,
            acts=self._acts.known,
            **values,
        )

    async def _render(self, name: str, *, status: int, **values: object) -> web.Response:
        area = self._ingest.desk.area
        text = await asyncio.to_thread(
            self._templates.get_template(name).render,
            area=area,
            now=self._now(),
            zone=area.calendar.zone,
            still_s=STILL_S,
            board=self._follower.board,
            **values,
        )
        response = web.Response(
            text=text,
            content_type="text/html",
            status=status,
            headers={"Cache-Control": "no-store"},
        )
        response.enable_compression()
        return response

    async def _load_audit(self) -> list[AuditLine] | None:
        """The newest acts; None while the store is away."""
        try:
            return await self._acts.list_audit(AUDIT_SHOWN)
        except StoreAway:
            return None

    async def _load_usage(self, now: datetime) -> _Usage | None:
        """What was answered this week, this month and just now; None while the store is away."""
        today = now.astimezone(self._ingest.desk.area.calendar.zone).date()
        week, month = week_of(today), month_of(today)
        try:
            counts = await self._usage.load_days(sorted({*week, *month}))
            live = await self._usage.load_live(now)
        except StoreAway:
            return None
        return _Usage(sum_up_live(live), sum_up(week, counts), sum_up(month, counts))

    async def _load_tables(self) -> dict[str, datetime | None] | None:
        """The instant that each mode's travel times are of; None while the store is away."""
        try:
            current = await self._shelf.list_current()
        except StoreAway:
            return None
        return {mode.value: entry.as_of for mode, entry in current.items()}


def _find_facility(lines: list[FacilityLine], wanted: str | None) -> FacilityLine | None:
    found = [line for line in lines if line.facility.id == wanted]
    if wanted is not None and not found:
        raise RequestRefused(Problem.UNKNOWN_FACILITY, f"{wanted[:64]!r}")
    return found[0] if found else None


def _find_feed(lines: list[FeedLine], wanted: str | None) -> FeedLine | None:
    found = [line for line in lines if line.figures.id == wanted]
    if wanted is not None and not found:
        raise RequestRefused(Problem.UNKNOWN_FEED, f"{wanted[:64]!r}")
    return found[0] if found else None


def _find_done(audit: list[AuditLine] | None, who: str, now: datetime) -> AuditEntry | None:
    """The act that somebody has just done: the audit's word, not that of an address."""
    entries = [line.entry for line in audit or ()]
    own = [one for one in entries if one.who == who and now - one.at <= DONE_SHOWN_FOR]
    return own[0] if own else None
