"""`/v1/operator/usage`: where answers send people, where they go, and what goes on now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from aiohttp import web

from waitless.keys import Role
from waitless.usage.figures import (
    LiveFigures,
    UsageFigures,
    list_days,
    month_of,
    sum_up,
    sum_up_live,
    week_of,
)
from waitless.usage.store import KEPT, UsageStore
from waitless.web.acts import answer, writing_down
from waitless.web.auth import Guard


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The answer of `/v1/operator/usage`. Days are local."""

    live: LiveFigures
    week: UsageFigures
    """From Monday to today."""
    month: UsageFigures
    """From the first of the month to today."""
    days: list[UsageFigures]
    """The last 62, oldest first; those without any use are left out."""


class UsageRoute:
    """Shows what was counted."""

    def __init__(
        self, store: UsageStore, guard: Guard, zone: tzinfo, *, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._guard = guard
        self._zone = zone
        self._now = now

    async def get(self, request: web.Request) -> web.Response:
        """Days, this week, this month, and now."""
        await self._guard.require(request, Role.VIEWER)
        now = self._now()
        today = now.astimezone(self._zone).date()
        days = list_days(today, KEPT.days)
        with writing_down("counts are kept there"):
            counts = await self._store.load_days(days)
            live = await self._store.load_live(now)
        return answer(Usage(
            live=sum_up_live(live),
            week=sum_up(week_of(today), counts),
            month=sum_up(month_of(today), counts),
            days=[sum_up([day], counts) for day in days if counts[day]],
        ))  # fmt: skip
