"""Who is asking: bearer keys of providers and operators."""

from aiohttp import web

from waitless.keys import Holder, KeyRing, Role
from waitless.web.problems import Problem, RequestRefused

SCHEME = "Bearer "


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
    if not holder.role.may(wanted):
        raise RequestRefused(Problem.FORBIDDEN, f"that wants the role {wanted}")
    return holder
