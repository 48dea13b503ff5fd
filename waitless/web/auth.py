"""Who is asking, and whether they may: keys of programs, sessions of people. Nowhere else."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from waitless.keys import Holder, KeyRing, Role
from waitless.redis_link import StoreAway
from waitless.signin.sessions import Session, Sessions, csrf_token_of, is_csrf_token
from waitless.web.body import read_body
from waitless.web.cookies import SESSION, is_from_our_page, read_secret
from waitless.web.problems import Problem, RequestRefused

SCHEME = "Bearer "
CSRF_HEADER, CSRF_FIELD = "X-CSRF-Token", "csrf"
SIGN_IN_PATH = "/operator/sign-in"
SESSIONS_PATH = "/operator/sessions"
HOME = "/operator"
"""Where people come to who wanted nothing else."""
MOST_FORM = 8192
MOST_FIELDS = 20
ACTS = "/operator/acts/"
MOST_NEXT = 2000
"""Characters of an address to come back to: proxies take 8 kB of one that quotes it again."""
_SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who asks for a page."""

    session: Session
    session_id: str = field(repr=False)
    form: dict[str, str] = field(default_factory=dict, repr=False)
    """What a POST came with; its token has been looked at."""

    @property
    def holder(self) -> Holder:
        """Whose acts are done."""
        return self.session.holder

    @property
    def csrf_token(self) -> str:
        """What every form of the page has in a hidden field `csrf`, every script in a header."""
        return csrf_token_of(self.session_id)


PageHandler = Callable[[web.Request, SignedIn], Awaitable[web.StreamResponse]]


def require_holder(request: web.Request, keys: KeyRing, wanted: Role) -> Holder:
    """Whose key a request carries.

    Raises:
        RequestRefused: no key or nobody's (401), or one whose role is not enough (403).
    """
    header = request.headers.get("Authorization", "")
    holder = keys.find_holder(header.removeprefix(SCHEME)) if header.startswith(SCHEME) else None
    if holder is None:
        raise RequestRefused(
            Problem.UNAUTHENTICATED, "a known key is wanted: Authorization: Bearer"
        )
    return _allow(holder, wanted)


class Guard:
    """Lets those in who may: by key or, for what the operators' pages use, by session."""

    def __init__(self, keys: KeyRing, sessions: Sessions) -> None:
        self._keys = keys
        self._sessions = sessions

    async def require(self, request: web.Request, wanted: Role) -> Holder:
        """Who asks for something of `/v1/operator`. A key, where there is one, decides alone.

        Raises:
            RequestRefused: nobody known (401), a role that is not enough (403), a session's
                request that changes something without its token or from another site (403), or
                nobody can be looked up (503).
        """
        session_id = read_secret(request, SESSION)
        if "Authorization" in request.headers or session_id is None:
            return require_holder(request, self._keys, wanted)
        if request.method not in _SAFE:
            _check_source(request, session_id, request.headers.get(CSRF_HEADER, ""))
        session = await self._find(session_id)
        if session is None:
            raise RequestRefused(Problem.UNAUTHENTICATED, "that session is over: sign in again")
        return _allow(session.holder, wanted)

    def page(self, wanted: Role, handler: PageHandler) -> Handler:
        """A page for people with a role; who is not signed in is sent to do so, and back.

        Raises (when asked): RequestRefused, as `require`.
        """

        async def guarded(request: web.Request) -> web.StreamResponse:
            session_id = read_secret(request, SESSION)
            session = None if session_id is None else await self._find(session_id)
            form = {} if request.method in _SAFE else await read_form(request)
            if session_id is None or session is None:
                return see_other(make_sign_in_path(request, form))
            if request.method not in _SAFE:
                _check_source(request, session_id, form.get(CSRF_FIELD, ""))
            _allow(session.holder, wanted)
            return await handler(request, SignedIn(session, session_id, form))

        return guarded

    async def find(self, request: web.Request) -> SignedIn | None:
        """Who is signed in; None where nobody is. Raises RequestRefused where none can say."""
        session_id = read_secret(request, SESSION)
        session = None if session_id is None else await self._find(session_id)
        return None if session_id is None or session is None else SignedIn(session, session_id)

    async def _find(self, session_id: str) -> Session | None:
        try:
            return await self._sessions.find(session_id)
        except StoreAway as fault:
            raise RequestRefused(Problem.STORE_AWAY, "nobody can be looked up there") from fault


async def read_form(request: web.Request) -> dict[str, str]:
    """The fields of a form that was sent, each with its last value.

    Raises:
        RequestRefused: it is too long, or no form.
    """
    if request.content_type != "application/x-www-form-urlencoded":
        raise RequestRefused(Problem.WRONG_CONTENT_TYPE, "a form is wanted")
    body = await read_body(request, MOST_FORM)
    try:
        text = body.decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as fault:
        raise RequestRefused(Problem.BAD_REQUEST, "that is no form") from fault


def see_other(path: str) -> web.Response:
    """Send a browser to another page of ours."""
    return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})


def make_sign_in_path(request: web.Request, form: Mapping[str, str]) -> str:
    """Where to sign in, and come back to what was asked for; a form of an act as it was filled in.

    What was typed goes in the address: nothing is done until the form is sent anew.
    """
    wanted = HOME
    if request.method in _SAFE:
        wanted = choose_next(request.raw_path)
    elif request.path.startswith(ACTS) and is_from_our_page(request):
        typed = {name: text for name, text in form.items() if name != CSRF_FIELD}
        wanted = choose_next(f"{request.path}?{urlencode(typed, errors='replace')}")
        wanted = wanted if len(wanted) <= MOST_NEXT else HOME
    return f"{SIGN_IN_PATH}?next={quote(wanted, safe='')}"


def choose_next(path: str) -> str:
    """Where to go after signing in: an operators' page of ours, whatever somebody's link says."""
    try:
        parts = urlsplit(path)
    except ValueError:
        return HOME
    ours = parts.path == "/operator" or parts.path.startswith("/operator/")
    plain = path.isascii() and path.isprintable() and not set(path) & set('\\ "<>')
    if parts.scheme or parts.netloc or not ours or not plain or ".." in parts.path:
        return HOME
    return HOME if parts.path.startswith(SIGN_IN_PATH) or "//" in parts.path else path


def _check_source(request: web.Request, session_id: str, token: str) -> None:
    if not is_from_our_page(request):
        raise RequestRefused(Problem.CROSS_SITE, "by its Sec-Fetch-Site or Origin")
    if not is_csrf_token(token, session_id):
        raise RequestRefused(
            Problem.CROSS_SITE, f"{CSRF_HEADER}, or the form's field {CSRF_FIELD}, is wanted"
        )


def _allow(holder: Holder, wanted: Role) -> Holder:
    if not holder.role.may(wanted):
        raise RequestRefused(Problem.FORBIDDEN, f"that wants the role {wanted}")
    return holder
