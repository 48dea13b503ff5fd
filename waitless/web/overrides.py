"""`/v1/operator/overrides`: what operators say of facilities in place of what feeds do."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from aiohttp import web

from feeds.model import FacilityStatus
from waitless.area.facility import Facility
from waitless.ingest import Desk
from waitless.ingest.acting import Acting
from waitless.keys import Role
from waitless.override import MOST, USUAL, Override
from waitless.reading import LIVE_FOR
from waitless.web.acts import Act, answer, answer_done, read_act, writing_down
from waitless.web.answers import OverrideList, StandingOverride
from waitless.web.auth import Guard
from waitless.web.problems import Problem, RequestRefused
from waitless.web.readings import describe_override

MOST_HOURS = MOST.total_seconds() / 3600


class _Entered(msgspec.Struct, forbid_unknown_fields=True):
    """A wait as an operator enters it."""

    minutes: float


class _Said(Act, forbid_unknown_fields=True, kw_only=True):
    """All that is said of a facility; what is left out is as feeds have it."""

    status: FacilityStatus | None = None
    wait: _Entered | Literal["cleared"] | None = None


class Overrides:
    """Shows overrides, and takes them."""

    def __init__(
        self, desk: Desk, acting: Acting, guard: Guard, *, now: Callable[[], datetime]
    ) -> None:
        self._desk = desk
        self._acting = acting
        self._guard = guard
        self._now = now

    async def list_all(self, request: web.Request) -> web.Response:
        """Every override that holds, by facility."""
        await self._guard.require(request, Role.VIEWER)
        now = self._now()
        standing = [one for _, one in sorted(self._desk.overrides.items()) if one.holds(now)]
        return answer(OverrideList([
            StandingOverride(
                one.facility_id, describe_override(one), one.by, one.why,
                None if one.wait_minutes is None else min(one.until, one.at + LIVE_FOR),
            )
            for one in standing
        ]))  # fmt: skip

    async def post(self, request: web.Request) -> web.Response:
        """Say something of a facility in place of what was said before; nothing lifts that."""
        who, said = await read_act(request, self._guard, _Said, Problem.BAD_OVERRIDE, MOST_HOURS)
        facility_id = request.match_info["id"]
        facility = self._desk.area.facilities.get(facility_id)
        if facility is None:
            raise RequestRefused(Problem.UNKNOWN_FACILITY, f"{facility_id[:64]!r}")
        override = self._read(facility, said, who.name)
        if not override.says_something and not self._stands(facility_id):
            raise RequestRefused(
                Problem.BAD_OVERRIDE, "nothing is said, and nothing stands that it could lift",
                parameter="status",
            )  # fmt: skip
        with writing_down("perhaps not done: send it again"):
            return answer_done(await self._acting.override(override, who))

    def _stands(self, facility_id: str) -> bool:
        standing = self._desk.overrides.get(facility_id)
        return standing is not None and standing.holds(self._now())

    def _read(self, facility: Facility, said: _Said, who: str) -> Override:
        minutes = said.wait.minutes if isinstance(said.wait, _Entered) else None
        most = facility.kind.hard_limit_minutes
        if minutes is not None and not 0 <= minutes <= most:
            raise RequestRefused(
                Problem.BAD_OVERRIDE, f"wait.minutes: 0 to {most}", parameter="wait"
            )
        now = self._now()
        alone = minutes is not None and said.status is None
        usual = LIVE_FOR if alone else USUAL
        return Override(
            facility_id=facility.id,
            at=now,
            until=now + (usual if said.hours is None else timedelta(hours=said.hours)),
            by=who,
            why=said.why,
            status=said.status,
            wait_minutes=minutes,
            wait_cleared=said.wait == "cleared",
        )
