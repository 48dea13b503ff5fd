"""Rate limits on the way in: who is asking, 429, and the RateLimit fields.

The fields are those of draft-ietf-httpapi-ratelimit-headers-09: `RateLimit-Policy` (q requests
in w seconds) and `RateLimit` (r left now, full again in t seconds).
"""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from aiohttp import web

from waitless.keys import KeyRing
from waitless.limits import Limiter, Verdict
from waitless.web.auth import SCHEME
from waitless.web.problems import Problem, problem_response

EXEMPT = frozenset({"/healthz", "/readyz", "/metrics"})
"""A monitor must not be told that all is busy."""
FORWARDED_FOR = "X-Forwarded-For"
MOST_HOPS = 10
_VERDICT = web.RequestKey("rate_verdict", Verdict)
Network = IPv4Network | IPv6Network


class Clients:
    """Tells who a request is from: the holder of a known key, else an address."""

    def __init__(self, trusted: tuple[Network, ...], keys: KeyRing) -> None:
        self._trusted = trusted
        self._keys = keys

    def name(self, request: web.Request) -> str:
        """The client's name for `Limiter.admit`: `key NAME`, or the address it asks from."""
        header = request.headers.get("Authorization", "")
        if header.startswith(SCHEME):
            holder = self._keys.find_holder(header.removeprefix(SCHEME))
            if holder is not None:
                return f"key {holder.name}"
        return self.address(request.remote or "", request.headers.getall(FORWARDED_FOR, ()))

    def trusts(self, peer: str) -> bool:
        """Whether it is a proxy whose word about the client counts."""
        if not self._trusted:
            return False
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._trusted)

    def address(self, peer: str, forwarded: Sequence[str]) -> str:
        """The nearest address that no trusted proxy has; what lies behind it is hearsay.

        Args:
            peer: who is connected to us.
            forwarded: the values of X-Forwarded-For, in their order.
        """
        if not forwarded or not self.trusts(peer):
            return peer
        hops = [hop.strip() for value in forwarded for hop in value.split(",")]
        for hop in reversed(hops[-MOST_HOPS:]):
            if not _is_address(hop):
                return peer
            if not self.trusts(hop):
                return hop
            peer = hop
        return peer


class RateLimits:
    """Judges requests, and tells clients how they stand."""

    def __init__(self, limiter: Limiter, clients: Clients, on_refusal: Callable[[], None]) -> None:
        """Nobody judged yet.

        Args:
            limiter: this worker's part of the limit.
            clients: tells who asks.
            on_refusal: called at every refusal.
        """
        self._limiter = limiter
        self._clients = clients
        self._on_refusal = on_refusal
        refilled_s = round(limiter.burst / limiter.rate) or 1
        self._policy = f'"default";q={limiter.burst};w={refilled_s}'

    def judge(self, request: web.Request) -> web.StreamResponse | None:
        """The refusal of a request that comes too soon (a gate); None admits it."""
        if request.path in EXEMPT:
            return None
        verdict = self._limiter.admit(self._clients.name(request))
        request[_VERDICT] = verdict
        if verdict.admitted:
            return None
        self._on_refusal()
        again = verdict.retry_after_s
        response = problem_response(Problem.TOO_MANY_REQUESTS, f"again in {again} s")
        response.headers["Retry-After"] = str(again)
        return response

    def add_fields(self, request: web.Request, response: web.StreamResponse) -> None:
        """Tell the client how it stands (a hook): every answer does, streams too."""
        verdict = request.get(_VERDICT)
        if verdict is not None:
            for name, value in self._list_fields(verdict):
                response.headers[name] = value

    def admit(self, peer: str, forwarded: Sequence[str]) -> bytes | None:
        """The same fields as header lines, for a request without a key.

        None where it is refused; it is not counted then, and may be judged again.
        """
        verdict = self._limiter.admit(self._clients.address(peer, forwarded))
        if not verdict.admitted:
            return None
        fields = self._list_fields(verdict)
        return b"".join(f"{name}: {value}\r\n".encode() for name, value in fields)

    def _list_fields(self, verdict: Verdict) -> list[tuple[str, str]]:
        standing = f'"default";r={verdict.remaining};t={verdict.reset_s}'
        return [("RateLimit-Policy", self._policy), ("RateLimit", standing)]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
