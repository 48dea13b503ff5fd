"""The operators' cookies, and whether a request came from a page of ours."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

from aiohttp import web

SECURE_PREFIX, LOCAL_SUFFIX = "__Host-", "-local"
"""`__Host-` has browsers insist on Secure, on this very host and on the path /. Browsers do not
send Secure cookies over plain http, which is for trying things out on one's own machine alone:
there the cookie has another name, which is looked at nowhere else."""
SESSION, FLOW = "waitless", "waitless-flow"
FLOW_FOR = timedelta(minutes=10)
"""How long somebody may take at the provider."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_GOOD_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


def is_local(request: web.Request) -> bool:
    """Whether a request came over plain http to an address of this very machine."""
    forwarded = request.headers.get("X-Forwarded-Proto", "http")
    try:
        host = urlsplit(f"//{request.host}").hostname
    except ValueError:
        return False
    return host in _LOOPBACK and not request.secure and forwarded == "http"


def read_secret(request: web.Request, name: str) -> str | None:
    """What a cookie of ours holds; None where it is missing or none that we made."""
    value = request.cookies.get(_full_name(request, name), "")
    return value if _GOOD_SECRET.fullmatch(value) else None


def set_secret(
    request: web.Request,
    response: web.Response,
    name: str,
    value: str,
    *,
    lasts: timedelta | None = None,
) -> None:
    """Give the browser a cookie; without a time it lasts until the browser is closed.

    `Lax`, not `Strict`: who comes back from the provider, or follows a link from a message, is
    still signed in. What changes anything is guarded by a token besides.
    """
    response.set_cookie(
        _full_name(request, name),
        value,
        path="/",
        httponly=True,
        secure=not is_local(request),
        samesite="Lax",
        max_age=None if lasts is None else int(lasts.total_seconds()),
    )


def forget(request: web.Request, response: web.Response, name: str) -> None:
    """Take a cookie back."""
    set_secret(request, response, name, "", lasts=timedelta(0))


def is_from_our_page(request: web.Request) -> bool:
    """Whether a browser says that a page of this very origin sent a request.

    `Sec-Fetch-Site` where the browser sends it; else `Origin`, which every browser puts on a POST.
    A request with neither is refused.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin", "")
    scheme, _, host = origin.partition("://")
    return host == request.host and scheme == ("http" if is_local(request) else "https")


def _full_name(request: web.Request, name: str) -> str:
    return name + LOCAL_SUFFIX if is_local(request) else SECURE_PREFIX + name
