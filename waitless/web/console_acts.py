"""What an operator can do from the page: each act with its words, its form and its doing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from waitless.audit import AuditEntry, find_undoing
from waitless.belief import ReleaseRefusal
from waitless.console.held import find_held
from waitless.console.words import tell_action, tell_override
from waitless.health import SwitchedOff
from waitless.ingest import Desk
from waitless.ingest.acting import Acting, CannotUndo
from waitless.keys import Holder
from waitless.override import Override
from waitless.redis_link import StoreAway
from waitless.store import Store
from waitless.web.audit import AUDIT_ID
from waitless.web.console_forms import Filled, read_filled, read_override
from waitless.web.operator import LONGEST_HOURS
from waitless.web.overrides import MOST_HOURS
from waitless.web.problems import Problem, RequestRefused

About = list[tuple[str, str]]
_GONE = "It is settled, perhaps by a colleague (the audit says so), or has left the list."


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act."""

    name: str
    """In its address."""
    title: str
    effect: str
    """What comes of it, before it is done."""
    describe: Callable[[str], Awaitable[About]]
    """What is acted on, name by name. Raises RequestRefused where it is not there."""
    perform: Callable[[Filled], Awaitable[object]]
    """Does it, and writes it down. Raises RequestRefused where it cannot be done, and was not."""
    most_hours: float = 0.0
    """How long it may last; 0 where it ends nothing by itself."""
    usual_hours: str = ""
    without_hours: str = ""
    """What no number of hours means."""
    speaks: bool = False
    """Whether its form says something of a door and a wait."""

    @property
    def takes_hours(self) -> bool:
        """Whether it may end by itself."""
        return self.most_hours > 0


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One act that was done."""

    id: str
    entry: AuditEntry
    may_be_undone: bool
    undone_by: str | None


class Acts:
    """Does what operators ask for, in one place with `/v1/operator` (`waitless.ingest.acting`).

    Attributes:
        known: every act by its name.
    """

    def __init__(
        self, desk: Desk, acting: Acting, store: Store, *, now: Callable[[], datetime]
    ) -> None:
        self._desk = desk
        self._acting = acting
        self._store = store
        self._now = now
        acts = (
            Act(
                name="release",
                title="Release a held value",
                effect="It is believed as if it came now, and patients see it within seconds. A "
                "value that its rule would hold again is believed for four hours.",
                describe=self._describe_held,
                perform=self._release,
            ),
            Act(
                name="drop",
                title="Drop a held value",
                effect="It is never shown, and confirms nothing that comes later.",
                describe=self._describe_held,
                perform=self._drop,
            ),
            Act(
                name="switch_off",
                title="Switch a feed off",
                effect="Nothing of it is believed, and what it said is not shown to patients any "
                "more. Its places are listed without a wait.",
                most_hours=LONGEST_HOURS,
                usual_hours="4",
                without_hours="Empty: until somebody ends it.",
                describe=self._describe_feed,
                perform=self._switch_off,
            ),
            Act(
                name="switch_on",
                title="Switch a feed on",
                effect="What it says is believed again, from its next message on.",
                describe=self._describe_feed,
                perform=self._switch_on,
            ),
            Act(
                name="override",
                title="Speak for a place",
                effect="Patients are told this in place of what its feed says, and of what was "
                "said here before, until it ends. Feeds are listened to all the while.",
                most_hours=MOST_HOURS,
                without_hours="Empty: 2 hours, or 30 minutes for a wait alone.",
                speaks=True,
                describe=self._describe_facility,
                perform=self._override,
            ),
            Act(
                name="lift",
                title="Let the feed speak",
                effect="Patients are told again what its feed says.",
                describe=self._describe_facility,
                perform=self._override,
            ),
            Act(
                name="undo",
                title="Take an act back",
                effect="What stood before it stands again, until it would have ended.",
                describe=self._describe_entry,
                perform=self._undo,
            ),
        )
        self.known: Mapping[str, Act] = {act.name: act for act in acts}

    def find(self, name: str) -> Act:
        """An act by its name. Raises RequestRefused where there is none."""
        try:
            return self.known[name]
        except KeyError:
            raise RequestRefused(Problem.NOT_FOUND, f"no act {name[:64]!r}") from None

    async def do(self, act: Act, who: Holder, form: Mapping[str, str]) -> None:
        """Do an act as a form wants it, and write it to the audit.

        Raises:
            FormFault: a field is not as it should be; nothing was done.
            RequestRefused: it cannot be done, and was not; or, `store_away` with such words, it
                may have been done and could not be written down.
        """
        filled = read_filled(form, who, most_hours=act.most_hours)
        try:
            await self._store.ping()  # a release would wait for it, and an audit be lost
        except StoreAway as fault:
            raise RequestRefused(Problem.STORE_AWAY, "nothing was done") from fault
        try:
            await act.perform(filled)
        except StoreAway as fault:
            raise RequestRefused(
                Problem.STORE_AWAY, "perhaps done, but not written down: look at the audit"
            ) from fault

    async def list_audit(self, limit: int) -> list[AuditLine]:
        """The newest acts, newest first. Raises one of `StoreAway`."""
        entries = await self._store.acts.load_audit(limit)
        undoing = find_undoing(reversed(entries))
        return [
            AuditLine(
                audit_id,
                entry,
                may_be_undone=audit_id not in undoing and self._acting.why_not(entry) is None,
                undone_by=undoing.get(audit_id),
            )
            for audit_id, entry in entries
        ]

    async def _describe_held(self, held_id: str) -> About:
        line = find_held(self._desk, held_id)
        if line is None:
            raise RequestRefused(Problem.UNKNOWN_HELD_VALUE, _GONE)
        return [
            ("Place", line.facility_name),
            ("Held figure", line.wait),
            ("Why it is held", f"{line.rule}: {line.value.detail}"),
            ("Last believed figure", line.believed),
        ]

    async def _describe_feed(self, feed_id: str) -> About:
        self._check_feed(feed_id)
        served = [
            one.short_name for one in self._desk.area.facilities.values() if one.provider == feed_id
        ]
        return [
            ("Feed", feed_id),
            ("State", self._desk.feeds[feed_id].state(self._now()).value),
            ("Places", ", ".join(served) or "none by name"),
        ]

    async def _describe_facility(self, facility_id: str) -> About:
        if facility_id not in self._desk.area.facilities:
            raise RequestRefused(Problem.UNKNOWN_FACILITY, f"{facility_id[:64]!r}")
        said = self._desk.overrides.get(facility_id)
        stands = said is not None and said.holds(self._now())
        return [
            ("Place", self._desk.area.facilities[facility_id].name),
            ("Said here now", tell_override(said) if said is not None and stands else "nothing"),
        ]

    async def _describe_entry(self, audit_id: str) -> About:
        entries = []
        if AUDIT_ID.fullmatch(audit_id) is not None:
            try:
                entries = await self._store.acts.load_audit_since(audit_id)
            except StoreAway as fault:
                raise RequestRefused(Problem.STORE_AWAY, "the audit is kept there") from fault
        if not entries:
            raise RequestRefused(Problem.UNKNOWN_ACT, audit_id[:64])
        _, entry = entries[0]
        return [
            ("What was done", f"{entry.who} {tell_action(entry.action)}"),
            ("On", entry.what),
            ("Why", entry.why),
        ]

    async def _release(self, filled: Filled) -> None:
        done = await self._acting.release(filled.what, filled.who, filled.why)
        if done is ReleaseRefusal.UNKNOWN:
            raise RequestRefused(Problem.UNKNOWN_HELD_VALUE, _GONE)
        if isinstance(done, ReleaseRefusal):
            raise RequestRefused(Problem.BAD_ACTION, f"cannot be released: {done}")

    async def _drop(self, filled: Filled) -> None:
        if await self._acting.drop(filled.what, filled.who, filled.why) is None:
            raise RequestRefused(Problem.UNKNOWN_HELD_VALUE, _GONE)

    async def _switch_off(self, filled: Filled) -> None:
        now = self._now()
        until = None if filled.lasts is None else now + filled.lasts
        off = SwitchedOff(by=filled.who.name, why=filled.why, at=now, until=until)
        await self._switch(filled, off)

    async def _switch_on(self, filled: Filled) -> None:
        await self._switch(filled, None)

    async def _switch(self, filled: Filled, off: SwitchedOff | None) -> None:
        self._check_feed(filled.what)
        await self._acting.switch(filled.what, off, filled.who, filled.why)

    async def _override(self, filled: Filled) -> None:
        facility = self._desk.area.facilities.get(filled.what)
        if facility is None:
            raise RequestRefused(Problem.UNKNOWN_FACILITY, f"{filled.what[:64]!r}")
        said = read_override(filled, facility, self._now())
        if not said.says_something and not self._stands(said):
            raise RequestRefused(
                Problem.BAD_OVERRIDE, "nothing is said, and nothing stands that it could lift"
            )
        await self._acting.override(said, filled.who)

    async def _undo(self, filled: Filled) -> None:
        done = None
        try:
            if AUDIT_ID.fullmatch(filled.what) is not None:
                done = await self._acting.undo(filled.what, filled.who, filled.why)
        except CannotUndo as fault:
            raise RequestRefused(Problem.CANNOT_UNDO, str(fault)) from fault
        if done is None:
            raise RequestRefused(Problem.UNKNOWN_ACT, filled.what[:64])

    def _stands(self, said: Override) -> bool:
        standing = self._desk.overrides.get(said.facility_id)
        return standing is not None and standing.holds(said.at)

    def _check_feed(self, feed_id: str) -> None:
        if feed_id not in self._desk.feeds:
            raise RequestRefused(Problem.UNKNOWN_FEED, f"{feed_id[:64]!r}")
