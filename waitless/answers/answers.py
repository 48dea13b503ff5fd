"""Answers: from a question to an entry, out of the near cache or computed now.

Single flight is not needed: an answer is computed without awaiting anything, so nobody can ask for
it meanwhile. The sheet of the moment is made by the first question after a change.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from routing.modes import Mode
from waitless.answers.entry import ANSWER_TICK_S, Entry
from waitless.answers.nearcache import NearCache
from waitless.answers.question import Question
from waitless.answers.render import Pointed, Renderer
from waitless.answers.sheet import Sheet, make_sheet
from waitless.answers.travelled import Travelled
from waitless.area.pack import Area
from waitless.board import EMPTY_BOARD, Board
from waitless.ledger.picture import LedgerPicture
from waitless.ledger.policy import UNMOVED, Policy
from waitless.reading import LIVE_FOR
from waitless.travel.tables import ModeTable, TravelTables
from waitless.travel.timetables import Timetables

_TICK = timedelta(seconds=ANSWER_TICK_S)
_BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
"""No answer is made for then."""


class Answers:
    """Keeps what answers are made from in step with board, clock and travel tables."""

    def __init__(
        self,
        area: Area,
        *,
        board: Callable[[], Board],
        tables: Callable[[], TravelTables],
        timetables: Callable[[], Timetables | None] = lambda: None,
        picture: Callable[[], LedgerPicture | None] = lambda: None,
        policy: Policy = UNMOVED,
        renderer: Renderer,
        cache: NearCache,
        on_advice: Callable[[str, int], None] | None = None,
        on_answer: Callable[[Pointed], None] | None = None,
    ) -> None:
        """Nothing made yet.

        Args:
            area: the area pack.
            board: gives the board of the moment.
            tables: gives the travel tables of the moment.
            timetables: gives the timetables of the moment; None where there are none.
            picture: gives who is on the way, as far as it is known.
            policy: what moves people.
            renderer: of the area.
            cache: where answers are kept.
            on_advice: told of every answer given what it puts first, as `Advised`.
            on_answer: told of every answer given of what kinds that is, as `Pointed`.
        """
        self._area = area
        self._get_board = board
        self._get_tables = tables
        self._get_timetables = timetables
        self._get_picture = picture
        self._picture: LedgerPicture | None = None
        self._policy = policy
        self._renderer = renderer
        self._cache = cache
        self._on_advice = on_advice
        self._on_answer = on_answer
        self._board = EMPTY_BOARD
        self._sheet = make_sheet(area, EMPTY_BOARD, _BEFORE, _BEFORE)
        self._unforeseen: Sheet | None = None
        """Of the same moment, for those who depart later than waits are foretold."""
        self._tables: TravelTables | None = None
        self._timetables: Timetables | None = None
        self._travelled: dict[str, Travelled] = {}
        """By mode's name: an enumeration's member is slow to be looked up by."""

    def find(self, question: Question, now: datetime) -> Entry:
        """The answer of this moment, counted as given."""
        entry = self.look(question, now)
        if self._on_advice is not None and entry.advised is not None:
            self._on_advice(*entry.advised)
        if self._on_answer is not None and entry.pointed is not None:
            self._on_answer(entry.pointed)
        return entry

    def look(self, question: Question, now: datetime) -> Entry:
        """The answer of this moment."""
        board, picture, sheet = self._get_board(), self._get_picture(), self._sheet
        if (
            board is not self._board
            or picture is not self._picture
            or not sheet.now <= now < sheet.until
        ):
            sheet = self._renew(board, picture, now)
        tables, timetables = self._get_tables(), self._get_timetables()
        if tables is not self._tables:
            self._swap(tables)
        if timetables is not self._timetables:
            self._swap_timetables(timetables)
        if not question.query.is_foreseen(sheet.now):
            sheet = self._without_waits()
        travelled = self._travelled[question.mode]
        entry = self._cache.find(question.key, sheet, travelled)
        if entry is None:
            body, until, advised, pointed = self._renderer.answer(question, sheet, travelled)
            tag = sheet.tag + travelled.tag + question.tag
            entry = Entry(
                body,
                sheet,
                travelled,
                until,
                tag=tag,
                private=question.private,
                advised=advised,
                pointed=pointed,
            )
            self._cache.put(question.key, entry)
        return entry

    def rehearse(self, question: Question, now: datetime) -> None:
        """Make an answer that nobody gets: it is neither kept nor counted."""
        sheet = self._renew(self._get_board(), self._get_picture(), now)
        self._swap(self._get_tables())
        self._renderer.answer(question, sheet, self._travelled[question.mode])

    def _renew(self, board: Board, picture: LedgerPicture | None, now: datetime) -> Sheet:
        """The sheet of a board at a time; the one there is where it would say the same.

        Every answer says its epoch and the instant it is made for, so a change of either can
        affect all answers, and so can whoever is on the way; a board renewed with nothing new in
        it affects none.
        """
        made_for, until = span_of_answer(board, now)
        sheet = make_sheet(self._area, board, made_for, until, picture=picture, policy=self._policy)
        self._board, self._picture = board, picture
        if sheet.tag == self._sheet.tag and sheet.until == self._sheet.until:
            return self._sheet
        self._cache.drop()
        self._sheet, self._unforeseen = sheet, None
        return sheet

    def _without_waits(self) -> Sheet:
        if self._unforeseen is None:
            sheet = self._sheet
            self._unforeseen = make_sheet(
                self._area, self._board, sheet.now, sheet.until, policy=self._policy, foreseen=False
            )
        return self._unforeseen

    def _swap(self, tables: TravelTables) -> None:
        """Lay out the tables that are others now; answers of the others stay."""
        before = {} if self._tables is None else self._tables.by_mode
        for mode, table in tables.by_mode.items():
            if before.get(mode) is not table:
                self._lay(mode, table)
        self._tables = tables

    def _swap_timetables(self, timetables: Timetables | None) -> None:
        if timetables is not None:
            self._lay(Mode.TRANSIT, timetables)
        self._timetables = timetables

    def _lay(self, mode: Mode, ways: ModeTable | Timetables) -> None:
        before = self._travelled.get(mode.value)
        if before is not None:
            self._cache.drop(before)
        self._travelled[mode.value] = self._renderer.travelled(ways)


def span_of_answer(board: Board, now: datetime) -> tuple[datetime, datetime]:
    """The instant an answer is made for, and the next: ticks, ends of live waits and of overrides.

    Between two such instants nothing that an answer says changes with the clock, and a wait
    that is older than `LIVE_FOR` at `now` is too old at that instant too.
    """
    tick = now.replace(second=now.second - now.second % ANSWER_TICK_S, microsecond=0)
    since, until = tick, tick + _TICK
    measured = (one.wait_as_of for one in board.readings.values() if one.wait_as_of is not None)
    changes = [as_of + LIVE_FOR + datetime.resolution for as_of in measured]
    for override in board.overrides.values():
        changes += override.list_changes()
    for end in changes:
        if tick < end <= now:
            since = max(since, end)
        elif now < end < until:
            until = end
    return since, until


def as_of_last_change(board: Board, now: datetime) -> datetime:
    """The instant an answer is made for (`span_of_answer`)."""
    return span_of_answer(board, now)[0]
