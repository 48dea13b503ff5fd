"""Measured and elaborated data: basic data by site or link, to one figure for each."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from feeds.model import RefusalReason
from feeds.times import FUTURE_TOLERANCE
from feeds.traffic.datex_lanes import combine_speeds
from feeds.traffic.datex_values import (
    SLOW_VEHICLES,
    DatexFault,
    is_for,
    is_for_cars,
    read_number,
    read_time,
    says_yes,
)
from feeds.traffic.datex_xml import Element
from feeds.traffic.model import LinkFigure

LONGEST_S = 6 * 3600.0
"""No link takes longer; a figure beyond it is of another unit, or a code."""
FASTEST_KMH = 200.0
_TIME_FIELDS = {
    "travelTime": "travel_s",
    "freeFlowTravelTime": "free_flow_s",
    "normallyExpectedTravelTime": "usual_s",
}


@dataclass(slots=True)
class _Readings:
    """What one document says of one link at one time."""

    told: bool = False
    """Whether there was a travel time or a speed, be it only to say that there is no figure."""
    expires_at: datetime | None = None
    times: dict[str, float] = field(default_factory=dict)
    """Seconds by the name of the figure's field."""
    speeds: list[tuple[bool, float | None]] = field(default_factory=list)
    """Whether it is of all vehicles, and km/h; None where the source has no figure."""
    flows: list[tuple[int, float | None]] = field(default_factory=list)
    """How many speeds came before it, and vehicles per hour; None where there is no figure."""
    faults: list[DatexFault] = field(default_factory=list)
    """Values that were refused; they count as not given."""


class LinkTally:
    """Gathers the readings of a document's links."""

    def __init__(self, received_at: datetime, zone: ZoneInfo | None) -> None:
        self.passed_over: Counter[str] = Counter()
        self._received_at = received_at
        self._zone = zone
        self._readings: dict[tuple[str, datetime], _Readings] = {}

    def add(
        self, record: Element, publication: Element, published_at: datetime
    ) -> Iterator[DatexFault]:
        """Take in one `siteMeasurements` or `elaboratedData`; a fault for each value refused.

        Args:
            record: of either kind.
            publication: what it stands in, for the times that hold for all.
            published_at: the time where neither the record nor the publication has one.

        Raises:
            DatexFault: its time, or a link, cannot be; nothing of it is taken.
        """
        if _is_forecast(record, publication):
            self.passed_over["forecast"] += 1
            return
        default = (
            self._read_time(record.find("measurementTimeDefault"))
            or self._read_time(publication.find("timeDefault"))
            or published_at
        )
        site = _find_id(record.find("measurementSiteReference"))
        expires_at = self._find_end(record)
        found: list[tuple[tuple[str, datetime], _Readings]] = []
        skipped: Counter[str] = Counter()
        for basic in record.find_within("basicData"):
            kind = basic.kind or "basicData"
            link_id = site or _find_link(record, basic)
            as_of = self._read_time(basic.find("measurementOrCalculationTime")) or default
            if as_of > self._received_at + FUTURE_TOLERANCE:
                raise DatexFault(
                    RefusalReason.FUTURE, link_id, f"{kind} of {as_of.isoformat()}, yet to come"
                )
            readings = _Readings(expires_at=expires_at)
            if not _read_basic(basic, readings):
                skipped[kind] += 1
            found.append(((link_id, as_of), readings))
        self.passed_over += skipped
        for key, readings in found:
            yield from readings.faults
            _merge(self._readings.setdefault(key, _Readings()), readings)

    def list_figures(self) -> Iterator[LinkFigure]:
        """A figure for every link and time that has a travel time or a speed."""
        for (link_id, as_of), readings in self._readings.items():
            speed_kmh = combine_speeds(readings.speeds, readings.flows)
            if "travel_s" in readings.times or speed_kmh is not None:
                yield LinkFigure(
                    link_id=link_id,
                    as_of=as_of,
                    expires_at=readings.expires_at,
                    speed_kmh=speed_kmh,
                    travel_s=readings.times.get("travel_s"),
                    free_flow_s=readings.times.get("free_flow_s"),
                    usual_s=readings.times.get("usual_s"),
                )

    def list_without(self, figures: tuple[LinkFigure, ...]) -> tuple[str, ...]:
        """Links whose speed or travel time was told of, with no figure at any time."""
        told = {figure.link_id for figure in figures}
        silent = dict.fromkeys(
            link_id
            for (link_id, _), readings in self._readings.items()
            if readings.told and not readings.faults and link_id not in told
        )
        return tuple(silent)

    def _read_time(self, element: Element | None) -> datetime | None:
        return read_time(element, self._zone)

    def _find_end(self, record: Element) -> datetime | None:
        validity = record.find("validity")
        if validity is None:
            return None
        ends = validity.find_within("overallEndTime", "endOfPeriod")
        return max(filter(None, map(self._read_time, ends)), default=None)


def _is_forecast(record: Element, publication: Element) -> bool:
    own = record.find("forecast")
    return says_yes(own if own is not None else publication.find("forecastDefault"))


def _find_id(reference: Element | None) -> str:
    return "" if reference is None else reference.attributes.get("id", reference.text).strip()


def _find_link(record: Element, basic: Element) -> str:
    """The one link that basic data is of.

    Raises:
        DatexFault: none is named, or several are.
    """
    within = list(basic.find_within("pertinentLocation")) or list(
        record.find_within("pertinentLocation")
    )
    ids = {
        _find_id(one)
        for location in within
        for one in location.walk()
        if one.name.endswith("Reference") and _find_id(one)
    }
    if len(ids) != 1:
        reason = RefusalReason.AMBIGUOUS if ids else RefusalReason.MISSING_FIELD
        raise DatexFault(reason, record.name, f"{basic.kind} of {len(ids)} links; one is wanted")
    return ids.pop()


def _read_basic(basic: Element, readings: _Readings) -> bool:
    """Whether basic data says anything of travel times for cars; flows are noted as weights."""
    if basic.kind == "TrafficFlow":
        value = basic.find("vehicleFlow")
        flow = None if value is None else _read_value(value, "vehicleFlowRate", readings)
        readings.flows.append((len(readings.speeds), flow))
        return False
    if is_for(basic, SLOW_VEHICLES):
        return False
    if not is_for_cars(basic):
        return basic.kind == "TrafficSpeed" and _read_speed(basic, readings, for_all=False)
    if basic.kind == "TrafficSpeed":
        return _read_speed(basic, readings, for_all=True)
    if basic.kind != "TravelTimeData":
        return False
    readings.told = True
    for name, target in _TIME_FIELDS.items():
        value = basic.find(name)
        if value is None:
            continue
        seconds = _read_value(value, "duration", readings, most=LONGEST_S)
        if seconds:
            readings.times[target] = seconds
    return True


def _read_speed(basic: Element, readings: _Readings, *, for_all: bool) -> bool:
    value = basic.find("averageVehicleSpeed")
    if value is None:
        return False
    readings.told = True
    kmh = _read_value(value, "speed", readings, most=FASTEST_KMH)
    readings.speeds.append((for_all, kmh or None))
    return True


def _read_value(
    value: Element, name: str, readings: _Readings, most: float = float("inf")
) -> float | None:
    """A figure; None where there is none, or it is refused, which is noted."""
    try:
        return _find_figure(value, name, most)
    except DatexFault as fault:
        readings.faults.append(fault)
        return None


def _find_figure(value: Element, name: str, most: float) -> float | None:
    """A figure; None where the source says that it has none, or that it is wrong.

    Raises:
        DatexFault: not a number, or beyond what can be.
    """
    if says_yes(value.find("dataError")) or value.attributes.get("numberOfInputValuesUsed") == "0":
        return None
    text = value.text_at(name) or value.text
    if not text:
        return None
    number = read_number(text, value.name)
    if number > most:
        raise DatexFault(RefusalReason.OUT_OF_RANGE, value.name, f"{number:g} is above {most:g}")
    return None if number < 0 else number


def _merge(held: _Readings, new: _Readings) -> None:
    """The first of two figures of one field stands; speeds and flows add up."""
    held.told |= new.told
    held.expires_at = held.expires_at or new.expires_at
    held.times = {**new.times, **held.times}
    held.flows += [(len(held.speeds) + before, flow) for before, flow in new.flows]
    held.speeds += new.speeds
    held.faults += new.faults
