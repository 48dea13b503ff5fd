"""The operators' way in: sign-in, its pages, and the guard of all that is theirs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from aiohttp import web

from waitless.keys import Role
from waitless.metrics import SignInMetrics
from waitless.parts import Parts
from waitless.signin.accounts import Accounts
from waitless.signin.desk import SignInDesk, find_role_now
from waitless.signin.flow import RETURN_PATH
from waitless.signin.lockout import Lockout
from waitless.signin.openid import OpenId
from waitless.signin.provider import Provider
from waitless.signin.sessions import Sessions
from waitless.web.auth import SESSIONS_PATH, SIGN_IN_PATH, Guard
from waitless.web.limits import FORWARDED_FOR, Clients
from waitless.web.routes import Routes
from waitless.web.signin import SignInPages
from waitless.web.standby import while_writing


def add_sign_in(parts: Parts, routes: Routes) -> tuple[Guard, SignInPages]:
    """The pages of signing in, on the one process that writes (decision 0020).

    Gives what guards everything else of operators, and what shows its refusals on a page.

    Raises:
        SettingsFault: accounts or OpenID Connect cannot be set up as the settings say.
    """
    settings, now = parts.settings, parts.now
    accounts = Accounts.load(settings.accounts_file)
    wanted = OpenId.read(settings)
    provider = None if wanted is None else Provider(wanted, now=now)
    redis = parts.open_redis()
    sessions = Sessions(
        redis,
        parts.area.id,
        idle=timedelta(minutes=settings.session_idle_minutes),
        longest=timedelta(hours=settings.session_hours),
        role_now=lambda session: find_role_now(session, accounts, provider),
        now=now,
    )
    desk = SignInDesk(
        accounts,
        provider,
        Lockout(redis, parts.area.id),
        sessions,
        parts.store,
        metrics=SignInMetrics(parts.registry),
        now=now,
    )
    guard = Guard(parts.keys, sessions)
    clients = Clients(settings.list_trusted_proxies(), parts.keys)

    def address_of(request: web.Request) -> str:
        return clients.address(request.remote or "", request.headers.getall(FORWARDED_FOR, ()))

    pages = SignInPages(parts.area, desk, address_of=address_of)
    for path, get in (
        (SIGN_IN_PATH, pages.show),
        (f"{SIGN_IN_PATH}/openid", pages.go_to_provider),
        (RETURN_PATH, pages.come_back),
        (SESSIONS_PATH, guard.page(Role.VIEWER, pages.list_sessions)),
    ):
        # A code of the provider's is good once: no HEAD may use it up.
        routes.add_get(path, pages.as_page(while_writing(parts.lease, get)), allow_head=False)
    for path, post in (
        (SIGN_IN_PATH, pages.sign_in),
        ("/operator/sign-out", guard.page(Role.VIEWER, pages.sign_out)),
        (f"{SESSIONS_PATH}/end", guard.page(Role.ADMIN, pages.end_session)),
    ):
        routes.add_post(path, pages.as_page(while_writing(parts.lease, post)))

    @asynccontextmanager
    async def closing(_: web.Application) -> AsyncIterator[None]:
        yield
        await redis.aclose()

    routes.app.cleanup_ctx.append(closing)
    return guard, pages
