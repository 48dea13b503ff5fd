"""The audit: what operators did, to what, why and when, and who signed in or tried to.

No entry has a client's address, nor a hash of one: docs/decisions/0020 says why.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from waitless.keys import How


class Action(StrEnum):
    """What an operator can do to a feed, and what becomes of signing in."""

    RELEASE = "release"
    DROP = "drop"
    SWITCH_OFF = "switch_off"
    SWITCH_ON = "switch_on"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One act. `until` None means that it has no end of its own."""

    at: datetime
    who: str
    action: Action
    what: str
    """The id of the held value, the feed or (shortened) the session; `account` or `address`."""
    why: str
    until: datetime | None = None
    how: How | None = None
    """How we knew who it was; None in entries from before that was written down."""
