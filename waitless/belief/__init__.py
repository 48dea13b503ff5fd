"""Belief: which of the accepted observations may be shown, and which are held, by which rule.

Pure and deterministic: no I/O and no clock but the `now` of each call. The state is bounded, and
survives a restart as `BeliefState` (`state.py`). Nothing is ever clamped: a value is shown as it
was posted, or not at all. Age is not belief's business: a reading's own time decides it, and at 30
minutes a figure stops being live whatever is said here (`waitless.reading`).

Rules are asked in this order; the first that fires names the verdict. Each is one function.

| rule | verdict | ends when | module |
| --- | --- | --- | --- |
| `future` | held, for good | its time has come and it is sent again | `times` |
| `duplicate` | ignored | | `times` |
| `out_of_order` | ignored | | `times` |
| `contradiction` | held | a newer reading, or an operator | `times` |
| *(nothing said of the wait)* | believed | | `believer` |
| `over_limit` | held, for good | a reading within the limit | `limits` |
| `dropout` | held | small unit: two in a row; full one: half an hour of zeros | `zeros` |
| `all_zero` | held | a unit of the feed is above zero, or half an hour | `zeros` |
| `zero_with_patients` | held | zeros are learnt to be normal, or an operator | `zeros` |
| `longer_than_open` | held | open for long enough, or an operator | `limits` |
| `statistic_changed` | held | three in a row agree; known from then on | `steps` |
| `extreme` | held | three in a row agree | `steps` |
| `jump` | held | two in a row agree, or one near the old value | `steps` |
| `twins` | held | the figures differ, or an operator | `feedwide` |
| `clock_echo` | held | the figure leaves the clock, or an operator | `frozen` |
| `frozen` | held | a figure of the facility changes, or an operator | `frozen` |
| `all_frozen` | held | a figure of the feed changes, or an operator | `feedwide` |

Why this order: time first, for a repeat must not confirm itself; then what no other reading can
make right; zeros before steps, for a false zero is the worst figure; the kind of figure before its
size, for figures of two kinds do not compare; and the runs last, for they are about what passes
every other test.

Beside verdicts there are findings (`FindingKind`): suspicions on a facility or a feed that hold
nothing by themselves, for operators; and notes (`NoteKind`) on believed observations, for the
forecast. What a held observation says of the door is heard all the same (`Held.door`).
"""

from waitless.belief.believer import Believer
from waitless.belief.opening import Openings
from waitless.belief.rules import FacilityRules, FeedRules, OpenedMinutes
from waitless.belief.state import BeliefState
from waitless.belief.verdict import (
    Believed,
    Fate,
    Finding,
    FindingKind,
    Held,
    HeldValue,
    Ignored,
    Note,
    NoteKind,
    ReleaseRefusal,
    Rule,
    Verdict,
)

__all__ = [
    "BeliefState",
    "Believed",
    "Believer",
    "FacilityRules",
    "Fate",
    "FeedRules",
    "Finding",
    "FindingKind",
    "Held",
    "HeldValue",
    "Ignored",
    "Note",
    "NoteKind",
    "OpenedMinutes",
    "Openings",
    "ReleaseRefusal",
    "Rule",
    "Verdict",
]
