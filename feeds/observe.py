"""One row of a document to one observation, as the definition's fields say."""

from datetime import datetime

from feeds.definition import FeedDefinition
from feeds.fields import Locator, Position, TimeField
from feeds.figures import read_wait
from feeds.finding import Finder
from feeds.formats.document import Row, RowFault
from feeds.model import (
    FacilityStatus,
    NoFigure,
    Observation,
    RefusalReason,
    Wait,
)
from feeds.times import TimeFault, find_time_fault, parse_epoch, parse_time
from feeds.vocabulary.faults import VocabularyFault, quote
from feeds.vocabulary.flags import parse_count, parse_flag
from feeds.vocabulary.names import fold, fold_all, fold_table
from feeds.vocabulary.nulls import is_null
from feeds.vocabulary.positions import Place, place_in_box


class Observer:
    """Reads the rows of one document.

    Args:
        definition: what the fields are.
        finder: finds values of the document.
        now: when it was received, aware UTC.
    """

    def __init__(self, definition: FeedDefinition, finder: Finder, now: datetime) -> None:
        self._definition = definition
        self._fields = definition.fields
        self.finder = finder
        self._now = now
        self._zone = definition.zone_info
        self._table = fold_table(definition.facilities)
        self._ignored = fold_all(definition.ignored)

    def find_facility(self, row: Row) -> str | None:
        """Our id of the row's facility; None where the definition ignores it.

        Raises:
            RowFault: no name, or one that is not in the table.
        """
        name = self._get("facility", self._fields.facility, row)
        if not isinstance(name, str | int) or isinstance(name, bool) or name == "":
            raise RowFault(RefusalReason.MISSING_FIELD, "facility", "no name in the row")
        folded = fold(str(name))
        if folded in self._ignored:
            return None
        if folded not in self._table:
            raise RowFault(
                RefusalReason.UNKNOWN_FACILITY,
                "facility",
                f"{quote(name)} is not in the table",
            )
        return self._table[folded]

    def observe(self, facility_id: str, row: Row) -> Observation:
        """The observation of a row whose facility is known.

        Raises:
            RowFault: any field cannot be read.
        """
        self._check_position(row)
        published_at = self._find_time("published_at", self._fields.published_at, row, self._now)
        as_of = self._as_of(row, published_at)
        waiting = self._people("patients_waiting", self._fields.patients_waiting, row)
        return Observation(
            facility_id=facility_id,
            feed_id=self._definition.id,
            as_of=as_of or self._now,
            as_of_is_received=as_of is None,
            published_at=published_at,
            received_at=self._now,
            wait=self._wait(row, waiting),
            patients_waiting=waiting,
            patients_in_department=self._people(
                "patients_in_department", self._fields.patients_in_department, row
            ),
            status=self._status(row),
        )

    def _get(self, name: str, locator: Locator, row: Row) -> object:
        try:
            return self.finder.find(locator, row)
        except RowFault as fault:
            raise RowFault(fault.reason, name, fault.detail) from fault

    def _as_of(self, row: Row, published_at: datetime | None) -> datetime | None:
        """When it was measured; None where the source publishes no time at all."""
        for place in self._fields.as_of_places:
            if place.received:
                return None
            # A clock without a date counts back from the publication where that is known.
            as_of = self._find_time("as_of", place, row, published_at or self._now)
            if as_of is not None:
                return as_of
        raise RowFault(RefusalReason.MISSING_FIELD, "as_of", "no time in the row")

    def _find_time(
        self, name: str, field: TimeField | None, row: Row, anchor: datetime
    ) -> datetime | None:
        value = None if field is None else self._get(name, field, row)
        if field is None or is_null(value, field.null_texts):
            return None
        try:
            moment = self._parse_time(value, field, anchor)
        except TimeFault as fault:
            raise RowFault(fault.reason, name, str(fault)) from fault
        reason = find_time_fault(moment, self._now)
        if reason is not None:
            said = f"{quote(value)} is {moment.isoformat()}, received {self._now.isoformat()}"
            raise RowFault(reason, name, said)
        return moment

    def _parse_time(self, value: object, field: TimeField, anchor: datetime) -> datetime:
        if isinstance(value, str):
            if value.strip().isdecimal() and any("epoch" in form for form in field.formats):
                return parse_epoch(float(value), field.formats)
            return parse_time(value, self._zone, forms=field.formats, now=anchor)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return parse_epoch(value, field.formats)
        raise TimeFault(f"{quote(value)} is not a time", RefusalReason.WRONG_TYPE)

    def _people(self, name: str, field: Locator | None, row: Row) -> int | None:
        value = None if field is None else self._get(name, field, row)
        if field is None or is_null(value, field.null_texts):
            return None
        try:
            return parse_count(value)
        except VocabularyFault as fault:
            raise RowFault(RefusalReason.WRONG_TYPE, name, str(fault)) from fault
        except OverflowError as fault:
            raise RowFault(RefusalReason.OUT_OF_RANGE, name, str(fault)) from fault

    def _flag(self, row: Row) -> bool:
        field = self._fields.wait_unavailable
        value = None if field is None else self._get("wait_unavailable", field, row)
        if field is None or is_null(value, field.null_texts):
            return False
        try:
            return parse_flag(value) is not field.invert
        except VocabularyFault as fault:
            raise RowFault(RefusalReason.WRONG_TYPE, "wait_unavailable", str(fault)) from fault

    def _status(self, row: Row) -> FacilityStatus | None:
        field = self._fields.status
        value = None if field is None else self._get("status", field, row)
        if field is None or value is None or value == "":
            return None
        said = {fold(word): status for word, status in field.map.items()}.get(fold(str(value)))
        if said is None and not (field.ignore_others or is_null(value, field.null_texts)):
            raise RowFault(RefusalReason.WRONG_TYPE, "status", f"{quote(value)} is not in the map")
        return said

    def _check_position(self, row: Row) -> None:
        position = self._fields.position
        if position is None:
            return
        latitude, longitude = (
            _degrees(name, self._get(name, locator, row))
            for name, locator in (
                ("latitude", position.latitude),
                ("longitude", position.longitude),
            )
        )
        place = _place(position, latitude, longitude)
        wanted = Place.SWAPPED if position.swapped else Place.INSIDE
        if place not in (Place.INSIDE, wanted):
            hint = "; they look swapped (`swapped`)" if place is Place.SWAPPED else ""
            raise RowFault(
                RefusalReason.OUT_OF_RANGE, "position", f"{latitude}, {longitude}: outside{hint}"
            )

    def _wait(self, row: Row, waiting: int | None) -> Wait | NoFigure:
        field = self._fields.wait
        if field is None:
            return NoFigure.NOT_GIVEN
        value = self._get("wait", field, row)
        return NoFigure.UNKNOWN if self._flag(row) else read_wait(field, value, waiting)


def _degrees(name: str, value: object) -> float:
    try:
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return float(value)
    except ValueError:
        pass
    raise RowFault(RefusalReason.WRONG_TYPE, name, f"{quote(value)} is no coordinate")


def _place(position: Position, latitude: float, longitude: float) -> Place:
    return place_in_box(
        latitude,
        longitude,
        south=position.south,
        west=position.west,
        north=position.north,
        east=position.east,
    )
