"""The words of belief: what is said of an observation, a held value, and a suspicion."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from feeds.model import Observation


class Rule(StrEnum):
    """Why an accepted observation is not shown, in the order of judging. docs/feeds.md too."""

    FUTURE = "future"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    CONTRADICTION = "contradiction"
    OVER_LIMIT = "over_limit"
    DROPOUT = "dropout"
    ALL_ZERO = "all_zero"
    ZERO_WITH_PATIENTS = "zero_with_patients"
    LONGER_THAN_OPEN = "longer_than_open"
    STATISTIC_CHANGED = "statistic_changed"
    EXTREME = "extreme"
    JUMP = "jump"
    TWINS = "twins"
    CLOCK_ECHO = "clock_echo"
    FROZEN = "frozen"
    ALL_FROZEN = "all_frozen"

    @property
    def is_suspicion(self) -> bool:
        """Whether an operator should know; repeats and stragglers are everyday."""
        return self not in (Rule.DUPLICATE, Rule.OUT_OF_ORDER)

    @property
    def is_final(self) -> bool:
        """Whether nobody may release what it holds: the hard limits are never shown."""
        return self in (Rule.OVER_LIMIT, Rule.FUTURE)

    @property
    def is_lasting(self) -> bool:
        """Whether it goes on holding one reading after another until the source changes.

        An operator who releases one such reading speaks for the next ones too.
        """
        return self in _LASTING


_LASTING = frozenset(
    (
        Rule.ZERO_WITH_PATIENTS,
        Rule.LONGER_THAN_OPEN,
        Rule.TWINS,
        Rule.CLOCK_ECHO,
        Rule.FROZEN,
        Rule.ALL_FROZEN,
    )
)


class NoteKind(StrEnum):
    """What should be known about a believed observation."""

    CONFIRMED = "confirmed"
    """It repeats what was held before it, and is believed for that."""
    RELEASED = "released"
    """An operator released it."""
    REGIME_CHANGED = "regime_changed"
    """Its statistic or clock is another than before: what was learnt is forgotten."""
    FLOOR_LEARNT = "floor_learnt"
    """It stands at the lowest figure this facility ever posts: the wait may be shorter."""
    CEILING_LEARNT = "ceiling_learnt"
    """It stands at the highest figure this facility ever posts: the wait may be longer."""
    CLOSED_BY_HOURS = "closed_by_hours"
    """A wait posted while the unit's hours say that the door is shut."""
    CLOCK_AHEAD = "clock_ahead"
    """The provider's clock runs ahead of ours; the value is by how many seconds."""


@dataclass(frozen=True, slots=True)
class Note:
    """One remark on a believed observation; what `value` is depends on the kind."""

    kind: NoteKind
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Believed:
    """The observation may be shown."""

    observation: Observation
    notes: tuple[Note, ...] = ()

    def has(self, kind: NoteKind) -> bool:
        """Whether there is such a note on it."""
        return any(note.kind is kind for note in self.notes)


@dataclass(frozen=True, slots=True)
class Held:
    """The observation is not shown, and waits for a confirming one or for an operator."""

    observation: Observation
    rule: Rule
    detail: str = ""
    """One sentence for an operator."""
    held_id: str = ""
    """`facility/as_of/rule`: the same for the same observation, whenever it is judged."""
    door: Observation | None = None
    """What the observation says of the door, without its figures: to be shown all the same, for
    being sent to a closed unit is the worst answer. None where it does not speak of the door."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """An everyday repeat or straggler: nothing to show, nothing to tell."""

    observation: Observation
    rule: Rule


Verdict = Believed | Held | Ignored
"""Every observation gets exactly one."""


class Fate(StrEnum):
    """What became of a held value."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    """A later reading said the same, and was believed."""
    PASSED = "passed"
    """A later reading said something else, and was believed."""
    RELEASED = "released"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldValue:
    """A held observation as operators see it."""

    id: str
    observation: Observation
    rule: Rule
    detail: str
    held_at: datetime
    fate: Fate = Fate.WAITING
    settled_at: datetime | None = None


class ReleaseRefusal(StrEnum):
    """Why a held value could not be released."""

    UNKNOWN = "unknown"
    """There is no such held value, or it has left the list."""
    NEVER_SHOWN = "never_shown"
    """Held by a rule that nobody may overrule."""
    SETTLED = "settled"
    """It was released or dropped before."""
    OVERTAKEN = "overtaken"
    """A newer reading is believed; showing this one would go back in time."""


class FindingKind(StrEnum):
    """A mark on a feed or a facility: a suspicion that by itself holds nothing back."""

    STUCK = "stuck"
    CLOCK_ECHO = "clock_echo"
    FROZEN = "frozen"
    ALL_FROZEN = "all_frozen"
    ALL_ZERO = "all_zero"
    CORRELATED = "correlated"
    TWINS = "twins"
    INCOMPLETE = "incomplete"
    EMPTY = "empty"
    CEILING_APPEARED = "ceiling_appeared"
    CLOCK_AHEAD = "clock_ahead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One suspicion and how long it has lasted, by our clock."""

    kind: FindingKind
    feed_id: str
    facility_id: str | None
    """None where it concerns the feed as a whole."""
    since: datetime
    last_seen: datetime
    until: datetime
    """When it is over unless something renews it."""
    detail: str
