"""Who a span is, and how that crosses from one process to another.

The trace of a delivery is named after what every reading made of it carries: its feed and its
instant of receipt. So whoever has a reading from the store knows the trace that it came by.
"""

import re
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import NamedTuple

TRACE_ID: ContextVar[str | None] = ContextVar("trace_id", default=None)
"""Of the trace that is being made, for the log; None where none is."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 0x01
_NEVER = "ff"


class SpanRef(NamedTuple):
    """A span among all: 128 bits of its trace, 64 of its own, neither of them 0."""

    trace_id: int
    span_id: int

    @property
    def trace_hex(self) -> str:
        """The trace's id as W3C and collectors write it."""
        return f"{self.trace_id:032x}"


class Caller(NamedTuple):
    """What a caller says of its own trace."""

    ref: SpanRef
    sampled: bool


def read_traceparent(text: str | None) -> Caller | None:
    """A caller's span by its `traceparent`; None where there is none, or it is out of form.

    W3C Trace Context, section 3.2: of versions to come, what version 00 has is read.
    """
    found = None if text is None else _TRACEPARENT.fullmatch(text)
    if found is None or found[1] == _NEVER or (found[1] == "00" and found[5] is not None):
        return None
    ref = SpanRef(int(found[2], 16), int(found[3], 16))
    return Caller(ref, bool(int(found[4], 16) & _SAMPLED)) if all(ref) else None


def ref_of_delivery(area_id: str, feed_id: str, received_at: datetime) -> SpanRef:
    """The root span of a delivery, whichever process asks.

    Args:
        area_id: the area.
        feed_id: what its observations were counted under.
        received_at: to the microsecond, which is what tells deliveries of one feed apart.
    """
    named = f"{area_id} {feed_id} {(received_at - _EPOCH) // _MICROSECOND}"
    digest = blake2b(named.encode(), digest_size=24).digest()
    return SpanRef(int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:]) or 1)


def is_chosen(trace_id: int, ratio: float) -> bool:
    """Whether a trace is among those that are sent, whichever process asks (as OpenTelemetry)."""
    return trace_id & 0xFFFF_FFFF_FFFF_FFFF < round(ratio * 2**64)


def make_span_id(chance: Random) -> int:
    """An id that is not 0."""
    return chance.getrandbits(64) or 1


def make_ref(chance: Random) -> SpanRef:
    """The root span of a trace that nobody has begun."""
    return SpanRef(chance.getrandbits(128) or 1, make_span_id(chance))


def to_nanoseconds(instant: datetime) -> int:
    """Since 1970, as collectors count."""
    return (instant - _EPOCH) // _MICROSECOND * 1000
