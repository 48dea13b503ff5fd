"""What every maker of spans is given: whose they are, which are wanted, where they go."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random

from waitless.tracing.context import SpanRef, is_chosen, make_span_id, ref_of_delivery
from waitless.tracing.span import Send


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One process's way to tell of what it does."""

    area_id: str
    ratio: float
    """How many deliveries and requests of all are told of, 0 to 1."""
    send: Send
    now: Callable[[], datetime]
    chance: Random
    """Chooses requests, and makes ids."""

    def find_delivery(self, feed_id: str, received_at: datetime) -> SpanRef | None:
        """The root span of a delivery; None where it is not told of, here or anywhere."""
        ref = ref_of_delivery(self.area_id, feed_id, received_at)
        return ref if is_chosen(ref.trace_id, self.ratio) else None

    def make_within(self, ref: SpanRef) -> SpanRef:
        """A new span in the trace of another."""
        return SpanRef(ref.trace_id, make_span_id(self.chance))
