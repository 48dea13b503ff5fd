"""The audit: what operators did, to what, why and when, what it changed, and who signed in.

No entry has a client's address, nor a hash of one: docs/decisions/0020 says why.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from waitless.belief import Fate
from waitless.health import SwitchedOff
from waitless.keys import How
from waitless.override import Override


class Action(StrEnum):
    """What an operator can do, and what becomes of signing in."""

    RELEASE = "release"
    DROP = "drop"
    SWITCH_OFF = "switch_off"
    SWITCH_ON = "switch_on"
    OVERRIDE = "override"
    LIFT = "lift"
    """An end of an override before its time."""
    UNDO = "undo"
    SIGN_IN = "sign_in"
    SIGN_IN_FAILED = "sign_in_failed"
    LOCK_OUT = "lock_out"
    SIGN_OUT = "sign_out"
    END_SESSION = "end_session"

    @property
    def is_about_signing_in(self) -> bool:
        """Whether it is for admins alone; kept apart, so that no flood of it drives acts out."""
        return self in _SIGNING_IN


_SIGNING_IN = frozenset(
    {
        Action.SIGN_IN,
        Action.SIGN_IN_FAILED,
        Action.LOCK_OUT,
        Action.SIGN_OUT,
        Action.END_SESSION,
    }
)
UNKNOWN = "unknown"
"""Whoever failed to sign in under a name that nobody has. What was typed is not written down: it
may be a password in the wrong field."""


@dataclass(frozen=True, slots=True)
class Overridden:
    """What an operator said of a facility, before and after an act. None: nothing."""

    before: Override | None
    after: Override | None


@dataclass(frozen=True, slots=True)
class Switched:
    """Whether a feed was switched off, before and after an act. None: it was on."""

    before: SwitchedOff | None
    after: SwitchedOff | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What had become of a held value, before and after an act."""

    before: Fate
    after: Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One act. `until` None means that it has no end of its own.

    One of `overridden`, `switched` and `settled` says what it changed; none of them in entries
    that are older than the wish to undo.
    """

    at: datetime
    who: str
    action: Action
    what: str
    """The id of the held value, the feed, the facility or (shortened) the session; `account` or
    `address`."""
    why: str
    until: datetime | None = None
    how: How | None = None
    """How we knew who it was; None in entries from before that was written down."""
    undoes: str | None = None
    """The id of the entry whose act was taken back."""
    overridden: Overridden | None = None
    switched: Switched | None = None
    settled: Settled | None = None


class Word(Protocol):
    """What an operator says, for a time."""

    def holds(self, now: datetime) -> bool:
        """Whether it still stands."""


WordT = TypeVar("WordT", bound=Word)


def find_standing(word: WordT | None, now: datetime) -> WordT | None:
    """A word where it still stands; else None."""
    return word if word is not None and word.holds(now) else None


def why_not_back(
    changed: Overridden | Switched, standing: Override | SwitchedOff | None, now: datetime
) -> str | None:
    """Why what stood before an act cannot stand again; None where it can.

    Args:
        changed: what the act changed.
        standing: what was said last, whether it still holds or not.
        now: aware UTC.
    """
    if changed.after is not None and not changed.after.holds(now):
        return "it has ended by itself"
    if find_standing(changed.before, now) == changed.after:
        return "what stood before it would be the same by now"
    if find_standing(standing, now) != changed.after:
        return "another act came after it"
    return None


def find_undoing(entries: Iterable[tuple[str, AuditEntry]]) -> dict[str, str]:
    """By the id of each act that was taken back the id of the entry that did.

    Args:
        entries: by id, oldest first.
    """
    return {entry.undoes: name for name, entry in entries if entry.undoes is not None}
