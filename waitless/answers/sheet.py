"""A sheet: all that answers say of one board at one instant, laid out facility by facility."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import numpy as np

from waitless.answers.columns import NEVER, WaitColumns
from waitless.answers.instants import from_us, render, to_us
from waitless.answers.texts import Texts, lay_end_to_end
from waitless.area.facility import Facility
from waitless.area.hours import Calendar
from waitless.area.pack import Area
from waitless.board import EMPTY_BOARD, Board
from waitless.forecast.posted import WhenSeen
from waitless.ledger.picture import LedgerPicture
from waitless.ledger.policy import UNMOVED, Policy
from waitless.reading import LIVE_FOR
from waitless.recommend.cards import wait_card
from waitless.recommend.reasons import Reason, list_wait_reasons
from waitless.recommend.recommend import find_good_until
from waitless.recommend.suit import Exclusion, Reported, find_reported
from waitless.recommend.waits import Basis, Waits, lay_waits

_NULL = b"null"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The dynamic parts of answers. Two sheets of one `tag` give the same answers."""

    now: datetime
    """What answers are made for: one object in all sheets of a moment."""
    until: datetime
    """The first later instant that answers are to be made anew for."""
    waits: Waits
    columns: WaitColumns
    texts: Texts
    """Three sections of one for each facility: its wait as JSON, from after the numbers of the
    range on; its exclusion where its unit reports it shut; reasons, told of its wait."""
    opening: bytes
    """`"generated_at"` of the JSON's start; after it comes the validity."""
    about: bytes
    """What follows the validity, up to the origin."""
    good_until: datetime
    """Until when an answer is good in which no wait ends before."""
    tag: bytes
    """Two sheets of one tag say the same."""
    _valid: dict[int, tuple[datetime, bytes]] = field(default_factory=dict)

    def valid_until(self, first_end_us: int) -> tuple[datetime, bytes]:
        """Until when an answer is good whose first live wait ends then; the same as JSON."""
        known = self._valid.get(first_end_us)
        if known is None:
            until = self.good_until
            if first_end_us < NEVER:
                until = min(until, from_us(first_end_us))
            until = max(self.now, until)
            known = self._valid[first_end_us] = (until, render(until))
        return known


@dataclass(frozen=True, slots=True)
class _Row:
    """One facility's line of a sheet."""

    other_clock: bool
    live_until: datetime | None
    card: bytes
    reasons: tuple[Reason, ...]
    reported: Reported | None


def make_sheet(
    area: Area,
    board: Board,
    now: datetime,
    until: datetime,
    *,
    picture: LedgerPicture | None = None,
    policy: Policy = UNMOVED,
    foreseen: bool = True,
) -> Sheet:
    """Lay a board out for answers that are made for `now` and given until `until`.

    Args:
        area: the area pack.
        board: what is believed.
        now: what answers are made for.
        until: the first later instant that they are to be made anew for.
        picture: who is on the way; None where that is not to be known.
        policy: what moves people.
        foreseen: whether waits are told; not to those who depart later than they are foretold.
    """
    believed = board if foreseen else EMPTY_BOARD
    waits = lay_waits(area, believed, now, picture=picture if foreseen else None, policy=policy)
    rows = [
        _row(facility, area.calendar, board, now, basis if foreseen else None)
        for facility, basis in zip(area.facilities.values(), waits.basis, strict=True)
    ]
    reported = [
        b""
        if row.reported is None
        else render(Exclusion(facility_id, row.reported.reason, row.reported.text))
        for facility_id, row in zip(area.facilities, rows, strict=True)
    ]
    columns = _columns(rows)
    about = _render_about(area, board)
    opening = b'{"generated_at":' + render(now) + b',"valid_until":'
    good_until = find_good_until(board, now)
    digest = sha256(opening + about + repr((waits.load[-3:], waits.load.first_s)).encode())
    digest.update(good_until.isoformat().encode())
    texts = lay_end_to_end(
        (_after_numbers(row.card) for row in rows), reported, (_tell(row.reasons) for row in rows)
    )
    for array in (*texts, *columns, *waits.figures, *waits.load[1:-3]):
        digest.update(np.asarray(array).tobytes())
    digest.update(b"spread" if waits.spread else b"")
    tag = digest.hexdigest()[:24].encode()
    return Sheet(now, until, waits, columns, texts, opening, about, good_until, tag)


def _render_about(area: Area, board: Board) -> bytes:
    about: Mapping[str, object] = {
        "area": area.id,
        "data": "simulated" if board.simulated else "live",
        "degraded": board.degraded,
        "epoch": board.epoch,
    }
    return b"," + render(about)[1:-1] + b","


def _row(
    facility: Facility, calendar: Calendar, board: Board, now: datetime, basis: Basis | None
) -> _Row:
    """`basis` is None where no wait is told."""
    reading, override = board.reading_at(facility.id, now), board.override_at(facility.id, now)
    wait = None if basis is None else board.live_wait(facility.id, now)
    live_until = None
    if wait is not None and reading is not None and reading.wait_as_of is not None:
        live_until = reading.wait_as_of + LIVE_FOR
    # The numbers depend on the journey: whoever composes an answer writes them.
    seen = None
    if wait is not None and basis is not None:
        seen = WhenSeen(p10=0, p50=0, p90=0, mean=0, basis=basis)
    reasons = list_wait_reasons(wait, reading, now, override)
    return _Row(
        wait is not None and not wait.clock.is_arrival_to_treatment,
        live_until,
        render(wait_card(facility, wait, seen, board, now)),
        (Reason.WAIT_NOT_FORESEEN,) if basis is None else tuple(reasons),
        find_reported(facility, reading, now, calendar, override),
    )


def _after_numbers(card: bytes) -> bytes:
    """A wait's JSON without its opening `{"when_seen":{...` up to the mean; else null, whole."""
    return card if card == _NULL else card[card.index(b',"basis":') :]


def _tell(reasons: tuple[Reason, ...]) -> bytes:
    return render(reasons)[1:-1]


def _columns(rows: list[_Row]) -> WaitColumns:
    return WaitColumns(
        np.array([row.other_clock for row in rows], dtype=np.bool_),
        np.array([_reported_until(row.reported) for row in rows], dtype=np.int64),
        np.array(
            [NEVER if row.live_until is None else to_us(row.live_until) for row in rows],
            dtype=np.int64,
        ),
    )


def _reported_until(reported: Reported | None) -> int:
    if reported is None:
        return 0
    return NEVER if reported.ends_at is None else to_us(reported.ends_at)
