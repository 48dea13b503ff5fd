"""`/operator/sign-in`, `/operator/sign-out`, `/operator/sessions`: pages that need no script."""

from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from waitless.area.pack import Area
from waitless.keys import How, Role
from waitless.redis_link import StoreAway
from waitless.signin.desk import SignInDesk
from waitless.signin.flow import Flow
from waitless.signin.refusal import SignInRefused
from waitless.signin.sessions import name_of
from waitless.web.auth import (
    SESSIONS_PATH,
    SIGN_IN_PATH,
    SignedIn,
    choose_next,
    read_form,
    see_other,
)
from waitless.web.cookies import (
    FLOW,
    FLOW_FOR,
    SESSION,
    forget,
    is_from_our_page,
    is_local,
    read_secret,
    set_secret,
)
from waitless.web.problems import Problem, RequestRefused
from waitless.web.sign_in_words import SENTENCES, STATUSES
from waitless.web.static import open_templates

HEADERS = {
    "Cache-Control": "no-store",
    # Not `no-referrer`: under it browsers send a form's Origin as `null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
NEXT = "waitless-next"


class SignInPages:
    """The pages around signing in."""

    def __init__(
        self,
        area: Area,
        desk: SignInDesk,
        *,
        address_of: Callable[[web.Request], str],
    ) -> None:
        """Nothing shown yet.

        Args:
            area: named at the top, and whose zone times are told in.
            desk: signs in and out.
            address_of: tells a client's address.
        """
        self._area = area
        self._desk = desk
        self._address_of = address_of
        self._templates = open_templates()

    def as_page(self, handler: Handler) -> Handler:
        """The handler; what it refuses is told on a page, not in a problem document."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                response = await handler(request)
            except RequestRefused as fault:
                response = self._render(
                    "operator_problem.html", fault.problem.status,
                    title=fault.problem.title, detail=fault.detail,
                    away=fault.problem in (Problem.STORE_AWAY, Problem.STANDBY),
                )  # fmt: skip
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return handle

    async def show(self, request: web.Request) -> web.Response:
        """The form. Who is signed in already sees it, too, to become somebody else."""
        return self._form(200, choose_next(request.query.get("next", "")))

    async def sign_in(self, request: web.Request) -> web.Response:
        """A name and a password were sent."""
        if not is_from_our_page(request):
            raise RequestRefused(Problem.CROSS_SITE, "by its Sec-Fetch-Site or Origin")
        form = await read_form(request)
        to, name = choose_next(form.get("next", "")), form.get("name", "")
        try:
            session_id = await self._desk.sign_in_by_password(
                name,
                form.get("password", ""),
                self._address_of(request),
                instead_of=read_secret(request, SESSION),
            )
        except SignInRefused as fault:
            return self._refuse(fault, to, name[:64])
        response = see_other(to)
        set_secret(request, response, SESSION, session_id)
        return response

    async def go_to_provider(self, request: web.Request) -> web.Response:
        """Send the browser out. A link, no form: `form-action` would stop a form's redirect."""
        to, flow = choose_next(request.query.get("next", "")), Flow.begin()
        try:
            url = await self._desk.begin_openid(flow)
        except SignInRefused as fault:
            return self._refuse(fault, to)
        response = web.Response(status=303, headers={"Location": url})
        set_secret(request, response, FLOW, flow.secret, lasts=FLOW_FOR)
        response.set_cookie(
            NEXT, to, path=SIGN_IN_PATH, httponly=True, samesite="Lax",
            secure=not is_local(request), max_age=int(FLOW_FOR.total_seconds()),
        )  # fmt: skip
        return response

    async def come_back(self, request: web.Request) -> web.Response:
        """The browser is back from the provider."""
        secret = read_secret(request, FLOW)
        to = choose_next(request.cookies.get(NEXT, ""))
        response: web.Response
        try:
            session_id = await self._desk.sign_in_by_openid(
                dict(request.query),
                None if secret is None else Flow(secret),
                self._address_of(request),
                instead_of=read_secret(request, SESSION),
            )
        except SignInRefused as fault:
            response = self._refuse(fault, to)
        else:
            response = see_other(to)
            set_secret(request, response, SESSION, session_id)
        forget(request, response, FLOW)
        return response

    async def sign_out(self, request: web.Request, who: SignedIn) -> web.Response:
        """End this session; with `everywhere`, all of this person's."""
        everywhere = who.form.get("everywhere") == "1"
        try:
            await self._desk.sign_out(who.session_id, everywhere=everywhere)
        except StoreAway as fault:
            raise RequestRefused(
                Problem.STORE_AWAY, "you may still be signed in: try again"
            ) from fault
        elsewhere = None
        if who.session.how is How.OPENID:
            elsewhere = await self._desk.find_provider_sign_out(SIGN_IN_PATH)
        response = self._render(
            "signed_out.html", 200, everywhere=everywhere, elsewhere=elsewhere, to=SIGN_IN_PATH
        )
        forget(request, response, SESSION)
        return response

    async def list_sessions(self, _: web.Request, who: SignedIn) -> web.Response:
        """One's own sessions; for an admin everybody's."""
        try:
            known = await self._desk.sessions.list_all()
        except StoreAway as fault:
            raise RequestRefused(Problem.STORE_AWAY, "sessions are kept there") from fault
        everybody = who.session.role.may(Role.ADMIN)
        zone = self._area.calendar.zone
        return self._render(
            "sessions.html", 200, who=who, everybody=everybody,
            sessions=[
                {
                    "id": name,
                    "session": one,
                    "mine": name == name_of(who.session_id),
                    "begun": one.begun_at.astimezone(zone),
                    "seen": one.seen_at.astimezone(zone),
                }
                for name, one in known.items()
                if everybody or one.is_same_person(who.session)
            ],
        )  # fmt: skip

    async def end_session(self, _: web.Request, who: SignedIn) -> web.Response:
        """An admin ends somebody's session."""
        try:
            await self._desk.end_session(who.form.get("session", ""), who.holder)
        except StoreAway as fault:
            raise RequestRefused(Problem.STORE_AWAY, "that session may go on") from fault
        return see_other(SESSIONS_PATH)

    def _refuse(self, fault: SignInRefused, to: str, name: str = "") -> web.Response:
        response = self._form(STATUSES[fault.why], to, fault, name)
        if fault.again_in_s is not None:
            response.headers["Retry-After"] = str(fault.again_in_s)
        return response

    def _form(
        self, status: int, to: str, fault: SignInRefused | None = None, name: str = ""
    ) -> web.Response:
        return self._render(
            "sign_in.html", status, to=to, name=name,
            refused=None if fault is None else SENTENCES[fault.why],
            again_in_s=None if fault is None else fault.again_in_s,
            by_password=bool(self._desk.accounts), by_provider=self._desk.provider is not None,
        )  # fmt: skip

    def _render(self, template: str, status: int, **values: object) -> web.Response:
        text = self._templates.get_template(template).render(area=self._area, **values)
        return web.Response(text=text, status=status, content_type="text/html")
