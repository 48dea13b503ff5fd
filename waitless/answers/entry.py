"""An entry of the near cache: one answer in every form in which it can be sent."""

import gzip
from datetime import datetime, timedelta

from waitless.answers.render import Travelled
from waitless.answers.sheet import Sheet

ANSWER_TICK_S = 5
"""Answers are made as of the last such tick of the clock, so that the same question at the same
epoch gives the same bytes, and an unchanged answer can be told by its ETag. Ages are understated
by less than this; what is live is judged exactly (`as_of_last_change`)."""
_TICK = timedelta(seconds=ANSWER_TICK_S)
GZIP_LEVEL = 1
"""Answers live for one tick: a better level would cost more than it saves."""
OVERHEAD_BYTES = 1024
"""Counted for each entry besides its bodies: its key, heads and objects."""


class Entry:
    """One answer. Compressed forms and heads are made when they are first asked for."""

    __slots__ = ("_etag", "_gzip", "_heads", "body", "private", "sheet", "travelled", "valid_until")

    def __init__(
        self,
        body: bytes,
        sheet: Sheet,
        travelled: Travelled,
        valid_until: datetime,
        *,
        tag: bytes,
        private: bool,
    ) -> None:
        """Hold an answer.

        Args:
            body: its JSON.
            sheet: what it was made from.
            travelled: likewise.
            valid_until: when it should no longer be shown.
            tag: of this answer among all, for its ETag.
            private: whether it stays out of shared caches.
        """
        self.body = body
        self.sheet = sheet
        self.travelled = travelled
        self.valid_until = valid_until
        self.private = private
        self._etag = tag
        self._gzip: bytes | None = None
        self._heads: dict[tuple[int, bool, int], bytes] = {}

    def nbytes(self) -> int:
        """Memory, bytes; a compressed form is counted before it is made."""
        return len(self.body) * 5 // 4 + OVERHEAD_BYTES

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
        """Whole seconds for which it may be kept: a tick's length, never past its validity."""
        left = self.valid_until - now
        return ANSWER_TICK_S if left >= _TICK else max(0, int(left.total_seconds()))

    def head(self, status: int, now: datetime, *, gzipped: bool) -> bytes:
        """Headers that are this answer's own, as they are sent, each line ended.

        Args:
            status: 200 or 304.
            now: the time of sending.
            gzipped: which form.
        """
        age = self.max_age_s(now)
        head = self._heads.get((status, gzipped, age))
        if head is None:
            head = self._heads[status, gzipped, age] = self._render_head(status, age, gzipped)
        return head

    def _render_head(self, status: int, age: int, gzipped: bool) -> bytes:  # noqa: FBT001 - private
        scope = b"private" if self.private else b"public"
        lines = [
            b"Cache-Control: %b, max-age=%d, must-revalidate" % (scope, age),
            b"ETag: " + self.tag(gzipped=gzipped),
            b"Vary: Accept-Encoding",
        ]
        if status == 200:  # noqa: PLR2004 - OK
            lines += [
                b"Content-Type: application/json",
                b"Content-Length: %d" % len(self.form(gzipped=gzipped)),
            ]
            if gzipped:
                lines.append(b"Content-Encoding: gzip")
        return b"".join(line + b"\r\n" for line in lines)
