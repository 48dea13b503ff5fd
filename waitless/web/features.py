"""Facilities as GeoJSON features: what they say, and the same as bytes, once per board and tick."""

from dataclasses import dataclass
from datetime import datetime

from waitless.answers.answers import span_of_answer
from waitless.answers.doors import Openings, lay_out_openings
from waitless.answers.entry import ANSWER_TICK_S
from waitless.answers.instants import render
from waitless.answers.laid import Laid
from waitless.area.facility import Facility
from waitless.area.hours import Calendar
from waitless.area.pack import Area
from waitless.board import Board
from waitless.health import FeedState
from waitless.reading import LIVE_FOR
from waitless.recommend.answer import DataKind
from waitless.web.answers import (
    FacilityCollection,
    FacilityFeature,
    FacilityProperties,
    OverrideCard,
    Point,
    ReadingCard,
)
from waitless.web.readings import describe_override, live_card

_SHUT = b'"open_now":false,"open_until":null'
_NOTHING_READ = b'"feed_state":"lost","reading":null,"override":null'


class Features:
    """Keeps the sheet of the moment: made anew for each board, and when a tick is over."""

    def __init__(self, area: Area) -> None:
        self._area = area
        self._fixed = {one.id: _fixed_parts(one) for one in area.facilities.values()}
        self._openings: Openings | None = None
        self._sheet: FeatureSheet | None = None

    def sheet(self, board: Board, now: datetime) -> "FeatureSheet":
        """The features of a board as of the instant that answers are made for."""
        sheet = self._sheet
        if sheet is None or sheet.board is not board or not sheet.now <= now < sheet.until:
            since, until = span_of_answer(board, now)
            openings = self._openings_at(since)
            sheet = FeatureSheet(self._area, self._fixed, openings, board, now=since, until=until)
            self._sheet = sheet
        return sheet

    def _openings_at(self, now: datetime) -> Openings:
        openings = self._openings
        if openings is None or not openings.since <= now < openings.until:
            area = self._area
            openings = self._openings = lay_out_openings(area.facilities, area.calendar, now)
        return openings


class FeatureSheet:
    """The features of one board at one instant, each rendered when it is first asked for."""

    def __init__(
        self,
        area: Area,
        fixed: "dict[str, _Fixed]",
        openings: Openings,
        board: Board,
        *,
        now: datetime,
        until: datetime,
    ) -> None:
        self.board = board
        self.now = now
        self.until = until
        """The first later instant that features are to be made anew for."""
        self._area = area
        self._fixed = fixed
        self._openings = openings
        self._features: dict[str, _Feature] = {}
        self._laid: dict[str, Laid] = {}
        self._all: Laid | None = None

    def one(self, facility: Facility) -> Laid:
        """One facility's feature."""
        laid = self._laid.get(facility.id)
        if laid is None:
            feature = self._feature(facility)
            laid = self._laid[facility.id] = _lay(feature.body, [feature])
        return laid

    def collection(self) -> Laid:
        """The collection of every facility's feature."""
        if self._all is None:
            features = [self._feature(one) for one in self._area.facilities.values()]
            data: DataKind = "simulated" if self.board.simulated else "live"
            empty = FacilityCollection(self._area.id, data, self._area.attribution, [])
            before, opened, after = render(empty).partition(b'"features":[')
            body = b",".join(one.body for one in features)
            self._all = _lay(b"".join((before, opened, body, after)), features)
        return self._all

    def _feature(self, facility: Facility) -> "_Feature":
        known = self._features.get(facility.id)
        if known is None:
            known = self._features[facility.id] = self._render(facility)
        return known

    def _render(self, facility: Facility) -> "_Feature":
        board, fixed = self.board, self._fixed[facility.id]
        is_open, closing = self._openings.find(facility.id, self.now)
        hours = {"open_now": is_open, "open_until": closing}
        card, override = _believed(facility, board, self.now)
        state = {
            "feed_state": board.feed_state(facility, self.now),
            "reading": card,
            "override": override,
        }
        body = b"".join(
            (fixed.first, render(hours)[1:-1], fixed.middle, render(state)[1:-1], fixed.last)
        )
        shown = card is not None and card.wait is not None
        ends = [] if override is None else [override.until]
        if card is not None and shown:
            ends.append(card.as_of + LIVE_FOR)
        return _Feature(body, min(ends, default=None))


@dataclass(frozen=True, slots=True)
class _Fixed:
    """A feature's JSON around its hours, and around its feed's state with the reading."""

    first: bytes
    middle: bytes
    last: bytes


@dataclass(frozen=True, slots=True)
class _Feature:
    """A feature's JSON, and when its wait ceases to be live or its override ends; None: neither."""

    body: bytes
    live_until: datetime | None


def _fixed_parts(facility: Facility) -> _Fixed:
    feature = _feature(facility, (False, None), FeedState.LOST, (None, None))
    first, _, rest = render(feature).partition(_SHUT)
    middle, _, last = rest.partition(_NOTHING_READ)
    return _Fixed(first, middle, last)


def _lay(body: bytes, features: list[_Feature]) -> Laid:
    """A body that is kept for a tick at most, and no longer than every wait in it is live."""
    ends = [one.live_until for one in features if one.live_until is not None]
    return Laid(body, most_age_s=ANSWER_TICK_S, valid_until=min(ends, default=None))


def feature_of(
    facility: Facility, board: Board, calendar: Calendar, now: datetime
) -> FacilityFeature:
    """A facility in the directory, with what is believed of it at an instant."""
    return _feature(
        facility,
        (calendar.is_open(facility.hours, now), calendar.find_closing(facility.hours, now)),
        board.feed_state(facility, now),
        _believed(facility, board, now),
    )


def _believed(
    facility: Facility, board: Board, now: datetime
) -> tuple[ReadingCard | None, OverrideCard | None]:
    """What is believed of a facility, and what its operator says over it."""
    reading, override = board.reading_at(facility.id, now), board.override_at(facility.id, now)
    return (
        None if reading is None else live_card(board, reading, now),
        None if override is None else describe_override(override),
    )


def _feature(
    facility: Facility,
    opening: tuple[bool, datetime | None],
    state: FeedState,
    believed: tuple[ReadingCard | None, OverrideCard | None],
) -> FacilityFeature:
    reading, override = believed
    open_now, open_until = opening
    properties = FacilityProperties(
        name=facility.name,
        short_name=facility.short_name,
        kind=facility.kind,
        ods_code=facility.ods_code,
        operator=facility.operator,
        address=facility.address,
        postcode=facility.postcode,
        phone=facility.phone,
        services=facility.services(),
        min_age_months=facility.min_age_months,
        hours=facility.hours.as_text(),
        xray_hours=facility.xray_hours.as_text() if facility.xray_hours else None,
        open_now=open_now,
        open_until=open_until,
        reviewed=facility.reviewed,
        feed_state=state,
        reading=reading,
        override=override,
    )
    return FacilityFeature(facility.id, Point((facility.lon, facility.lat)), properties)
