"""Health: what each feed delivers, the state that follows, and who is told when it is bad.

In: what ingest counts (`FeedHealth`), and looks at the clock. Out: states, transitions, alerts and
the figures of `/v1/feeds`. Pure and deterministic: every function takes `now`; nothing here reads
a clock, a socket or the store. What must outlive a process (`FeedHealth`, `WatchMemory`) is plain
dataclasses that msgspec can keep.

`states` judges, `figures` counts, `objective` and `arrivals` are the two kinds of window it counts
in, `watch` looks and remembers, `damping` decides what is news, `notice` puts it into words,
`snapshot` is all of it at one instant.
"""

from waitless.health.damping import Damping, Watched
from waitless.health.figures import FeedHealth, LastGood, resumed
from waitless.health.notice import Alert, AlertKind
from waitless.health.objective import Objective
from waitless.health.snapshot import FeedFigures, ObjectiveFigures, figures_of
from waitless.health.states import (
    LATE_AFTER_CADENCES,
    SILENT_AFTER,
    SUSPECT_FOR,
    FeedState,
    Subject,
    SwitchedOff,
    Transition,
    Verdict,
    judge_facility,
    judge_feed,
)
from waitless.health.watch import FacilityView, Findings, HealthWatch, WatchMemory

__all__ = [
    "LATE_AFTER_CADENCES",
    "SILENT_AFTER",
    "SUSPECT_FOR",
    "Alert",
    "AlertKind",
    "Damping",
    "FacilityView",
    "FeedFigures",
    "FeedHealth",
    "FeedState",
    "Findings",
    "HealthWatch",
    "LastGood",
    "Objective",
    "ObjectiveFigures",
    "Subject",
    "SwitchedOff",
    "Transition",
    "Verdict",
    "WatchMemory",
    "Watched",
    "figures_of",
    "judge_facility",
    "judge_feed",
    "resumed",
]
