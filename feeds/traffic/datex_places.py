"""Where a record is: links by reference, coordinates in order, or words for an operator."""

from collections.abc import Iterator
from itertools import chain

from feeds.model import RefusalReason
from feeds.traffic.datex_values import DatexFault, read_number
from feeds.traffic.datex_xml import Element
from feeds.traffic.model import EventPlace, Ways

MOST_POINTS = 5000
_GEOGRAPHIC = ("4326", "4258", "crs84", "wgs84", "wgs 84", "etrs89")
"""Reference systems in degrees, which agree within a metre or so."""
_DIRECTIONS = (
    "directionRelativeOnLinearSection", "directionRelativeAtPoint", "tpegDirection",
    "directionBoundOnLinearSection", "directionBoundAtPoint", "alertCDirectionCoded",
    "alertCAffectedDirection",
)  # fmt: skip
_BOTH = frozenset({"both", "bothWays", "bothDirections", "allDirections"})
_MAIN = frozenset(
    {
        "", "mainCarriageway", "leftHandMainCarriageway", "rightHandMainCarriageway",
        "leftHandCarriageway", "rightHandCarriageway", "unspecifiedCarriageway", "other",
        "expressLanes", "localLanes",
    }
)  # fmt: skip
_IN_ORDER = (
    "linearCoordinatesStartPoint", "linearCoordinatesIntermediatePoint",
    "linearCoordinatesEndPoint",
    "openlrLocationReferencePoint", "openlrLastLocationReferencePoint",
)  # fmt: skip
"""Points of lines in the direction of travel; documents have them in that of the alphabet too."""
_Points = tuple[tuple[float, float], ...]


def read_places(record: Element) -> tuple[EventPlace, ...]:
    """Every place of a record; none where its location is left empty.

    A group of link references is one place. A point given for display alone counts only where
    the group says nothing better.

    Raises:
        DatexFault: coordinates that cannot be.
    """
    groups = record.list_children("groupOfLocations", "locationReference")
    leaves = [leaf for group in groups for leaf in _list_leaves(group)]
    links = tuple(dict.fromkeys(chain.from_iterable(map(_list_links, leaves))))
    places = [EventPlace(link_ids=links, ways=Ways.ONE)] if links else []
    described: list[EventPlace] = []
    for leaf in leaves:
        if _list_links(leaf):
            continue
        place = _read_leaf(leaf)
        if place is not None:
            (places if place.points else described).append(place)
    if not places:
        shown = (_read_display(leaf) for leaf in leaves)
        places = [place for place in shown if place is not None]
    return tuple(dict.fromkeys(places or described))


def _list_leaves(location: Element) -> Iterator[Element]:
    """The single locations in groups and itineraries, in order."""
    names = ("locationContainedInGroup", "locationContainedInItinerary", "location")
    inner = location.list_children(*names)
    if not inner:
        yield location
    for one in inner:
        yield from _list_leaves(one)


def _list_links(leaf: Element) -> list[str]:
    return [
        one.attributes.get("id", one.text).strip()
        for one in leaf.walk()
        if one.name.startswith("predefined")
        and one.name.endswith("Reference")
        and one.attributes.get("id", one.text).strip()
    ]


def _read_leaf(leaf: Element) -> EventPlace | None:
    """A place with coordinates, or with words; None where the location is empty."""
    road = _find_road(leaf)
    aside = _beside_the_road(leaf)
    points, reverse = _read_line(leaf), _says(leaf, "opposite")
    if points and not aside and leaf.kind not in {"Area", "AreaLocation"}:
        ways = _find_ways(leaf, points)
        return EventPlace(points=points[::-1] if reverse else points, road=road, ways=ways)
    words = aside or _describe(leaf)
    if words is None and road is None:
        return None
    return EventPlace(road=road, described_as=words or road, ways=_find_ways(leaf, ()))


def _read_line(leaf: Element) -> _Points:
    """The points of a location in its direction of travel; the fullest description counts."""
    lines = [
        _read_positions(one, line.attributes | one.attributes)
        for line in leaf.walk()
        for one in line.list_children("posList")
    ]
    if any(lines):
        return max(lines, key=len)
    framed = leaf.find("tpegLinearLocation")
    framed = framed if framed is not None else leaf.find("tpegPointLocation")
    if framed is not None:
        ends = [framed.find(name) for name in ("from", "framedPoint", "point", "to")]
        points = _unique(_read_pairs(one) for one in ends if one is not None)
        if points:
            return points
    directions = [*leaf.find_within("firstDirection"), leaf]
    ordered = _unique(
        _read_pairs(one) for name in _IN_ORDER for one in directions[0].find_within(name)
    )
    if ordered:
        return ordered
    found = _unique([_read_pairs(directions[0])])
    return found or (_unique([_read_pairs(leaf)]) if len(directions) > 1 else ())


def _unique(groups: Iterator[_Points] | list[_Points]) -> _Points:
    return tuple(dict.fromkeys(chain.from_iterable(groups)))


def _read_pairs(element: Element) -> _Points:
    """Pairs of latitude and longitude within, but those for display."""
    found: list[tuple[float, float]] = []
    for one in _walk_located(element):
        latitude, longitude = one.text_at("latitude"), one.text_at("longitude")
        if latitude and longitude:
            found.append(
                _check(read_number(latitude, "latitude"), read_number(longitude, "longitude"))
            )
    return tuple(found)


def _walk_located(element: Element) -> Iterator[Element]:
    yield element
    for child in element.children:
        if child.name not in ("locationForDisplay", "coordinatesForDisplay"):
            yield from _walk_located(child)


def _read_positions(positions: Element, attributes: dict[str, str]) -> _Points:
    """A GML list: latitude first, unless its reference system says otherwise.

    Args:
        positions: the list.
        attributes: its own and its line's, either of which names the system and the dimension.

    Raises:
        DatexFault: an odd count, no degrees, or more points than a road has.
    """
    system = attributes.get("srsName", "").casefold()
    if system and not any(name in system for name in _GEOGRAPHIC):
        raise DatexFault(RefusalReason.OUT_OF_RANGE, "posList", "coordinates that are not degrees")
    step = 3 if attributes.get("srsDimension") == "3" else 2
    numbers = [read_number(text, "posList") for text in positions.text.replace(",", " ").split()]
    if len(numbers) % step or len(numbers) > MOST_POINTS * step:
        says = f"{len(numbers)} numbers do not make up to {MOST_POINTS} points"
        raise DatexFault(RefusalReason.OUT_OF_RANGE, "posList", says)
    first, second = numbers[0::step], numbers[1::step]
    if "crs84" in system:
        first, second = second, first
    return tuple(dict.fromkeys(map(_check, first, second)))


def _check(latitude: float, longitude: float) -> tuple[float, float]:
    if abs(latitude) > 90 or abs(longitude) > 180:  # noqa: PLR2004 - the limits of degrees
        says = f"{latitude:g}, {longitude:g} is nowhere on earth"
        raise DatexFault(RefusalReason.OUT_OF_RANGE, "coordinates", says)
    return latitude, longitude


def _read_display(leaf: Element) -> EventPlace | None:
    """A point given for display stands for a point, never for a stretch or an area."""
    shown = next(leaf.find_within("locationForDisplay", "coordinatesForDisplay"), None)
    if shown is None or "Point" not in leaf.kind or _beside_the_road(leaf):
        return None
    points = _read_pairs(shown)
    return EventPlace(points=points, road=_find_road(leaf)) if points else None


def _find_ways(leaf: Element, points: _Points) -> Ways:
    """The directions: what the location says, else for a line the way it runs."""
    said = {one.text for one in leaf.find_within(*_DIRECTIONS)} - {""}
    if said & _BOTH or next(leaf.find_within("oppositeDirection"), None) is not None:
        return Ways.BOTH
    if "unknown" in said and said <= {"unknown"}:
        return Ways.UNKNOWN
    return Ways.ONE if len(points) > 1 else Ways.UNKNOWN


def _says(leaf: Element, word: str) -> bool:
    return any(one.text == word for one in leaf.find_within("directionRelativeOnLinearSection"))


def _find_road(leaf: Element) -> str | None:
    return leaf.text_within("roadNumber") or leaf.text_within("roadName") or None


def _beside_the_road(leaf: Element) -> str | None:
    """The carriageway where it is none of the through road's: a slip road, a cycle track."""
    named = {one.text for one in leaf.find_within("carriageway")} - {""}
    return ", ".join(sorted(named)) if named and named.isdisjoint(_MAIN) else None


def _describe(leaf: Element) -> str | None:
    codes = [one.text for one in leaf.find_within("specificLocation") if one.text]
    if codes:
        table = leaf.text_within("alertCLocationTableNumber")
        return f"Alert-C {' to '.join(codes)}" + (f" of table {table}" if table else "")
    if next(leaf.find_within("openlrBinary"), None) is not None:
        return "OpenLR, binary"
    return leaf.kind if leaf.children and leaf.kind else None
