"""What a situation record does to the road, by what it says and not by what it is called."""

from dataclasses import dataclass

from feeds.traffic.datex_values import find_number, is_for_cars
from feeds.traffic.datex_xml import Element
from feeds.traffic.model import Effect

LONGEST_DELAY_S = 24 * 3600.0
LIMITS_KMH = (5.0, 200.0)
_CLOSING = frozenset({"roadClosed", "carriagewayClosures", "closedPermanentlyForTheWinter"})
_RESTRICTING = frozenset(
    {
        "bridgeSwingInOperation",
        "clearALaneForEmergencyVehicles",
        "clearALaneForSnowploughsAndGrittingVehicles",
        "contraflow",
        "convoyServiceInOperation",
        "doNotUseSpecifiedLanesOrCarriageways",
        "intermittentShortTermClosures",
        "laneClosures",
        "lanesDeviated",
        "narrowLanes",
        "newRoadworksLayout",
        "overnightClosures",
        "rollingRoadBlock",
        "singleAlternateLineTraffic",
        "temporaryTrafficLights",
        "tidalFlowLaneInOperation",
        "trafficBeingManuallyDirected",
        "trafficHeld",
        "turnAroundInOperation",
        "useSpecifiedLanesOrCarriageways",
        "vehicleStorageInOperation",
    }
)
_MANAGEMENT = ("roadOrCarriagewayOrLaneManagementType", "generalNetworkManagementType")
_BLOCKED = frozenset({"carriagewayBlocked", "roadBlocked"})
_NARROWED = frozenset(
    {
        "carriagewayPartiallyObstructed",
        "lanesBlocked",
        "lanesPartiallyObstructed",
        "roadPartiallyObstructed",
    }
)


@dataclass(frozen=True, slots=True)
class Impact:
    """What a record does, and how much of it."""

    effect: Effect
    capacity_left: float | None = None
    delay_s: float | None = None
    limit_kmh: float | None = None


def read_impact(record: Element, *, by_periods: bool) -> Impact:
    """The effect of a record on ordinary cars.

    Closed where it says that the road or its carriageway is closed or blocked, that no capacity
    or lane is left, or that driving is impossible; restricted where lanes are taken, traffic goes
    one way at a time, or a limit or delay is given. A mere risk, advice, and what holds for other
    vehicles alone inform.

    Args:
        record: of any type.
        by_periods: whether it says at which times it is in force; only then does a closure "at
            night" close the road.

    Raises:
        DatexFault: a figure that is not a number.
    """
    capacity_left = _read_capacity(record)
    delay_s = _read_delay(record)
    limit_kmh = _read_limit(record)
    return Impact(
        effect=_judge(record, capacity_left, delay_s, limit_kmh, by_periods=by_periods),
        capacity_left=capacity_left,
        delay_s=delay_s,
        limit_kmh=limit_kmh,
    )


def _judge(
    record: Element,
    capacity_left: float | None,
    delay_s: float | None,
    limit_kmh: float | None,
    *,
    by_periods: bool,
) -> Effect:
    if record.text_at("probabilityOfOccurrence") == "riskOf" or not is_for_cars(record):
        return Effect.INFORMATION
    managed = {one.text for one in record.find_within(*_MANAGEMENT)}
    constricted = {one.text for one in record.find_within("trafficConstrictionType")}
    closing = managed & (_CLOSING | {"overnightClosures"} if by_periods else _CLOSING)
    if closing and record.text_at("complianceOption") == "advisory":
        return Effect.RESTRICTED
    if (
        closing
        or constricted & _BLOCKED
        or capacity_left == 0
        or record.text_within("drivingConditionType") == "impossible"
    ):
        return Effect.CLOSED
    taken = find_number(record, "numberOfLanesRestricted")
    if (
        managed & _RESTRICTING
        or constricted & _NARROWED
        or (capacity_left is not None and capacity_left < 1)
        or taken
        or delay_s
        or limit_kmh
    ):
        return Effect.RESTRICTED
    return Effect.INFORMATION


def _read_capacity(record: Element) -> float | None:
    """Share of capacity left: as said, else by lanes. None where neither is, or it cannot be."""
    percent = find_number(record, "capacityRemaining")
    if percent is not None:
        return percent / 100 if 0 <= percent <= 100 else None  # noqa: PLR2004 - a percentage
    left = find_number(record, "numberOfOperationalLanes")
    lanes = find_number(record, "originalNumberOfLanes")
    taken = find_number(record, "numberOfLanesRestricted")
    if left is None and lanes and taken is not None:
        left = lanes - taken
    if left is None or not lanes:
        return None
    return left / lanes if 0 <= left <= lanes else None


def _read_delay(record: Element) -> float | None:
    """The delay in seconds where it is given as a figure; a band is none."""
    seconds = find_number(record, "delayTimeValue")
    return seconds if seconds is not None and 0 < seconds <= LONGEST_DELAY_S else None


def _read_limit(record: Element) -> float | None:
    """A temporary limit in km/h. NTIS's own `speedLimit`, whose unit it does not say, is none."""
    limit = find_number(record, "temporarySpeedLimit")
    return limit if limit is not None and LIMITS_KMH[0] <= limit <= LIMITS_KMH[1] else None
