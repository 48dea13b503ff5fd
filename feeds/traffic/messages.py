"""The WaitLess traffic message: a CloudEvents 1.0 structured envelope around link figures."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from feeds.model import Refusal, RefusalReason
from feeds.times import TimeFault, find_time_fault, parse_time
from feeds.traffic.model import (
    EventPlace,
    LinkFigure,
    Period,
    RoadEvent,
    TrafficReport,
)
from feeds.traffic.wire import EVENT_TYPE, EventRow, LinkRow, TrafficEvent

MAX_BYTES = 2 * 1024 * 1024

T = TypeVar("T", bound=msgspec.Struct)

_decoder = msgspec.json.Decoder(TrafficEvent)
_link = msgspec.json.Decoder(LinkRow)
_event = msgspec.json.Decoder(EventRow)


def decode_traffic(
    payload: bytes, *, feed_id: str, received_at: datetime
) -> Iterator[TrafficReport | Refusal]:
    """One message: refusals of its faulty rows, then the report of the others.

    A message that is none, or whose time cannot be, gives one refusal and no report.

    Args:
        payload: the message body.
        feed_id: the source that it came from.
        received_at: when it reached us, aware UTC.
    """

    def refuse(reason: RefusalReason, where: str, detail: str) -> Refusal:
        return Refusal(feed_id=feed_id, reason=reason, where=where, detail=detail[:200])

    if len(payload) > MAX_BYTES:
        yield refuse(RefusalReason.TOO_LARGE, "message", f"{len(payload)} bytes, over {MAX_BYTES}")
        return
    try:
        event = _decoder.decode(payload)
        as_of = _time(event.data.as_of, received_at)
    except msgspec.ValidationError as fault:
        yield refuse(_reason_of(str(fault)), "message", str(fault))
        return
    except _RowFault as fault:
        yield refuse(fault.reason, "data.as_of", str(fault))
        return
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        yield refuse(RefusalReason.MALFORMED, "message", str(fault))
        return
    now = received_at
    figures: list[LinkFigure] = []
    events: list[RoadEvent] = []
    links = _rows("links", event.data.links, _link, figures, lambda row: _figure(row, as_of, now))
    others = _rows("events", event.data.events, _event, events, lambda row: _road_event(row, as_of))
    for where, row_fault in (*links, *others):
        yield refuse(row_fault.reason, where, str(row_fault))
    yield TrafficReport(
        feed_id=feed_id,
        published_at=as_of,
        received_at=received_at,
        figures=tuple(figures),
        events=tuple(events),
        ended=tuple(event.data.ended),
        full_refresh=event.data.full_refresh,
        simulated=event.simulated,
    )


def encode_traffic(report: TrafficReport, *, source: str) -> bytes:
    """Link figures as the message that `decode_traffic` reads; times in UTC."""
    links = [
        {
            "link": figure.link_id,
            "as_of": _text(figure.as_of),
            **({"travel_s": figure.travel_s} if figure.travel_s is not None else {}),
            **({"speed_kmh": figure.speed_kmh} if figure.speed_kmh is not None else {}),
            **({"closed": True} if figure.closed else {}),
            **({"until": _text(figure.expires_at)} if figure.expires_at is not None else {}),
        }
        for figure in report.figures
    ]
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": f"{report.feed_id}/{_text(report.published_at)}",
            "source": source,
            "type": EVENT_TYPE,
            "datacontenttype": "application/json",
            "simulated": report.simulated,
            "data": {"as_of": _text(report.published_at), "links": links},
        }
    )


class _RowFault(ValueError):
    """A row, or a time, that cannot be used."""

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


_Made = TypeVar("_Made")


def _rows(
    name: str,
    rows: Sequence[msgspec.Raw],
    decoder: msgspec.json.Decoder[T],
    made: list[_Made],
    make: Callable[[T], _Made],
) -> Iterator[tuple[str, _RowFault]]:
    """Append what rows give to `made`; yield the place and fault of each that gives nothing."""
    for number, raw in enumerate(rows):
        where = f"data.{name}[{number}]"
        try:
            made.append(make(decoder.decode(raw)))
        except _RowFault as fault:
            yield where, fault
        except msgspec.ValidationError as fault:
            yield where, _RowFault(_reason_of(str(fault)), str(fault))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            yield where, _RowFault(RefusalReason.MALFORMED, str(fault))


def _figure(row: LinkRow, as_of: datetime, now: datetime) -> LinkFigure:
    if row.travel_s is None and row.speed_kmh is None and not row.closed:
        raise _RowFault(RefusalReason.MISSING_FIELD, "neither travel_s, speed_kmh nor closed")
    measured_at = as_of if row.as_of is None else _time(row.as_of, now)
    until = None if row.until is None else _parse(row.until)
    if until is not None and until <= measured_at:
        raise _RowFault(RefusalReason.OUT_OF_RANGE, f"until {row.until} is not after its as_of")
    return LinkFigure(
        link_id=row.link,
        as_of=measured_at,
        expires_at=until,
        travel_s=row.travel_s,
        free_flow_s=row.free_flow_s,
        usual_s=row.usual_s,
        speed_kmh=row.speed_kmh,
        closed=row.closed,
    )


def _road_event(row: EventRow, as_of: datetime) -> RoadEvent:
    start = as_of if row.start is None else _parse(row.start)
    end = None if row.end is None else _parse(row.end)
    if end is not None and end <= start:
        raise _RowFault(RefusalReason.OUT_OF_RANGE, "its end is not after its start")
    if any(abs(lat) > 90 for lat, _ in row.points):  # noqa: PLR2004 - the Earth's
        raise _RowFault(RefusalReason.OUT_OF_RANGE, "points are [latitude, longitude]")
    place = EventPlace(
        link_ids=tuple(row.links), points=tuple(row.points), road=row.road, ways=row.ways
    )
    return RoadEvent(
        id=row.id,
        versioned_at=as_of if row.version_at is None else _parse(row.version_at),
        kind=row.kind,
        effect=row.effect,
        delay_s=row.delay_s,
        limit_kmh=row.limit_kmh,
        places=(place,),
        periods=(Period(start=start, end=end),) if row.start or row.end else (),
        suspended=row.suspended,
    )


def _time(text: str, now: datetime) -> datetime:
    """A time of measurement: neither of the future nor of another day."""
    moment = _parse(text)
    if (fault := find_time_fault(moment, now)) is not None:
        raise _RowFault(fault, f"measured {text}, received {now.isoformat()}")
    return moment


def _parse(text: str) -> datetime:
    try:
        return parse_time(text, zone=None)
    except TimeFault as fault:
        raise _RowFault(RefusalReason.BAD_TIME, str(fault)) from fault


def _reason_of(fault: str) -> RefusalReason:
    """The refusal's name for what msgspec says of a document of the wrong shape."""
    if "missing required field" in fault:
        return RefusalReason.MISSING_FIELD
    if any(f"`$.{field}`" in fault for field in ("specversion", "type")):
        return RefusalReason.WRONG_ENVELOPE
    if any(word in fault for word in (">", "<", "length", "out of range")):
        return RefusalReason.OUT_OF_RANGE
    return RefusalReason.WRONG_TYPE


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
