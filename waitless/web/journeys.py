"""`/v1/journeys`: "I am going there", and "I am not": one entry in the ledger, and no name."""

import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

import msgspec
from aiohttp import web

from routing.modes import Mode
from waitless.answers.instants import render
from waitless.ledger.counts import KEEPS
from waitless.ledger.entries import MOST_ETA, Journey, LedgerStore
from waitless.ledger.figures import LedgerMetrics
from waitless.redis_link import StoreAway
from waitless.web.body import read_body
from waitless.web.parse import parse_mode
from waitless.web.problems import Problem, RequestRefused

MOST_BODY = 1024
"""Bytes; the longest sensible body has about 150."""
MOST_ETA_MINUTES = MOST_ETA.total_seconds() / 60
ID_PATTERN = "^[0-9a-f]{32}$"
"""128 bits: nobody guesses an id, and who knows it may cancel."""
_ID = re.compile(ID_PATTERN)


@dataclass(frozen=True, slots=True)
class JourneyTaken:
    """A journey that counts. The id is known to nobody else, and cancels it."""

    id: str
    arrives_at: datetime
    expires_at: datetime


class _Going(msgspec.Struct, forbid_unknown_fields=True):
    """What a journey is told with."""

    facility: str
    mode: str
    eta_minutes: float
    id: str | None = None


class Journeys:
    """Takes journeys and cancellations, once each however often they are sent."""

    def __init__(
        self,
        store: LedgerStore,
        facility_ids: Collection[str],
        modes: Collection[Mode],
        *,
        now: Callable[[], datetime],
        metrics: LedgerMetrics,
        on_begun: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Nothing taken yet; `on_begun` is told of each new journey where it goes."""
        self._store = store
        self._facility_ids = facility_ids
        self._modes = modes
        self._now = now
        self._metrics = metrics
        self._on_begun = on_begun

    async def post(self, request: web.Request) -> web.Response:
        """201 with the entry that counts; the same id again gives the same entry again."""
        try:
            taken = await self._enter(self._parse(await _read(request)))
        except RequestRefused as refused:
            self._metrics.journey(refused.problem.code)
            raise
        return web.Response(
            body=render(taken),
            status=HTTPStatus.CREATED,
            content_type="application/json",
            headers={"Location": f"/v1/journeys/{taken.id}", "Cache-Control": "no-store"},
        )

    async def delete(self, request: web.Request) -> web.Response:
        """204 once the journey no longer counts."""
        try:
            await self._cancel(request.match_info["id"])
        except RequestRefused as refused:
            self._metrics.journey(refused.problem.code)
            raise
        self._metrics.journey("cancelled")
        return web.Response(status=HTTPStatus.NO_CONTENT)

    def _parse(self, body: bytes) -> tuple[str, Journey]:
        try:
            going = msgspec.json.decode(body, type=_Going)
        except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
            raise RequestRefused(Problem.BAD_JOURNEY, str(fault)) from fault
        if going.facility not in self._facility_ids:
            raise RequestRefused(
                Problem.UNKNOWN_FACILITY, repr(going.facility[:64]), parameter="facility"
            )
        mode = parse_mode(going.mode, self._modes)
        if not 0 <= going.eta_minutes <= MOST_ETA_MINUTES:
            raise RequestRefused(
                Problem.BAD_ETA, f"eta_minutes={going.eta_minutes:g}", parameter="eta_minutes"
            )
        if going.id is not None and _ID.fullmatch(going.id) is None:
            raise RequestRefused(
                Problem.BAD_JOURNEY, "an id is 32 hexadecimal digits, drawn at random",
                parameter="id",
            )  # fmt: skip
        arrives_at = self._now() + timedelta(minutes=going.eta_minutes)
        journey = Journey(
            facility=going.facility, mode=mode, arrives_at=arrives_at, expires_at=arrives_at + KEEPS
        )
        return going.id or secrets.token_hex(16), journey

    async def _enter(self, wanted: tuple[str, Journey]) -> JourneyTaken:
        journey_id, journey = wanted
        try:
            entry = await self._store.enter(journey_id, journey, self._now())
        except StoreAway as fault:
            # Only the reply may have been lost: under the same id it will count once.
            raise RequestRefused(
                Problem.STORE_AWAY, "perhaps not counted: send it again with this id", id=journey_id
            ) from fault
        if (entry.facility, entry.mode) != (journey.facility, journey.mode):
            raise RequestRefused(
                Problem.JOURNEY_DIFFERS,
                f"it goes to {entry.facility} ({entry.mode}): cancel it first, or take a new id",
                parameter="id",
            )
        if entry == journey:
            self._metrics.journey("entered")
            self._on_begun(journey.facility)
        else:
            self._metrics.journey("repeated")
        return JourneyTaken(journey_id, entry.arrives_at, entry.expires_at)

    async def _cancel(self, journey_id: str) -> None:
        try:
            known = _ID.fullmatch(journey_id) is not None and await self._store.cancel(
                journey_id, self._now()
            )
        except StoreAway as fault:
            raise RequestRefused(Problem.STORE_AWAY, "not cancelled: send it again") from fault
        if not known:
            raise RequestRefused(
                Problem.UNKNOWN_JOURNEY, "never told, cancelled already, or half an hour past"
            )


async def _read(request: web.Request) -> bytes:
    if request.content_type != "application/json":
        raise RequestRefused(Problem.WRONG_CONTENT_TYPE, "application/json is wanted")
    return await read_body(request, MOST_BODY)
