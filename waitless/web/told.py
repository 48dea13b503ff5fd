"""`/v1/operator/told`: what people were told, against what came, for who watches over the service.

It is no public figure of a feed: it speaks of the service's own advice, and how many people follow
it. The one process that writes has it in memory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import orjson
from aiohttp import web

from waitless.keys import Role
from waitless.told.alarm import ADVISED, ALARM_MINUTES, WATCHED, list_figures
from waitless.told.facility import FacilityTold
from waitless.told.monitor import Monitor
from waitless.told.running import HALF_LIFE, Running
from waitless.web.auth import Guard


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldFigures:
    """Running figures of one facility; None where nothing stands behind them.

    `whom` is `all_30`, `all_60` or `all_120`: what outlooks said so many minutes before; or
    `advised`: those who said that they were on their way.
    """

    whom: str
    hours: float
    bias_minutes: float | None
    mean_absolute_error_minutes: float | None
    coverage80: float | None
    people: float | None
    alarm_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityFigures:
    """One facility."""

    facility_id: str
    figures: list[ToldFigures]
    advised_less_all_minutes: float | None
    """The bias of the advised, less that of everybody an hour ahead."""
    on_their_way: int
    """Advised people still to be held against a figure."""
    unmet: int
    """Advised people whom no figure came for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldList:
    """The answer of `/v1/operator/told`."""

    half_life_hours: float
    alarm_minutes: float
    facilities: list[FacilityFigures]


class ToldRoute:
    """Shows what was told and what came."""

    def __init__(self, monitor: Monitor, guard: Guard, *, now: Callable[[], datetime]) -> None:
        self._monitor = monitor
        self._guard = guard
        self._now = now

    async def get(self, request: web.Request) -> web.Response:
        """Every facility that anything was told of."""
        await self._guard.require(request, Role.VIEWER)
        now = self._now()
        facilities = sorted(self._monitor.facilities.items())
        told = ToldList(
            half_life_hours=HALF_LIFE.total_seconds() / 3600,
            alarm_minutes=ALARM_MINUTES,
            facilities=[_describe(facility_id, one, now) for facility_id, one in facilities],
        )
        return web.Response(
            body=orjson.dumps(told, option=orjson.OPT_UTC_Z),
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )


def _describe(facility_id: str, told: FacilityTold, now: datetime) -> FacilityFigures:
    figures = list_figures(told)
    advised, everybody = figures[ADVISED].bias, figures[WATCHED].bias
    return FacilityFigures(
        facility_id=facility_id,
        figures=[_figures(whom, one, told, now) for whom, one in figures.items()],
        advised_less_all_minutes=None
        if advised is None or everybody is None
        else round(advised - everybody, 1),
        on_their_way=sum(group.people for group in told.groups.values()),
        unmet=told.unmet,
    )


def _figures(whom: str, one: Running, told: FacilityTold, now: datetime) -> ToldFigures:
    alarm = told.alarms.get(whom)
    return ToldFigures(
        whom=whom,
        hours=round(one.hours_at(now), 1),
        bias_minutes=_rounded(one.bias, 1),
        mean_absolute_error_minutes=_rounded(one.mean_absolute_error, 1),
        coverage80=None if whom == ADVISED else _rounded(one.coverage, 3),
        people=round(one.weight_at(now), 1) if whom == ADVISED else None,
        alarm_since=None if alarm is None else alarm.since,
    )


def _rounded(figure: float | None, digits: int) -> float | None:
    return None if figure is None else round(figure, digits)
