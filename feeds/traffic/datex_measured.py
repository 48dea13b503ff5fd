"""Measured and elaborated data: basic data by site or link, to one figure for each."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from feeds.model import RefusalReason
from feeds.times import FUTURE_TOLERANCE
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
    flows: list[float | None] = field(default_factory=list)


class LinkTally:
    """Gathers the readings of a document's links."""

    def __init__(self, received_at: datetime) -> None:
        self.passed_over: Counter[str] = Counter()
        self._received_at = received_at
        self._readings: dict[tuple[str, datetime], _Readings] = {}

    def add(self, record: Element, publication: Element, published_at: datetime) -> None:
        """Take in one `siteMeasurements` or `elaboratedData`.

        Args:
            record: of either kind.
            publication: what it stands in, for the times that hold for all.
            published_at: the time where neither the record nor the publication has one.

        Raises:
            DatexFault: the record cannot be read; nothing of it is taken.
        """
        if _is_forecast(record, publication):
            self.passed_over["forecast"] += 1
            return
        default = (
            read_time(record.find("measurementTimeDefault"))
            or read_time(publication.find("timeDefault"))
            or published_at
        )
        site = _find_id(record.find("measurementSiteReference"))
        found: list[tuple[tuple[str, datetime], _Readings]] = []
        skipped: Counter[str] = Counter()
        for basic in record.find_within("basicData"):
            kind = basic.kind or "basicData"
            link_id = site or _find_link(record, basic)
            as_of = _find_own_time(basic) or default
            readings = _Readings(expires_at=_find_end(record))
            if not _read_basic(basic, readings):
                skipped[kind] += 1
            if as_of > self._received_at + FUTURE_TOLERANCE:
                raise DatexFault(
                    RefusalReason.FUTURE, link_id, f"{kind} of {as_of.isoformat()}, yet to come"
                )
            found.append(((link_id, as_of), readings))
        self.passed_over += skipped
        for key, readings in found:
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
            if readings.told and link_id not in told
        )
        return tuple(silent)


def combine_speeds(
    speeds: list[tuple[bool, float | None]], flows: list[float | None]
) -> float | None:
    """One speed for a site that gives several: by lane, by length of vehicle.

    Those of all vehicles are preferred to those of some. Where the site gives as many flows as
    speeds, the nth is taken to belong to the nth (so do loops list them) and weighs it; else all
    weigh the same. Flows are never more than weights.

    Args:
        speeds: whether each is of all vehicles, and km/h or None for no figure.
        flows: vehicles per hour, or None for no figure.
    """
    weights: list[float] = [1.0] * len(speeds)
    known = [flow for flow in flows if flow is not None]
    if len(known) == len(flows) == len(speeds):
        weights = known
    chosen = [
        (speed, weight)
        for (for_all, speed), weight in zip(speeds, weights, strict=True)
        if speed is not None and for_all == any(whole and v is not None for whole, v in speeds)
    ]
    if not chosen:
        return None
    total = sum(weight for _, weight in chosen)
    if total <= 0:
        return sum(speed for speed, _ in chosen) / len(chosen)
    return sum(speed * weight for speed, weight in chosen) / total


def _is_forecast(record: Element, publication: Element) -> bool:
    own = record.find("forecast")
    return says_yes(own if own is not None else publication.find("forecastDefault"))


def _find_own_time(basic: Element) -> datetime | None:
    return read_time(basic.find("measurementOrCalculationTime"))


def _find_end(record: Element) -> datetime | None:
    validity = record.find("validity")
    if validity is None:
        return None
    ends = (*validity.find_within("overallEndTime"), *validity.find_within("endOfPeriod"))
    return max(filter(None, map(read_time, ends)), default=None)


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
        readings.flows.append(None if value is None else _read_value(value, "vehicleFlowRate"))
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
        seconds = _read_value(value, "duration", most=LONGEST_S)
        if seconds:
            readings.times[target] = seconds
    return True


def _read_speed(basic: Element, readings: _Readings, *, for_all: bool) -> bool:
    value = basic.find("averageVehicleSpeed")
    if value is None:
        return False
    readings.told = True
    readings.speeds.append((for_all, _read_value(value, "speed", most=FASTEST_KMH) or None))
    return True


def _read_value(value: Element, name: str, most: float = float("inf")) -> float | None:
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
    held.speeds += new.speeds
    held.flows += new.flows
