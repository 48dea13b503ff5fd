"""Laid bodies: what many ask for and few change, rendered once and sent in the form asked for.

For the directory, for feeds and for documents what `waitless.answers.entry` is for answers.
"""

import gzip
from datetime import datetime
from hashlib import sha256
from typing import cast

from aiohttp import hdrs, web

from waitless.answers.entry import Entry
from waitless.web.middleware import request_id_of
from waitless.web.ready import ReadyAnswer, accepts_gzip, choose_status, join_answer

JSON = "application/json"
GZIP_LEVEL = 1
"""As for answers: most bodies live for seconds."""


class Laid:
    """One body with its tag and forms; compressed and headed when that is first asked for.

    It has what `join_answer` asks of an `Entry`: `tag`, `form` and `head`.
    """

    __slots__ = ("_content_type", "_etag", "_gzip", "_heads", "_most_age_s", "body", "valid_until")

    def __init__(
        self,
        body: bytes,
        *,
        most_age_s: int,
        valid_until: datetime | None = None,
        content_type: str = JSON,
    ) -> None:
        """Hold a body.

        Args:
            body: as it is sent uncompressed.
            most_age_s: how long others may keep it at most, seconds.
            valid_until: from when on nobody shall show it; None where that never comes.
            content_type: of the body.
        """
        self.body = body
        self.valid_until = valid_until
        self._most_age_s = most_age_s
        self._content_type = content_type.encode()
        self._etag = sha256(body).hexdigest()[:24].encode()
        self._gzip: bytes | None = None
        self._heads: dict[tuple[int, bool, int], bytes] = {}

    def tag(self, *, gzipped: bool) -> bytes:
        """The quoted ETag of a form."""
        return b'"%b-gzip"' % self._etag if gzipped else b'"%b"' % self._etag

    def form(self, *, gzipped: bool) -> bytes:
        """The body as it is sent."""
        if not gzipped:
            return self.body
        if self._gzip is None:
            self._gzip = gzip.compress(self.body, GZIP_LEVEL, mtime=0)
        return self._gzip

    def max_age_s(self, now: datetime) -> int:
        """Whole seconds for which it may be kept."""
        if self.valid_until is None:
            return self._most_age_s
        left = (self.valid_until - now).total_seconds()
        return min(self._most_age_s, max(0, int(left)))

    def head(self, status: int, now: datetime, *, gzipped: bool) -> bytes:
        """Headers that are this body's own, as they are sent, each line ended.

        Args:
            status: 200 or 304.
            now: the time of sending.
            gzipped: which form.
        """
        age = self.max_age_s(now)
        head = self._heads.get((status, gzipped, age))
        if head is None:
            lines = [
                b"Cache-Control: public, max-age=%d, must-revalidate" % age,
                b"ETag: " + self.tag(gzipped=gzipped),
                b"Vary: Accept-Encoding",
            ]
            if status == 200:  # noqa: PLR2004 - OK
                lines += [
                    b"Content-Type: " + self._content_type,
                    b"Content-Length: %d" % len(self.form(gzipped=gzipped)),
                ]
                if gzipped:
                    lines.append(b"Content-Encoding: gzip")
            head = self._heads[status, gzipped, age] = b"".join(line + b"\r\n" for line in lines)
        return head


def answer_with(request: web.Request, laid: Laid, now: datetime) -> ReadyAnswer:
    """The body in the form that a request accepts, or 304 where the client has it already."""
    entry = cast("Entry", laid)
    gzipped = accepts_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, ""))
    status = choose_status(entry, request.headers.get(hdrs.IF_NONE_MATCH), gzipped=gzipped)
    return ReadyAnswer(
        status, *join_answer(entry, status, now, request_id_of(request), gzipped=gzipped)
    )
