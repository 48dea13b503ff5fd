"""The grammar of plain questions: `GET /v1/recommendations`, whole in one chunk, headers harmless.

Narrow on purpose: whatever is unusual is aiohttp's to judge.
"""

import re
from typing import NamedTuple

from waitless.web.ready import accepts_gzip

MOST_BYTES = 4096
MOST_KEPT = 1024
"""Header blocks that are recognised; the oldest is forgotten first."""
START = b"GET /v1/recommendations?"
_MOST_QUERY = 1024
_REQUEST = re.compile(
    rb"GET /v1/recommendations\?([A-Za-z0-9&=.,+%_~-]{1,1024}) HTTP/1\.1"
    rb"((?:\r\n[A-Za-z0-9-]{1,40}: [\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)+)\r\n\r\n"
)
_HARMLESS = frozenset(
    b"accept accept-encoding accept-language cache-control dnt host if-none-match origin pragma "
    b"priority purpose referer sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest "
    b"sec-fetch-mode sec-fetch-site sec-fetch-user sec-gpc traceparent user-agent x-forwarded-for "
    b"x-forwarded-host x-forwarded-proto x-real-ip x-request-id".split()
)
"""Headers that may stand in a plain question. None of them frames a message, or says who asks."""
_IN_QUERIES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789&=.,+%_~-"
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_HOST = re.compile(rb"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?")
_KEEP_ALIVE = b"keep-alive"
_FORWARDED = b"x-forwarded-for"


class Block(NamedTuple):
    """What a harmless header block asks for."""

    gzipped: bool
    if_none_match: str | None
    request_id: str | None
    forwarded: tuple[str, ...]
    """The value of X-Forwarded-For, where there is one."""

    @property
    def is_anybodys(self) -> bool:
        """Whether nothing in it is of one client or request, so that it may be kept."""
        return self.request_id is None and not self.forwarded


class PlainGets:
    """Recognises plain questions; header blocks that came before are not read again."""

    def __init__(self) -> None:
        self._blocks: dict[bytes, Block] = {}

    def read(self, chunk: bytes) -> tuple[bytes, Block] | None:
        """The query string, and what the headers ask for; None where anything is unusual."""
        if len(chunk) > MOST_BYTES or not chunk.startswith(START):
            return None
        end = chunk.find(b" HTTP/1.1\r\n", len(START), len(START) + _MOST_QUERY + 1)
        block = self._blocks.get(chunk[end:]) if end > 0 else None
        if block is not None:
            query_string = chunk[len(START) : end]
            if query_string and not query_string.translate(None, _IN_QUERIES):
                return query_string, block
        request = _REQUEST.fullmatch(chunk)
        block = None if request is None else judge_headers(request[2])
        if request is None or block is None:
            return None
        if block.is_anybodys:
            if len(self._blocks) >= MOST_KEPT:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[chunk[request.end(1) :]] = block
        return request[1], block


def judge_headers(lines: bytes) -> Block | None:
    """What a header block asks for; None where a header is unknown, repeated or out of form.

    Args:
        lines: each line begun by CR LF, its name and value in the grammar of a plain question.
    """
    values: dict[bytes, bytes] = {}
    for line in lines.split(b"\r\n")[1:]:
        name, _, value = line.partition(b": ")
        name = name.lower()
        if name in values:
            return None
        values[name] = value
    if values.pop(b"connection", _KEEP_ALIVE).lower() != _KEEP_ALIVE:
        return None
    if not values.keys() <= _HARMLESS or _HOST.fullmatch(values.get(b"host", b"")) is None:
        return None
    if_none_match = values.get(b"if-none-match")
    request_id = values.get(b"x-request-id")
    if request_id is not None and _REQUEST_ID.fullmatch(request_id) is None:
        request_id = None
    return Block(
        accepts_gzip(values.get(b"accept-encoding", b"").decode()),
        None if if_none_match is None else if_none_match.decode(),
        None if request_id is None else request_id.decode(),
        (values[_FORWARDED].decode(),) if _FORWARDED in values else (),
    )
