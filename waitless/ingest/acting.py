"""Acting: what operators do, carried out one act at a time, written down, and taken back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from waitless.audit import (
    Action,
    AuditEntry,
    Overridden,
    Settled,
    Switched,
    find_standing,
    find_undoing,
    why_not_back,
)
from waitless.belief import Fate, HeldValue, ReleaseRefusal
from waitless.health import SwitchedOff
from waitless.ingest.pipeline import Ingest
from waitless.ingest.recall import Recall
from waitless.keys import Holder
from waitless.override import Override
from waitless.store import Store


@dataclass(frozen=True, slots=True)
class Done:
    """An act that was carried out, and its audit entry's id."""

    entry: AuditEntry
    audit_id: str


class CannotUndo(Exception):
    """An act that cannot be taken back; says why."""


class Acting:
    """Does what operators want to the one process that writes.

    Every act raises one of `StoreAway` where it could not be written to the audit. An override has
    not been made then; any other act has been done.
    """

    def __init__(self, ingest: Ingest, store: Store, now: Callable[[], datetime]) -> None:
        self._ingest = ingest
        self._desk = ingest.desk
        self._acts = store.acts
        self._now = now
        self._recall = Recall(ingest.desk)
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """One act at a time, so that each knows what stood before it."""
        await self._ingest.wait_restored()
        async with self._one_at_a_time:
            yield

    async def override(self, said: Override, who: Holder) -> Done:
        """Say something of a facility in place of what was said before; lift it by nothing."""
        async with self._alone():
            return await self._say(said.facility_id, said, who, said.why)

    async def release(self, held_id: str, who: Holder, why: str) -> Done | ReleaseRefusal:
        """Believe a held value."""
        async with self._alone():
            return await self._release(held_id, who, why)

    async def drop(self, held_id: str, who: Holder, why: str) -> Done | None:
        """Decide that a held value is wrong; None where there is none, or it is settled."""
        async with self._alone():
            return await self._drop(held_id, who, why)

    async def switch(self, feed_id: str, off: SwitchedOff | None, who: Holder, why: str) -> Done:
        """Switch a feed off, or on."""
        async with self._alone():
            return await self._switch(feed_id, off, who, why)

    async def undo(self, audit_id: str, who: Holder, why: str) -> Done | None:
        """Take an act back; None where no such act is known.

        Raises:
            CannotUndo: it has been, or something else has happened since.
        """
        async with self._alone():
            entries = await self._acts.load_audit_since(audit_id)
            if not entries:
                return None
            _, entry = entries[0]
            undone_by = find_undoing(entries).get(audit_id)
            reason = (
                self.why_not(entry) if undone_by is None else f"{undone_by} has undone it already"
            )
            if reason is not None:
                raise CannotUndo(reason)
            return await self._take_back(audit_id, entry, who, why)

    def why_not(self, entry: AuditEntry) -> str | None:
        """Why an act cannot be taken back now; None where it can, unless it has been."""
        now = self._now()
        if entry.overridden is not None:
            standing = self._desk.overrides.get(entry.what)
            return why_not_back(entry.overridden, standing, now)
        if entry.switched is not None:
            health = self._desk.feeds.get(entry.what)
            return (
                "no such feed" if health is None else why_not_back(entry.switched, health.off, now)
            )
        if entry.settled is not None:
            return self._recall.why_not(self._find_held(entry.what), entry.settled)
        return "nobody wrote down what it changed"

    async def _take_back(self, audit_id: str, entry: AuditEntry, who: Holder, why: str) -> Done:
        undoes = audit_id
        if entry.overridden is not None:
            before = entry.overridden.before
            return await self._say(entry.what, before, who, why, undoes=undoes)
        if entry.switched is not None:
            return await self._switch(entry.what, entry.switched.before, who, why, undoes=undoes)
        value = self._find_held(entry.what)
        if value is None or entry.settled is None:
            raise CannotUndo("the value is gone")
        done: Done | ReleaseRefusal | None
        if entry.settled.before is Fate.RELEASED:
            done = await self._release(value.id, who, why, undoes=undoes)
        elif entry.settled.before is Fate.DROPPED:
            done = await self._drop(value.id, who, why, undoes=undoes)
        else:
            done = await self._unsettle(value, entry.settled, who, why, undoes=undoes)
        if not isinstance(done, Done):
            raise CannotUndo("the value is not to be shown, or settled")
        return done

    async def _say(
        self,
        facility_id: str,
        said: Override | None,
        who: Holder,
        why: str,
        *,
        undoes: str | None = None,
    ) -> Done:
        now, overrides = self._now(), self._desk.overrides
        before = find_standing(overrides.get(facility_id), now)
        after = find_standing(said, now)
        if after is not None and not after.says_something:
            after = None
        action = Action.OVERRIDE if after is not None else Action.LIFT
        entry = AuditEntry(
            at=now,
            who=who.name,
            how=who.how,
            action=action if undoes is None else Action.UNDO,
            what=facility_id,
            why=why,
            until=None if after is None else after.until,
            undoes=undoes,
            overridden=Overridden(before, after),
        )
        ended = [one.facility_id for one in overrides.values() if not one.holds(now)]
        silence = Override(facility_id=facility_id, at=now, until=now, by=who.name, why=why)
        audit_id = await self._acts.save_override(
            after or silence, lifted=after is None, ended=ended, entry=entry
        )
        for one in (*ended, facility_id):
            overrides.pop(one, None)
        if after is not None:
            overrides[facility_id] = after
        return self._count(entry, audit_id)

    async def _release(
        self, held_id: str, who: Holder, why: str, *, undoes: str | None = None
    ) -> Done | ReleaseRefusal:
        value = self._find_held(held_id)
        if value is None:
            return ReleaseRefusal.UNKNOWN
        facility_id = value.observation.facility_id
        before = self._recall.copy(facility_id)
        released = self._desk.release(held_id)
        if isinstance(released, ReleaseRefusal):
            return released
        self._recall.remember(value, before)
        await self._ingest.save(facility_id)
        settled = Settled(value.fate, Fate.RELEASED)
        return await self._write_held(Action.RELEASE, value, settled, who, why, undoes)

    async def _drop(
        self, held_id: str, who: Holder, why: str, *, undoes: str | None = None
    ) -> Done | None:
        value = self._find_held(held_id)
        if value is None:
            return None
        facility_id = value.observation.facility_id
        before = self._recall.copy(facility_id)
        if self._desk.believer.drop(held_id, self._now()) is None:
            return None
        self._desk.touched[0].add(facility_id)
        self._recall.remember(value, before)
        settled = Settled(value.fate, Fate.DROPPED)
        return await self._write_held(Action.DROP, value, settled, who, why, undoes)

    async def _unsettle(
        self, value: HeldValue, settled: Settled, who: Holder, why: str, *, undoes: str
    ) -> Done:
        if settled.after is Fate.RELEASED:
            self._recall.take_back_release(value)
            await self._ingest.save(value.observation.facility_id)
        else:
            self._recall.take_back_drop(value)
        swapped = Settled(settled.after, settled.before)
        return await self._write_held(Action.UNDO, value, swapped, who, why, undoes)

    async def _write_held(  # noqa: PLR0917 - all that an entry says
        self,
        action: Action,
        value: HeldValue,
        settled: Settled,
        who: Holder,
        why: str,
        undoes: str | None,
    ) -> Done:
        return await self._write(AuditEntry(
            at=self._now(), who=who.name, how=who.how,
            action=action if undoes is None else Action.UNDO,
            what=value.id, why=why, undoes=undoes, settled=settled,
        ))  # fmt: skip

    async def _switch(
        self,
        feed_id: str,
        off: SwitchedOff | None,
        who: Holder,
        why: str,
        *,
        undoes: str | None = None,
    ) -> Done:
        health, now = self._desk.feeds[feed_id], self._now()
        before, after = find_standing(health.off, now), find_standing(off, now)
        health.off = after
        action = Action.SWITCH_OFF if after is not None else Action.SWITCH_ON
        return await self._write(AuditEntry(
            at=now, who=who.name, how=who.how, action=action if undoes is None else Action.UNDO,
            what=feed_id, why=why, until=None if after is None else after.until,
            undoes=undoes, switched=Switched(before, after),
        ))  # fmt: skip

    async def _write(self, entry: AuditEntry) -> Done:
        return self._count(entry, await self._acts.add_audit(entry))

    def _count(self, entry: AuditEntry, audit_id: str) -> Done:
        self._ingest.count_act(entry.action.value)
        return Done(entry, audit_id)

    def _find_held(self, held_id: str) -> HeldValue | None:
        values = self._desk.believer.list_held()
        return next((one for one in values if one.id == held_id), None)
