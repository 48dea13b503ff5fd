"""Laid bodies: what many ask for, rendered once and sent in the form asked for."""

import gzip
from datetime import datetime
from hashlib import sha256

JSON = "application/json"
GZIP_LEVEL = 1
"""Most bodies live for seconds: a better level would cost more than it saves."""


class Laid:
    """One body with its tag and forms; compressed when that is first asked for."""

    __slots__ = (
        "_gzip", "_most_age_s", "body", "content_type", "etag", "private", "valid_until",
    )  # fmt: skip

    def __init__(
        self,
        body: bytes,
        *,
        most_age_s: int,
        valid_until: datetime | None = None,
        content_type: str = JSON,
        tag: bytes | None = None,
        private: bool = False,
    ) -> None:
        """Hold a body.

        Args:
            body: as it is sent uncompressed.
            most_age_s: how long others may keep it at most, seconds.
            valid_until: from when on nobody shall show it; None where that never comes.
            content_type: of the body.
            tag: tells this body from all others at its address; None: made from the body.
            private: whether it stays out of shared caches.
        """
        self.body = body
        self.valid_until = valid_until
        self._most_age_s = most_age_s
        self.content_type = content_type
        self.etag = sha256(body).hexdigest()[:24].encode() if tag is None else tag
        self.private = private
        self._gzip: bytes | None = None

    def tag(self, *, gzipped: bool) -> bytes:
        """The quoted ETag of a form."""
        return b'"%b-gzip"' % self.etag if gzipped else b'"%b"' % self.etag

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
        left_s = (self.valid_until - now).total_seconds()
        return self._most_age_s if left_s >= self._most_age_s else max(0, int(left_s))
