"""GTFS-realtime messages made in a test, with the format's own bindings."""

from datetime import datetime
from typing import Any

from google.transit.gtfs_realtime_pb2 import FeedMessage, TripDescriptor, TripUpdate

CANCELED = TripDescriptor.CANCELED
ADDED = TripDescriptor.ADDED
SKIPPED = TripUpdate.StopTimeUpdate.SKIPPED
NO_DATA = TripUpdate.StopTimeUpdate.NO_DATA


def message(at: datetime | None) -> FeedMessage:
    """A message without entities; None: it does not say when it was made."""
    made = FeedMessage()
    made.header.gtfs_realtime_version = "2.0"
    if at is not None:
        made.header.timestamp = int(at.timestamp())
    return made


def add_trip(made: FeedMessage, trip_id: str, **trip: Any) -> TripUpdate:
    """Add an update of a trip; further words are fields of its descriptor."""
    entity = made.entity.add(id=f"e{len(made.entity)}")
    entity.trip_update.trip.MergeFrom(TripDescriptor(trip_id=trip_id, **trip))
    return entity.trip_update


def add_stop(
    update: TripUpdate,
    *,
    arrival: dict[str, int] | None = None,
    departure: dict[str, int] | None = None,
    relation: int | None = None,
    **stop: Any,
) -> None:
    """Add a stop; `stop_sequence` and `stop_id` name it."""
    made = update.stop_time_update.add(**stop)
    if relation is not None:
        made.schedule_relationship = relation  # type: ignore[assignment]
    for event, told in ((made.arrival, arrival), (made.departure, departure)):
        if told is not None:
            event.MergeFrom(TripUpdate.StopTimeEvent(**told))
