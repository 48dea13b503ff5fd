"""One conditional GET that can neither hang, nor overflow, nor be led to another host."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

import aiohttp
from aiohttp import hdrs
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from feeds.addresses import PrivateAddress
from feeds.backoff import find_retry_after_s
from feeds.definition import FeedDefinition, HttpPoll
from feeds.timetable.definition import TripUpdatesDefinition
from feeds.traffic.definition import TrafficDefinition

MAX_REDIRECTS = 5
FULL_EVERY = timedelta(minutes=30)
"""A source may say "nothing new" (304) for so long; then the whole body is asked for. Broken
caches say it for ever, and beyond 30 minutes no wait is live anyway."""

MEDIA_TYPES = {
    "json": ("application/json", "text/json"),
    "csv": ("text/csv", "text/plain", "application/csv", "application/octet-stream"),
    "html": ("text/html", "application/xhtml+xml"),
    "text": ("text/plain", "text/html"),
    "xml": (
        "application/xml",
        "text/xml",
        "application/octet-stream",
        "application/gzip",
        "application/x-gzip",
    ),
    "protobuf": (
        "application/x-protobuf",
        "application/protobuf",
        "application/vnd.google.protobuf",
        "application/x-google-protobuf",
        "application/octet-stream",
    ),
}
"""By the kind of body. JSON may also come as `*/json` or `*/*+json`, XML likewise, or as a gzip
file that its decoder unpacks."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_VALIDATOR = 512


class PollFault(Exception):
    """A fetch that gave no usable body.

    Attributes:
        code: why, for machines; docs/feeds.md lists them.
        retry_after_s: for how long the source asked to be left alone; None where it did not.
    """

    def __init__(self, code: str, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class _Validators:
    """What the last body was known by, for "only if it has changed"."""

    url: URL
    fetched_at: datetime
    headers: dict[str, str]


class Fetcher:
    """Fetches one source's body, again and again, asking only for what is new."""

    def __init__(
        self,
        definition: FeedDefinition | TrafficDefinition | TripUpdatesDefinition,
        *,
        session: aiohttp.ClientSession,
        now: Callable[[], datetime],
    ) -> None:
        transport = definition.transport
        if not isinstance(transport, HttpPoll):
            raise TypeError(f"feed {definition.id} is not fetched by HTTP")
        self._url = URL(transport.url)
        self._timeout_s = transport.timeout_s
        self._max_bytes = transport.max_bytes
        if definition.media not in MEDIA_TYPES:
            raise ValueError(
                f"feed {definition.id}: no media types are known for rows of {definition.media!r}"
            )
        self._format = definition.media
        self._session = session
        self._now = now
        self._validators: _Validators | None = None

    async def fetch(self) -> bytes | None:
        """The body, uncompressed; None where the source says that it is still the last one.

        The definition's timeout covers everything: the name's look-up, every redirect, the body.

        Raises:
            PollFault: anything else.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._follow()
        except TimeoutError as fault:
            raise PollFault("timeout", f"no whole answer within {self._timeout_s:g} s") from fault
        except (aiohttp.ClientError, HttpProcessingError) as fault:
            raise PollFault(_code_of(fault), _words_of(fault)) from fault

    async def _follow(self) -> bytes | None:
        url = self._url
        accept = ", ".join([*MEDIA_TYPES[self._format], "*/*;q=0.1"])
        for _ in range(MAX_REDIRECTS + 1):
            conditions = self._conditions(url)
            async with self._session.get(
                url, headers={hdrs.ACCEPT: accept, **conditions}, allow_redirects=False
            ) as response:
                if response.status not in _REDIRECTS:
                    return await self._read(url, response, is_conditional=bool(conditions))
                url = find_next_hop(url, response.headers.get(hdrs.LOCATION))
        raise PollFault("redirect", f"more than {MAX_REDIRECTS} redirects")

    def _conditions(self, url: URL) -> dict[str, str]:
        """The headers that ask for what is new since the last body; none for another address."""
        known = self._validators
        if known is None or known.url != url or self._now() - known.fetched_at >= FULL_EVERY:
            return {}
        return known.headers

    async def _read(
        self, url: URL, response: aiohttp.ClientResponse, *, is_conditional: bool
    ) -> bytes | None:
        if response.status == HTTPStatus.NOT_MODIFIED and is_conditional:
            return None
        if response.status != HTTPStatus.OK:
            raise PollFault(
                f"status_{response.status}",
                "the source refuses or fails",
                retry_after_s=find_retry_after_s(
                    response.headers.get(hdrs.RETRY_AFTER), self._now()
                ),
            )
        if not _is_acceptable(response.content_type, self._format):
            raise PollFault("content_type", f"{response.content_type[:64]!r} for {self._format}")
        body = await self._read_body(response)
        self._validators = _validators_of(url, response, self._now())
        return body

    async def _read_body(self, response: aiohttp.ClientResponse) -> bytes:
        """The body as it unpacks; aiohttp unpacks no further ahead than its read buffer."""
        body = bytearray()
        if (response.content_length or 0) <= self._max_bytes:
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > self._max_bytes:
                    break
            else:
                return bytes(body)
        raise PollFault("too_large", f"more than {self._max_bytes} bytes")


def _is_acceptable(media_type: str, rows_format: str) -> bool:
    if rows_format in ("json", "xml") and media_type.endswith(
        (f"/{rows_format}", f"+{rows_format}")
    ):
        return True
    return media_type in MEDIA_TYPES[rows_format]


def _validators_of(url: URL, response: aiohttp.ClientResponse, now: datetime) -> _Validators | None:
    headers: dict[str, str] = {}
    for given, asked in (
        (hdrs.ETAG, hdrs.IF_NONE_MATCH),
        (hdrs.LAST_MODIFIED, hdrs.IF_MODIFIED_SINCE),
    ):
        value = response.headers.get(given, "")
        if _is_repeatable(value):
            headers[asked] = value
    return _Validators(url, now, headers) if headers else None


def _is_repeatable(value: str) -> bool:
    """Whether a header of the source's may be sent back to it: short, visible ASCII."""
    return 0 < len(value) <= _LONGEST_VALIDATOR and value.isascii() and value.isprintable()


def find_next_hop(url: URL, location: str | None) -> URL:
    """Where a redirect leads: another path of the same origin, or the same host's https.

    Raises:
        PollFault: nowhere, to another host or port, back to http, or with credentials in it.
    """
    if not location:
        raise PollFault("redirect", "without an address")
    try:
        given = URL(location)
        target = url.join(given)
        is_same = target.scheme in ("http", "https") and target.origin() == url.origin()
    except ValueError as fault:
        raise PollFault("redirect", "to an address that is none") from fault
    is_upgrade = (url.scheme, target.scheme) == ("http", "https") and (
        (url.port, target.port) == (80, 443) and target.host == url.host
    )
    if not is_same and not is_upgrade:
        raise PollFault("redirect", f"leads elsewhere: {(target.host or '')[:64]!r}")
    if given.raw_user is not None or given.raw_password is not None:
        raise PollFault("redirect", "with credentials")
    return target


def _code_of(fault: Exception) -> str:
    """The code of what aiohttp raised, from the most particular to the least."""
    match fault:
        case aiohttp.ClientConnectorDNSError():
            return "private_address" if isinstance(fault.os_error, PrivateAddress) else "dns"
        case aiohttp.ClientSSLError():
            return "tls"
        case aiohttp.ClientConnectorError():
            refused = isinstance(fault.os_error, ConnectionRefusedError)
            return "refused" if refused else "unreachable"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            return "reset"
        case aiohttp.ClientPayloadError():
            return "incomplete"
        case _:
            return "not_http"


def _words_of(fault: Exception) -> str:
    """For an operator; without addresses, in which there may be credentials."""
    reason = fault.strerror if isinstance(fault, OSError) else None
    return type(fault).__name__ + (f": {reason}" if reason else "")
