"""Alarms: when people are told so much too little that somebody should know. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from waitless.health import Alert, AlertKind, FeedState, Subject
from waitless.told.facility import Alarm, FacilityTold
from waitless.told.running import Running
from waitless.told.said import HORIZONS

ALARM_MINUTES = 10.0
CALM_MINUTES = 5.0
"""An alarm is over below this: a bias that stays about 10 is told once."""
ENOUGH_HOURS = 48.0
CALM_HOURS = 24.0
"""With less behind it than this nobody knows whether the bias is still there."""
REPEAT = timedelta(days=1)
"""Figures with a half-life of a week are no other in half an hour."""
BIAS = "told_bias"
ADVISED = "advised"
_WATCHED_HORIZON = timedelta(minutes=60)


def name_of(horizon: timedelta) -> str:
    """A horizon's name in figures: all_30, all_60, all_120."""
    return f"all_{horizon // timedelta(minutes=1)}"


WATCHED = name_of(_WATCHED_HORIZON)
"""An hour is about journey and wait together; the other horizons are shown and raise no alarm."""


def list_figures(told: FacilityTold) -> dict[str, Running]:
    """The running figures by whom they are about: everybody so many minutes ahead; the advised."""
    for_all = {name_of(one): told.by_horizon[place] for place, one in enumerate(HORIZONS)}
    return {**for_all, ADVISED: told.advised}


def judge(facility_id: str, told: FacilityTold, now: datetime) -> Iterator[Alert]:
    """What is to be said of a facility now; `told.alarms` remembers it."""
    figures = list_figures(told)
    for whom in (WATCHED, ADVISED):
        alarm, running = told.alarms.get(whom), figures[whom]
        bias, hours = running.bias, running.hours_at(now)
        if bias is None:
            continue
        words = f"{bias:+.0f} min over {hours:.0f} h"
        if alarm is None:
            if bias >= ALARM_MINUTES and hours >= ENOUGH_HOURS:
                told.alarms[whom] = Alarm(since=now, told_at=now)
                yield _alert(AlertKind.RAISED, facility_id, now, f"{_TROUBLE[whom]}: {words}")
        elif bias < CALM_MINUTES or hours < CALM_HOURS:
            del told.alarms[whom]
            why = words if hours >= CALM_HOURS else f"too little is known by now ({words})"
            yield _alert(AlertKind.RECOVERED, facility_id, now, f"no longer so, {whom}: {why}")
        elif now - alarm.told_at >= REPEAT:
            alarm.told_at = now
            text = f"{_TROUBLE[whom]}: {words}"
            yield _alert(AlertKind.REPEATED, facility_id, alarm.since, text)


_TROUBLE = {
    WATCHED: "figures come out above what was told an hour before",
    ADVISED: "who said that they were on their way met more than they were told",
}


def _alert(kind: AlertKind, facility_id: str, since: datetime, words: str) -> Alert:
    over = kind is AlertKind.RECOVERED
    return Alert(
        kind=kind,
        subject=Subject.TOLD,
        what=(facility_id,),
        state=FeedState.LIVE if over else FeedState.SUSPECT,
        since=since,
        text=f"{BIAS}: {facility_id}: {words}",
    )
