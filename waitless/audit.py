"""The audit: what operators did, to what, why and when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Action(StrEnum):
    """What an operator can do to a feed."""

    RELEASE = "release"
    DROP = "drop"
    SWITCH_OFF = "switch_off"
    SWITCH_ON = "switch_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One act. `until` None means that it has no end of its own."""

    at: datetime
    who: str
    action: Action
    what: str
    """The held value's id, or the feed's."""
    why: str
    until: datetime | None = None
