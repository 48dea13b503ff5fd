"""Travelled: the ways of one mode as answers use them, laid out once for all questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from routing.geo import Plane
from routing.modes import PACES
from waitless.answers.instants import render
from waitless.answers.kernel import LOOKED_UP
from waitless.answers.texts import Texts, lay_end_to_end
from waitless.area.facility import Facility
from waitless.recommend.cards import describe_facility, directions
from waitless.recommend.recommend import FAR_AWAY
from waitless.recommend.suit import Exclusion, ExclusionReason
from waitless.recommend.ways import BY_ROAD, split_road
from waitless.travel.tables import ModeTable
from waitless.travel.timetables import Timetables

TOLD_LATER = b"\0"
"""Stands in composed bytes for what is told of journeys by timetable, once it is known whose."""
_PLACEHOLDER = 8888


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ways:
    """The ways of one mode; two of one `tag` give the same answers."""

    column: NDArray[np.int64]
    """Of each facility of the area its place in the table; -1 where it has none."""
    asked: tuple[Any, ...]
    """What `look_up` is asked, but for the origin; nothing that counts by timetable."""
    arrival_minutes: float
    """As `compose` has it."""
    texts: Texts
    """As `compose` has `ways`."""
    places: Texts
    """Likewise."""
    tag: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRoad(_Ways):
    """Those that a table has."""

    table: ModeTable
    plane: Plane


@dataclass(frozen=True, slots=True, kw_only=True)
class ByTimetable(_Ways):
    """Those that timetables have."""

    tables: Timetables


Travelled: TypeAlias = ByRoad | ByTimetable


def lay_roads(facilities: Sequence[Facility], table: ModeTable, about: str) -> ByRoad:
    """Lay out a travel table.

    Args:
        facilities: of the area.
        table: of one mode.
        about: all else that answers depend on, for the tag.
    """
    mode = table.reach.frame.mode
    as_of = b',"as_of":' + render(table.as_of) + b',"directions_url":'
    bases = (render(table.basis) + as_of, b'"live_traffic"' + as_of)
    legs = render([*split_road(mode, 0.0)])
    opening, _, ending = legs.partition(render(split_road(mode, 0.0)[0]["minutes"]))
    timed = b',"leaves_at":null,"next":null,"legs":' + opening
    texts = lay_end_to_end(
        (render(directions(one, mode)) + timed for one in facilities), bases, [ending]
    )
    places = _lay_places(facilities, {one.id: _no_road(one) for one in facilities})
    return ByRoad(
        column=_find_columns(facilities, table.reach.facility_ids),
        asked=table.reach.asked,
        arrival_minutes=PACES[mode].arrival_s / 60,
        texts=texts,
        places=places,
        tag=_tag(table.reach.table_version, about, texts, places),
        table=table,
        plane=table.reach.frame.plane,
    )


def lay_timetables(facilities: Sequence[Facility], tables: Timetables, about: str) -> ByTimetable:
    """Lay out timetables; the arguments are those of `lay_roads`."""
    texts = lay_end_to_end((TOLD_LATER for _ in facilities), (b"", b"", b""))
    places = _lay_places(facilities, {one.id: TOLD_LATER for one in facilities})
    return ByTimetable(
        column=_find_columns(facilities, tables.facility_ids),
        asked=(None,) * LOOKED_UP,
        arrival_minutes=float("nan"),
        texts=texts,
        places=places,
        tag=_tag(tables.version, about, texts, places),
        tables=tables,
    )


def _find_columns(facilities: Sequence[Facility], ids: Sequence[str]) -> NDArray[np.int64]:
    place = {facility_id: i for i, facility_id in enumerate(ids)}
    return np.array([place.get(one.id, -1) for one in facilities], dtype=np.int64)


def _tag(version: str, about: str, *texts: Texts) -> bytes:
    digest = sha256(f"{version} {about}".encode())
    for one in texts:
        for array in one:
            digest.update(array.tobytes())
    return digest.hexdigest()[:12].encode()


def _lay_places(facilities: Sequence[Facility], no_way: Mapping[str, bytes]) -> Texts:
    far = [_far_part(one) for one in facilities]
    return lay_end_to_end(
        (_fixed_part(one) for one in facilities),
        (no_way[one.id] for one in facilities),
        (before for before, _ in far),
        (after for _, after in far),
    )


def _no_road(facility: Facility) -> bytes:
    return render(Exclusion(facility.id, BY_ROAD.reason, BY_ROAD.text))


def _fixed_part(facility: Facility) -> bytes:
    card = render(describe_facility(facility, None))
    return b',"facility":' + card.removesuffix(b"null}")


def _far_part(facility: Facility) -> tuple[bytes, bytes]:
    """Why it is too far, before the minutes and after them."""
    whole = render(Exclusion(facility.id, ExclusionReason.TOO_FAR, FAR_AWAY.format(_PLACEHOLDER)))
    before, _, after = whole.rpartition(str(_PLACEHOLDER).encode())
    return before, after
