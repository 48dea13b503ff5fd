"""What an operator can do from the page: each act with its words, its form and its doing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

from waitless.audit import Action, AuditEntry
from waitless.belief import ReleaseRefusal
from waitless.console.held import find_held
from waitless.health import FeedHealth, SwitchedOff
from waitless.ingest import Ingest
from waitless.redis_link import StoreAway
from waitless.store import Store
from waitless.web.operator import LONGEST_HOURS
from waitless.web.problems import Problem, RequestRefused

MOST_WHY = 500
"""Characters of a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form that was filled in as it should be."""

    who: str
    what: str
    """The id of what is acted on."""
    why: str
    until: datetime | None
    """None: without an end of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act."""

    action: Action
    title: str
    effect: str
    """What comes of it, before it is done."""
    takes_hours: bool = False
    """Whether it may end by itself."""
    describe: Callable[[str], list[tuple[str, str]]]
    """What is acted on, name by name. Raises RequestRefused where it is not there."""
    perform: Callable[[Filled], Awaitable[None]]
    """Raises RequestRefused where it cannot be done; then nothing was."""


class FormFault(Exception):
    """A field of a form is not filled in as it should be."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(words)
        self.name = name


class Acts:
    """Does what operators ask for, and writes it down.

    Attributes:
        known: every act by the name in its address.
    """

    def __init__(self, ingest: Ingest, store: Store, *, now: Callable[[], datetime]) -> None:
        self._ingest = ingest
        self._store = store
        self._now = now
        acts = (
            Act(
                action=Action.RELEASE,
                title="Release a held value",
                effect="It is believed as if it came now, and patients see it within seconds. A "
                "value that its rule would hold again is believed for four hours.",
                describe=self._describe_held,
                perform=self._release,
            ),
            Act(
                action=Action.DROP,
                title="Drop a held value",
                effect="It is never shown, and confirms nothing that comes later.",
                describe=self._describe_held,
                perform=self._drop,
            ),
            Act(
                action=Action.SWITCH_OFF,
                title="Switch a feed off",
                effect="Nothing of it is believed, and what it said is not shown to patients any "
                "more. Its places are listed without a wait.",
                takes_hours=True,
                describe=self._describe_feed,
                perform=self._switch_off,
            ),
            Act(
                action=Action.SWITCH_ON,
                title="Switch a feed on",
                effect="What it says is believed again, from its next message on.",
                describe=self._describe_feed,
                perform=self._switch_on,
            ),
        )
        self.known: Mapping[str, Act] = {act.action.value: act for act in acts}

    def find(self, name: str) -> Act:
        """An act by its name. Raises RequestRefused where there is none."""
        try:
            return self.known[name]
        except KeyError:
            raise RequestRefused(Problem.NOT_FOUND, f"no act {name[:64]!r}") from None

    async def do(self, act: Act, who: str, form: Mapping[str, str]) -> None:
        """Do an act as a form wants it, and write it to the audit.

        Raises:
            FormFault: a field is not as it should be; nothing was done.
            RequestRefused: it cannot be done, and was not; or, `store_away` with such words, it
                was done and could not be written down.
        """
        filled = self._read(act, who, form)
        try:
            await self._store.ping()  # a release would wait for it, and an audit be lost
        except StoreAway as fault:
            raise RequestRefused(Problem.STORE_AWAY, "nothing was done") from fault
        await act.perform(filled)
        entry = AuditEntry(
            at=self._now(),
            who=who,
            action=act.action,
            what=filled.what,
            why=filled.why,
            until=filled.until,
        )
        try:
            await self._store.add_audit(entry)
        except StoreAway as fault:
            raise RequestRefused(
                Problem.STORE_AWAY, "done, but it could not be written to the audit"
            ) from fault

    def _read(self, act: Act, who: str, form: Mapping[str, str]) -> Filled:
        why = form.get("why", "").strip()
        if not why:
            raise FormFault("why", "Say why: colleagues read it in the audit.")
        if len(why) > MOST_WHY:
            raise FormFault("why", f"At most {MOST_WHY} characters, please.")
        until = None
        if act.takes_hours and form.get("hours", "").strip():
            until = self._now() + _read_hours(form["hours"])
        return Filled(who=who, what=form.get("what", ""), why=why, until=until)

    def _describe_held(self, held_id: str) -> list[tuple[str, str]]:
        line = find_held(self._ingest.desk, held_id)
        if line is None:
            raise RequestRefused(Problem.UNKNOWN_HELD_VALUE, held_id[:128])
        return [
            ("Place", line.facility_name),
            ("Held figure", line.wait),
            ("Why it is held", f"{line.rule}: {line.value.detail}"),
            ("Last believed figure", line.believed),
        ]

    def _describe_feed(self, feed_id: str) -> list[tuple[str, str]]:
        health = self._feed(feed_id)
        verdict = health.state(self._now())
        served = [
            one.short_name
            for one in self._ingest.desk.area.facilities.values()
            if one.provider == feed_id
        ]
        return [
            ("Feed", health.id),
            ("State", verdict.value),
            ("Places", ", ".join(served) or "none by name"),
        ]

    async def _release(self, filled: Filled) -> None:
        released = await self._ingest.release(filled.what)
        if released is ReleaseRefusal.UNKNOWN:
            raise RequestRefused(Problem.UNKNOWN_HELD_VALUE, filled.what[:128])
        if isinstance(released, ReleaseRefusal):
            raise RequestRefused(Problem.BAD_ACTION, f"cannot be released: {released}")

    async def _drop(self, filled: Filled) -> None:
        if self._ingest.desk.believer.drop(filled.what, self._now()) is None:
            raise RequestRefused(Problem.UNKNOWN_HELD_VALUE, "it is settled, or has left the list")

    async def _switch_off(self, filled: Filled) -> None:
        self._feed(filled.what).off = SwitchedOff(
            by=filled.who, why=filled.why, at=self._now(), until=filled.until
        )

    async def _switch_on(self, filled: Filled) -> None:
        self._feed(filled.what).off = None

    def _feed(self, feed_id: str) -> FeedHealth:
        try:
            return self._ingest.desk.feeds[feed_id]
        except KeyError:
            raise RequestRefused(Problem.UNKNOWN_FEED, f"{feed_id[:64]!r}") from None


def _read_hours(text: str) -> timedelta:
    words = f"A number of hours above 0, at most {LONGEST_HOURS}; or nothing."
    try:
        hours = float(text)
    except ValueError:
        raise FormFault("hours", words) from None
    if not isfinite(hours) or not 0 < hours <= LONGEST_HOURS:
        raise FormFault("hours", words)
    return timedelta(hours=hours)
