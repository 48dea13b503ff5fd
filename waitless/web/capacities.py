"""`POST /v1/capacities`: waits pushed over HTTP in the NHS capacity form."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus

import orjson
from aiohttp import web

from feeds.capacity import MOST_BYTES, CapacityFault, CapacityRefusal, decode_capacities
from waitless.area.facility import Facility
from waitless.ingest import Ingest, Outcome
from waitless.keys import KeyRing, Role
from waitless.web.answers import CapacityAnswer, CapacityOutcome, RefusedCapacity
from waitless.web.auth import require_holder
from waitless.web.body import read_body
from waitless.web.problems import Problem, RequestRefused

STORED_WITHIN_S = 10.0
"""How long a provider waits for the store before being asked to send again."""


class Capacities:
    """Takes pushed waits and answers only after the store holds what was believed of them."""

    def __init__(
        self,
        facilities: Mapping[str, Facility],
        keys: KeyRing,
        ingest: Ingest,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._keys = keys
        self._ingest = ingest
        self._now = now
        self._services: dict[str, dict[str, str]] = {}
        for facility in facilities.values():
            own = self._services.setdefault(facility.provider, {})
            own |= dict.fromkeys((facility.id, *facility.service_ids), facility.id)

    async def post(self, request: web.Request) -> web.Response:
        """One service or a list of them; 200 all taken, 207 some, 400 none."""
        provider = require_holder(request, self._keys, Role.PROVIDER).name
        payload = await _read(request)
        try:
            observations, refusals = decode_capacities(
                payload,
                provider=provider,
                services=self._services.get(provider, {}),
                now=self._now(),
            )
        except CapacityFault as fault:
            raise RequestRefused(Problem.BAD_CAPACITY, str(fault)) from fault
        for refusal in refusals:
            self._ingest.desk.count_capacity_refusal(provider, refusal)
        refused = [_refused(refusal) for refusal in refusals]
        if not observations:
            first = refusals[0]
            raise RequestRefused(
                Problem.BAD_CAPACITY,
                f"{first.code}: {first.detail}",
                errors=[asdict(one) for one in refused],
            )
        try:
            async with asyncio.timeout(STORED_WITHIN_S):
                outcomes = await self._ingest.submit(observations)
        except TimeoutError as fault:
            raise RequestRefused(
                Problem.STORE_AWAY, "not stored yet: send the same again"
            ) from fault
        answer = CapacityAnswer([_outcome(outcome) for outcome in outcomes], refused)
        return web.Response(
            body=orjson.dumps(answer),
            status=HTTPStatus.MULTI_STATUS if refused else HTTPStatus.OK,
            content_type="application/json",
        )


async def _read(request: web.Request) -> bytes:
    if request.content_type != "application/json":
        raise RequestRefused(Problem.WRONG_CONTENT_TYPE, "application/json is wanted")
    return await read_body(request, MOST_BYTES)


def _refused(refusal: CapacityRefusal) -> RefusedCapacity:
    return RefusedCapacity(
        index=refusal.index,
        service_id=refusal.service_id,
        code=refusal.code,
        detail=refusal.detail,
    )


def _outcome(outcome: Outcome) -> CapacityOutcome:
    return CapacityOutcome(
        facility_id=outcome.facility_id,
        outcome="believed" if outcome.rule is None else "not_shown",
        rule=outcome.rule,
    )
