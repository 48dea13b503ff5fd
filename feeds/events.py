"""The WaitLess wait message: a CloudEvents 1.0 structured envelope around one observation."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from feeds.model import (
    Clock,
    Decoded,
    FacilityStatus,
    NoFigure,
    Observation,
    Probe,
    ProviderNotice,
    ProviderStatus,
    Refusal,
    RefusalReason,
    Statistic,
    Wait,
)
from feeds.times import TimeFault, find_time_fault, parse_time
from feeds.topics import ProbeTopic, TrafficTopic, WaitTopic, find_topic

EVENT_TYPE = "uk.waitless.wait.v1"
MAX_BYTES = 64 * 1024
MAX_MINUTES = 100_000
"""Beyond any stuck clock: what is larger is a broken number, not a wait to hold and look at."""
MAX_PEOPLE = 100_000

_Minutes = Annotated[float, msgspec.Meta(ge=0, le=MAX_MINUTES)]
_People = Annotated[int, msgspec.Meta(ge=0, le=MAX_PEOPLE)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Band(msgspec.Struct, forbid_unknown_fields=True):
    """The limits of a wait in minutes; one left out or null is not known."""

    low: _Minutes | None = None
    high: _Minutes | None = None


class WireClock(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """From which event to which event of a visit the wait is counted."""

    start: _Name = msgspec.field(name="from", default="arrival")
    stop: _Name = msgspec.field(name="to", default="treatment")


class WaitData(msgspec.Struct):
    """The observation on the wire. Unknown fields are let pass, so that the form can grow."""

    facility: _Name
    as_of: str
    wait_minutes: _Minutes | Band | Literal["suppressed"] | msgspec.UnsetType | None = msgspec.UNSET
    statistic: Statistic = Statistic.UNSPECIFIED
    clock: WireClock = WireClock()
    patients_waiting: _People | None = None
    patients_in_department: _People | None = None
    status: FacilityStatus | None = None
    sequence: Annotated[int, msgspec.Meta(ge=0)] | None = None


class Event(msgspec.Struct):
    """The envelope on the wire: CloudEvents 1.0, structured mode."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: Literal["uk.waitless.wait.v1"]
    data: WaitData
    time: str | None = None
    simulated: bool = False


_decoder = msgspec.json.Decoder(Event)
_encoder = msgspec.json.Encoder()


def decode_message(
    topic: str, payload: bytes, *, area: str, providers: Mapping[str, str], now: datetime
) -> Decoded:
    """One MQTT message as an observation, a provider's notice, or a named refusal.

    Args:
        topic: the topic it was published to.
        payload: the message body.
        area: the area whose topics are listened to.
        providers: the area's facilities, each with the one provider that may speak for it.
        now: when the message reached us, aware UTC.
    """
    where = find_topic(topic, area)
    if isinstance(where, ProbeTopic):
        return _decode_probe(topic, payload)
    if where is None or isinstance(where, TrafficTopic) or where.provider not in providers.values():
        return Refusal(
            feed_id="mqtt",
            reason=RefusalReason.WRONG_TOPIC,
            where=topic[:128],
            detail=f"not a wait or status topic of a provider of area {area}",
        )
    refuse = _Refuser(where.provider, topic)
    if len(payload) > MAX_BYTES:
        return refuse(RefusalReason.TOO_LARGE, f"{len(payload)} bytes; at most {MAX_BYTES}")
    if not isinstance(where, WaitTopic):
        return _decode_notice(where.provider, payload, refuse, now)
    if providers.get(where.facility_id) != where.provider:
        return refuse(
            RefusalReason.UNKNOWN_FACILITY,
            f"{where.provider} has no facility {where.facility_id!r} here",
        )
    try:
        event = _decoder.decode(payload)
    except msgspec.ValidationError as fault:
        return refuse(_reason_of(str(fault)), str(fault)[:200])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        return refuse(RefusalReason.MALFORMED, str(fault)[:200])
    return _observe(event, where, refuse, now)


class _Refuser:
    """Makes refusals of one message, so that the callers say only why."""

    def __init__(self, feed_id: str, where: str) -> None:
        self._feed_id = feed_id
        self._where = where

    def __call__(self, reason: RefusalReason, detail: str) -> Refusal:
        return Refusal(feed_id=self._feed_id, reason=reason, where=self._where, detail=detail)


def _reason_of(fault: str) -> RefusalReason:
    """The refusal's name for what msgspec says of a document of the wrong shape."""
    if "missing required field" in fault:
        return RefusalReason.MISSING_FIELD
    if any(f"`$.{field}`" in fault for field in ("specversion", "type")):
        return RefusalReason.WRONG_ENVELOPE
    if any(word in fault for word in (">=", "<=", "length", "out of range")):
        return RefusalReason.OUT_OF_RANGE
    return RefusalReason.WRONG_TYPE


def _decode_probe(topic: str, payload: bytes) -> Decoded:
    try:
        return Probe(sent_at=parse_time(payload[:64].decode("ascii"), zone=None))
    except (UnicodeDecodeError, TimeFault):
        return _Refuser("mqtt", topic)(RefusalReason.BAD_TIME, "a probe carries its time")


def _decode_notice(feed_id: str, payload: bytes, refuse: _Refuser, now: datetime) -> Decoded:
    try:
        status = ProviderStatus(payload.decode("ascii").strip().strip('"'))
    except ValueError:
        return refuse(RefusalReason.WRONG_TYPE, "a status is ready, disconnected or lost")
    return ProviderNotice(feed_id=feed_id, status=status, received_at=now)


def _observe(event: Event, topic: WaitTopic, refuse: _Refuser, now: datetime) -> Decoded:
    data = event.data
    if data.facility != topic.facility_id:
        return refuse(RefusalReason.TOPIC_MISMATCH, f"the message is about {data.facility!r}")
    try:
        as_of = parse_time(data.as_of, zone=None)
        published_at = None if event.time is None else parse_time(event.time, zone=None)
    except TimeFault as fault:
        return refuse(RefusalReason.BAD_TIME, str(fault))
    time_fault = find_time_fault(as_of, now) or (
        find_time_fault(published_at, now) if published_at else None
    )
    if time_fault is not None:
        return refuse(time_fault, f"measured {data.as_of}, received {now.isoformat()}")
    wait = _wait_of(data)
    if wait is None:
        return refuse(RefusalReason.OUT_OF_RANGE, "a band needs a limit, and low <= high")
    return Observation(
        facility_id=topic.facility_id,
        feed_id=topic.provider,
        as_of=as_of,
        received_at=now,
        published_at=published_at,
        wait=wait,
        patients_waiting=data.patients_waiting,
        patients_in_department=data.patients_in_department,
        status=data.status,
        sequence=data.sequence,
        simulated=event.simulated,
    )


def _wait_of(data: WaitData) -> Wait | NoFigure | None:
    """The wait or why there is none; None for a band that cannot be."""
    clock = Clock(start=data.clock.start, stop=data.clock.stop)
    match data.wait_minutes:
        case msgspec.UnsetType():
            return NoFigure.NOT_GIVEN
        case None:
            return NoFigure.UNKNOWN
        case "suppressed":
            return NoFigure.SUPPRESSED
        case Band(low=low, high=high):
            if (low is None and high is None) or (low or 0.0) > (
                high if high is not None else MAX_MINUTES
            ):
                return None
            return Wait(low=low, high=high, statistic=data.statistic, clock=clock)
        case minutes:
            return Wait(minutes=float(minutes), statistic=data.statistic, clock=clock)


def encode_event(observation: Observation, *, source: str) -> bytes:
    """An observation as the message that `decode_message` reads; times in UTC."""
    data: dict[str, object] = {
        "facility": observation.facility_id,
        "as_of": _text(observation.as_of),
    }
    match observation.wait:
        case Wait() as wait:
            data["wait_minutes"] = (
                wait.minutes if wait.minutes is not None else {"low": wait.low, "high": wait.high}
            )
            data["statistic"] = wait.statistic
            data["clock"] = {"from": wait.clock.start, "to": wait.clock.stop}
        case NoFigure.UNKNOWN:
            data["wait_minutes"] = None
        case NoFigure.SUPPRESSED:
            data["wait_minutes"] = "suppressed"
        case NoFigure.NOT_GIVEN:
            pass
    for field in ("patients_waiting", "patients_in_department", "status", "sequence"):
        value = getattr(observation, field)
        if value is not None:
            data[field] = value
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": f"{observation.facility_id}/{_text(observation.as_of)}/{observation.sequence or 0}",
        "source": source,
        "type": EVENT_TYPE,
        "datacontenttype": "application/json",
        "data": data,
    }
    if observation.published_at is not None:
        event["time"] = _text(observation.published_at)
    if observation.simulated:
        event["simulated"] = True
    return _encoder.encode(event)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
