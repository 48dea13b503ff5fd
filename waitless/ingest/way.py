"""The way of deliveries through ingest, told as it is gone; nobody listens unless told to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one observation: shown (`rule` None), or not, and by which rule."""

    facility_id: str
    rule: str | None


class Way:
    """Is told of each delivery what happens to it, in this order, and does nothing about it.

    Deliveries are taken in one after the other, saved and acknowledged together.
    """

    def handed_over(self, feed_id: str, received_at: datetime) -> None:
        """A transport, or a request, has put a delivery into the queue."""

    def begun(self, received_at: datetime) -> None:
        """A delivery has left the queue."""

    def decoded(self, feed_id: str, accepted: int, reasons: Iterable[str] = ()) -> None:
        """It became so many observations, and was refused for these reasons, each row its own."""

    def judged(self, outcomes: Iterable[Outcome]) -> None:
        """Belief has judged its observations."""

    def taken_in(self, *, changed: bool) -> None:
        """The desk is done with it; `changed` where a reading is another now."""

    def saving(self) -> None:
        """What has changed is about to be stored."""

    def store_away(self) -> None:
        """It could not be stored just now; it will be tried again."""

    def saved(self, epoch: int) -> None:
        """The store holds it."""

    def acknowledged(self) -> None:
        """All that was taken in is acknowledged, with or without a change."""

    def refused(self, reason: str) -> None:
        """A pushed service was refused before it could become a delivery."""


UNWATCHED = Way()
