"""The desk for trip updates: what sources say is decoded, counted and kept. No I/O."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from feeds.model import Delivery, Refusal
from feeds.timetable.decode import decode_trip_updates
from feeds.timetable.definition import TripUpdatesDefinition
from feeds.timetable.model import StopEvent, StopFate, StopUpdate, TripUpdate, TripUpdates
from routing.transit.changes import StopChange, TripChange
from waitless.belief import Rule
from waitless.health import FeedHealth
from waitless.metrics import IngestMetrics
from waitless.timetable.shelf import Telling

log = logging.getLogger(__name__)

Said = list[TripUpdates | Refusal]


def decode_delivery(source: TripUpdatesDefinition, delivery: Delivery) -> Said:
    """What a delivery of a source says. Pure, and slow for a large message: fit for a thread."""
    return list(
        decode_trip_updates(
            delivery.payload,
            feed_id=source.id,
            received_at=delivery.received_at,
            valid_for=timedelta(seconds=source.valid_s),
        )
    )


class TripDesk:
    """Keeps the newest message that is believed of each source.

    A message that cannot be read, is stale, or was made before the one held changes nothing: what
    is held stands until it lapses by its own time.
    """

    def __init__(
        self,
        definitions: Iterable[TripUpdatesDefinition],
        feeds: Mapping[str, FeedHealth],
        *,
        now: Callable[[], datetime],
        metrics: IngestMetrics,
    ) -> None:
        """Nothing is known yet.

        Args:
            definitions: of the sources that are listened to.
            feeds: the health of every feed, theirs among them.
            now: the clock.
            metrics: what is counted.
        """
        self._definitions = {one.id: one for one in definitions}
        self._feeds = feeds
        self._now = now
        self._metrics = metrics
        self._held: dict[str, Telling] = {}

    def find_source(self, feed_id: str) -> TripUpdatesDefinition | None:
        """The source of that id; None where it is none of trip updates."""
        return self._definitions.get(feed_id)

    def list_current(self) -> dict[str, Telling]:
        """What is in force, by source: neither lapsed nor switched off by an operator."""
        now = self._now()
        self._held = {one: told for one, told in self._held.items() if now < told.until}
        return {one: told for one, told in self._held.items() if not self._is_off(one)}

    def take(self, source: TripUpdatesDefinition, said: Said, at: datetime) -> None:
        """Take in what one delivery said (`decode_delivery`), received at an instant."""
        health = self._feeds[source.id]
        health.count_message(at)
        refused = Counter(one.reason for one in said if isinstance(one, Refusal))
        for one in said:
            if isinstance(one, Refusal):
                health.count_refusal(one)
                self._metrics.refused(health.id, one.reason.value)
                if number := refused.pop(one.reason, 0):
                    words = (health.id, number, one.reason, one.where, one.detail)
                    log.info("feed %s: refused %d times %s, first at %s: %s", *words)
            elif not self._is_off(source.id):
                self._believe(source, health, one)

    def _believe(
        self, source: TripUpdatesDefinition, health: FeedHealth, updates: TripUpdates
    ) -> None:
        held = self._held.get(source.id)
        if held is not None and updates.as_of < held.as_of:
            health.held[Rule.OUT_OF_ORDER.value] = health.out_of_order + 1
            self._metrics.held(health.id, Rule.OUT_OF_ORDER.value)
            return
        health.believed += len(updates.trips)
        health.last_measured_at = max(health.last_measured_at or updates.as_of, updates.as_of)
        self._metrics.believed(health.id)
        self._metrics.trips_told(health.id, {"trip": len(updates.trips), **updates.passed_over})
        self._held[source.id] = Telling(
            as_of=updates.as_of,
            until=updates.as_of + timedelta(seconds=source.valid_s),
            changes=tuple(map(to_change, updates.trips)),
        )

    def _is_off(self, feed_id: str) -> bool:
        off = self._feeds[feed_id].off
        return off is not None and off.holds(self._now())


def to_change(update: TripUpdate) -> TripChange:
    """What a feed says of a trip, in routing's words."""
    return TripChange(
        trip_id=update.trip_id,
        day=update.start_date,
        start_s=update.start_s,
        cancelled=update.cancelled,
        delay_s=update.delay_s,
        stops=tuple(map(_to_stop, update.stops)),
    )


def _to_stop(stop: StopUpdate) -> StopChange:
    arrival, departure = stop.arrival or StopEvent(), stop.departure or StopEvent()
    return StopChange(
        sequence=stop.sequence,
        stop_id=stop.stop_id,
        skipped=stop.fate is StopFate.SKIPPED,
        arrives=arrival.time,
        arrival_delay_s=arrival.delay_s,
        departs=departure.time,
        departure_delay_s=departure.delay_s,
    )
