"""GTFS-realtime, versions 1 and 2: one message to the trip updates in it, or a refusal by name.

The bindings are imported with the first message (70 ms): whoever polls none does without.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from feeds.model import Refusal, RefusalReason
from feeds.times import FUTURE_TOLERANCE
from feeds.timetable.model import TripUpdate, TripUpdates
from feeds.timetable.trips import CANCELLED, SCHEDULED, TripFault, TripReader, to_instant

if TYPE_CHECKING:
    from google.transit.gtfs_realtime_pb2 import FeedEntity, FeedMessage

MOST_ENTITIES = 50_000
"""Great Britain's buses of one moment are some 30,000."""
MOST_FAULTS = 10_000
"""A message with more is not one of a feed that can be believed."""
OLDEST_TRIP = timedelta(minutes=30)
"""A vehicle not heard of for so long, in a message that is new: its times are nobody's guess."""


def decode_trip_updates(
    payload: bytes,
    *,
    feed_id: str,
    received_at: datetime,
    valid_for: timedelta,
) -> Iterator[TripUpdates | Refusal]:
    """Trip updates of one message, then a refusal for each trip or stop that is unreadable.

    A message that is none, whose time cannot be, that is old, or that tells only what has changed
    gives one refusal and no updates.

    Args:
        payload: the message.
        feed_id: the source.
        received_at: aware UTC.
        valid_for: a message made earlier is `stale`.
    """
    faults: list[TripFault] = []
    try:
        message = _parse(payload)
        as_of = _find_time(message, received_at, valid_for)
        trips, passed_over = _read_trips(message, as_of, faults)
    except TripFault as fault:
        faults = [fault]
    else:
        yield TripUpdates(
            feed_id=feed_id,
            as_of=as_of,
            received_at=received_at,
            trips=trips,
            passed_over=passed_over,
        )
    for one in faults:
        detail = str(one)[:200]
        yield Refusal(feed_id=feed_id, reason=one.reason, where=one.where, detail=detail)


def _read_trips(
    message: "FeedMessage", as_of: datetime, faults: list[TripFault]
) -> tuple[tuple[TripUpdate, ...], Mapping[str, int]]:
    """What is told of trips, and what else is in the message; what cannot be read is a fault."""
    passed_over: Counter[str] = Counter()
    found: dict[tuple[object, ...], TripUpdate] = {}
    for number, entity in enumerate(message.entity):
        if kind := _find_other_kind(entity):
            passed_over[kind] += 1
            continue
        reader = TripReader(entity.trip_update, f"entity[{number}]", faults.append)
        try:
            update = reader.read()
            _check_age(update, as_of, reader.where)
            _keep_newer(found, update, reader.where)
        except TripFault as fault:
            faults.append(fault)
        if len(faults) > MOST_FAULTS:
            detail = f"more than {MOST_FAULTS} trips and stops cannot be read"
            raise TripFault(RefusalReason.MALFORMED, "message", detail)
    return tuple(found.values()), MappingProxyType(dict(passed_over))


def _parse(payload: bytes) -> "FeedMessage":
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - see above
    from google.transit.gtfs_realtime_pb2 import FeedHeader, FeedMessage  # noqa: PLC0415

    try:
        message = FeedMessage.FromString(payload)
    except DecodeError as fault:
        raise TripFault(RefusalReason.MALFORMED, "message", "no GTFS-realtime message") from fault
    if not message.IsInitialized():
        raise TripFault(RefusalReason.MALFORMED, "message", "a field that must be there is not")
    if message.header.incrementality != FeedHeader.FULL_DATASET:
        detail = "it tells only what has changed; whole messages alone are read"
        raise TripFault(RefusalReason.DIFFERENTIAL, "header.incrementality", detail)
    if len(message.entity) > MOST_ENTITIES:
        detail = f"{len(message.entity)} entities, over {MOST_ENTITIES}"
        raise TripFault(RefusalReason.TOO_LARGE, "entity", detail)
    return message


def _find_time(message: "FeedMessage", received_at: datetime, valid_for: timedelta) -> datetime:
    """When the message was made; of version 1, which need not say, the newest of its trips."""
    stamp = message.header.timestamp or max(
        (entity.trip_update.timestamp for entity in message.entity), default=0
    )
    where = "header.timestamp"
    as_of = to_instant(stamp, where)
    told = f"made {as_of.isoformat()}, received {received_at.isoformat()}"
    if as_of > received_at + FUTURE_TOLERANCE:
        raise TripFault(RefusalReason.FUTURE, where, told)
    if as_of < received_at - valid_for:
        raise TripFault(RefusalReason.STALE, where, told)
    return min(as_of, received_at)


def _find_other_kind(entity: "FeedEntity") -> str | None:
    """What an entity is that is no update of a trip of the timetable; None where it is one."""
    from google.transit.gtfs_realtime_pb2 import TripDescriptor  # noqa: PLC0415

    if entity.is_deleted:
        return "deleted"
    if not entity.HasField("trip_update"):
        kinds = ("vehicle", "alert", "shape", "stop", "trip_modifications")
        return next((kind for kind in kinds if entity.HasField(kind)), "empty")
    relation = entity.trip_update.trip.schedule_relationship
    if relation in {SCHEDULED, *CANCELLED}:
        return None
    return f"{TripDescriptor.ScheduleRelationship.Name(relation).lower()}_trip"


def _check_age(update: TripUpdate, as_of: datetime, where: str) -> None:
    """Refuse times from a vehicle that nobody has heard of; a cancellation does not age."""
    measured_at = update.measured_at
    if update.cancelled or measured_at is None:
        return
    told = f"measured {measured_at.isoformat()}, in a message of {as_of.isoformat()}"
    if measured_at > as_of + FUTURE_TOLERANCE:
        raise TripFault(RefusalReason.FUTURE, f"{where}.timestamp", told)
    if measured_at < as_of - OLDEST_TRIP:
        raise TripFault(RefusalReason.STALE, f"{where}.timestamp", told)


def _keep_newer(
    found: dict[tuple[object, ...], TripUpdate], update: TripUpdate, where: str
) -> None:
    """Of two updates of one trip the one measured last counts, else the first."""
    key = (update.trip_id, update.start_date, update.start_s)
    other = found.get(key)
    if other is None:
        found[key] = update
        return
    if _age_of(update) > _age_of(other):
        found[key] = update
    detail = f"a second update of trip {update.trip_id[:64]!r}: the newer one counts, or the first"
    raise TripFault(RefusalReason.AMBIGUOUS, where, detail)


def _age_of(update: TripUpdate) -> float:
    return 0.0 if update.measured_at is None else update.measured_at.timestamp()
