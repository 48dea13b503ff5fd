"""A ready answer: status line, headers and body joined from parts that are rendered already.

The ordinary path and the fast path (`waitless.web.fastpath`) send what is made here, so that they
cannot differ.
"""

import re
import secrets
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from itertools import count

from aiohttp import HttpVersion10, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import SERVER_SOFTWARE

from waitless.answers.laid import Laid

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
}
"""What browsers must not do, on every response."""
REQUEST_ID = "X-Request-ID"
_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FIXED = {**SECURITY, "Access-Control-Allow-Origin": "*", "Server": SERVER_SOFTWARE}
_OPENINGS = {
    status.value: b"".join(
        (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode(),
            *(f"{name}: {value}\r\n".encode() for name, value in _FIXED.items()),
        )
    )
    for status in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED)
}
OK, NOT_MODIFIED = HTTPStatus.OK.value, HTTPStatus.NOT_MODIFIED.value
"""Plain numbers: an enumeration's member takes a microsecond to be looked up by."""


def request_ids() -> Callable[[], str]:
    """Makes ids that no other process makes: a random start, counted on."""
    start = secrets.token_hex(4)
    numbers = count(secrets.randbits(31))
    return lambda: f"{start}{next(numbers) & 0xFFFFFFFF:08x}"


new_request_id = request_ids()


def choose_request_id(request: web.BaseRequest) -> str:
    """The id that came with a request, or a new one."""
    given = request.headers.get(REQUEST_ID)
    return given if given is not None and _GOOD_ID.fullmatch(given) else new_request_id()


@lru_cache(maxsize=1024)
def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding names gzip and does not refuse it."""
    for coding in accept_encoding.lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def choose_status(laid: Laid, if_none_match: str | None, *, gzipped: bool) -> int:
    """304 where the client has this form of the answer already, else 200.

    Args:
        laid: the body.
        if_none_match: the header as it came; None where it did not.
        gzipped: the form that would be sent.
    """
    if if_none_match is None:
        return OK
    if if_none_match == "*":
        return NOT_MODIFIED
    tag = laid.tag(gzipped=gzipped).decode()
    if if_none_match == tag:  # as most clients send it
        return NOT_MODIFIED
    told = (one.strip().removeprefix("W/") for one in if_none_match.split(","))
    return NOT_MODIFIED if any(one in (tag, "*") for one in told) else OK


def join_answer(
    laid: Laid, status: int, now: datetime, request_id: str, *, gzipped: bool
) -> tuple[bytes, bytes]:
    """Status line and headers (without the last line's end), and the body."""
    template = _template(status, gzipped, laid.private, laid.max_age_s(now), laid.content_type)
    date = rfc822_formatted_time().encode()
    if status == NOT_MODIFIED:
        return template % (laid.etag, request_id.encode(), date), b""
    body = laid.form(gzipped=gzipped)
    return template % (laid.etag, len(body), request_id.encode(), date), body


@lru_cache(maxsize=1024)
def _template(
    status: int,
    gzipped: bool,  # noqa: FBT001 - what it is kept by, in its order
    private: bool,  # noqa: FBT001
    max_age_s: int,
    content_type: str,
) -> bytes:
    """Status line and headers, with room for ETag, length (of a 200), id and date."""
    scope = b"private" if private else b"public"
    lines = [
        b"Cache-Control: %b, max-age=%d, must-revalidate" % (scope, max_age_s),
        b'ETag: "%b-gzip"' if gzipped else b'ETag: "%b"',
        b"Vary: Accept-Encoding",
    ]
    if status == OK:
        lines += [b"Content-Type: " + content_type.encode(), b"Content-Length: %d"]
        if gzipped:
            lines.append(b"Content-Encoding: gzip")
    lines += [b"X-Request-ID: %b", b"Date: %b"]
    return _OPENINGS[status].replace(b"%", b"%%") + b"".join(line + b"\r\n" for line in lines)


def answer_with(request: web.Request, laid: Laid, now: datetime) -> "ReadyAnswer":
    """The body in the form that a request accepts, or 304 where the client has it already."""
    headers = request.headers
    gzipped = accepts_gzip(headers.get(hdrs.ACCEPT_ENCODING, ""))
    status = choose_status(laid, headers.get(hdrs.IF_NONE_MATCH), gzipped=gzipped)
    request_id = choose_request_id(request)
    return ReadyAnswer(
        status, *join_answer(laid, status, now, request_id, gzipped=gzipped), request_id
    )


Hook = Callable[[web.Request, web.StreamResponse], None]
_HOOKS: web.AppKey[list[Hook]] = web.AppKey("hooks", list)
"""What is done to every answer before it is sent, ready ones too: what is not in their parts
already. Absent where there is none."""


def add_hook(app: web.Application, hook: Hook) -> None:
    """Have a hook called before every answer of an application that has not been started."""

    async def signal(request: web.Request, response: web.StreamResponse) -> None:
        hook(request, response)

    app.on_response_prepare.append(signal)
    app.setdefault(_HOOKS, []).append(hook)


def _hooks_of(request: web.Request) -> list[Hook]:
    try:  # quicker than to look whether there are any
        return request.app[_HOOKS]
    except KeyError:
        return []


class ReadyAnswer(web.StreamResponse):
    """An answer that is sent as it is; only hooks may add to its headers."""

    def __init__(self, status: int, head: bytes, body: bytes, request_id: str) -> None:
        super().__init__(status=status)
        self.request_id = request_id
        self._head = head
        self._ready_body = body

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send it, and wait where the client reads slowly."""
        self._keep_alive = request.keep_alive
        head, last = self._head, b"\r\n"
        if isinstance(request, web.Request):
            for hook in _hooks_of(request):
                hook(request, self)
        if self.headers:
            self.headers.pop(hdrs.CONNECTION, None)  # told below
            head += b"".join(
                f"{name}: {value}\r\n".encode() for name, value in self.headers.items()
            )
        if request.version == HttpVersion10:
            head = head.replace(b"HTTP/1.1", b"HTTP/1.0", 1)
            last = b"Connection: keep-alive\r\n\r\n" if self._keep_alive else last
        elif not self._keep_alive:
            last = b"Connection: close\r\n\r\n"
        body = b"" if request.method == "HEAD" else self._ready_body
        writer = request.writer
        await writer.write(head + last + body)
        await writer.drain()
        return writer

    async def write_eof(self, data: bytes = b"") -> None:  # noqa: ARG002 - aiohttp's
        """All is sent already."""
        self._eof_sent = True
