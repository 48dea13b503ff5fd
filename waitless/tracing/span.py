"""A span as it is told: plain values, in the words of the field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from waitless.tracing.context import SpanRef

Value = str | int | float | tuple[str, ...]
Says = Mapping[str, Value]
MOST = 100
"""Events, links or names of facilities that one span has; a collector refuses no span of that
size, and one document may speak of thousands."""


class Kind(Enum):
    """What a span is to its trace."""

    CONSUMER = auto()
    """Something came in that nobody waits for."""
    SERVER = auto()
    """Somebody asked."""
    INTERNAL = auto()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened within a span."""

    name: str
    at: datetime
    says: Says = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """Another trace's span that this one was made from, or has brought about.

    All answers from one board have the same ones.
    """

    ref: SpanRef
    says: Says = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One stage, once it is over."""

    name: str
    ref: SpanRef
    parent: SpanRef | None
    """Of the same trace; None for its root."""
    since: datetime
    until: datetime
    kind: Kind = Kind.INTERNAL
    says: Says = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    links: tuple[Link, ...] = ()
    failed: bool = False
    """Whether a fault of ours ended it."""


Send = Callable[[Span], None]
"""Takes a span that is over; returns at once, whatever becomes of it."""
