"""The writer's look at what was told: who set out since, what they were told, and what is news."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from waitless.alerts import AlertSender
from waitless.area.facility import Facility
from waitless.health import Alert
from waitless.ingest import Ingest
from waitless.ledger.correct import figure_of
from waitless.ledger.counts import BUCKET_S, KEEPS, bucket_of
from waitless.ledger.entries import Held, LedgerStore
from waitless.ledger.picture import LedgerPicture, picture_of
from waitless.ledger.policy import Policy
from waitless.redis_link import StoreAway
from waitless.store import Store
from waitless.told.advised import Teller, list_changes
from waitless.told.alarm import judge
from waitless.told.figures import ToldMetrics

log = logging.getLogger(__name__)

EVERY_S = 15.0
MOST_BETWEEN_LOOKS = timedelta(minutes=5)


class ToldKeeper:
    """Looks every `EVERY_S`, once ingest has taken over what the store holds.

    A writer that dies loses what was found since the last look. Who was entered before the first
    look of a writer, or while the ledger was away for long, is not counted: nobody knows what they
    were told.
    """

    def __init__(
        self,
        ingest: Ingest,
        store: Store,
        ledger: LedgerStore,
        *,
        policy: Policy,
        metrics: ToldMetrics,
    ) -> None:
        self._ingest = ingest
        self._desk = ingest.desk
        self._store = store
        self._ledger = ledger
        self._policy = policy
        self._metrics = metrics
        self._before: _Look | None = None

    async def run(self, alerts: AlertSender) -> None:
        """Go on until cancelled."""
        await self._ingest.wait_restored()
        while True:
            try:
                for alert in await self.look():
                    alerts.offer(alert)
                await self.save()
            except StoreAway as fault:
                log.debug("what was told was not looked at, or not saved: %s", fault)
            await asyncio.sleep(EVERY_S)

    async def look(self) -> list[Alert]:
        """Look once; gives what people are to be told.

        Raises:
            StoreAway: the ledger cannot be read. Nothing was done; the next look does it.
        """
        desk, now = self._desk, self._desk.now()
        held = await self._ledger.load(now)
        picture = picture_of(held, list(desk.area.facilities), self._policy.served_share)
        look, self._before = self._before, _Look(now, held, picture)
        if look is not None and now - look.at <= MOST_BETWEEN_LOOKS:
            self._enter(look, held, now)
        alerts: list[Alert] = []
        for facility_id, told in desk.told.facilities.items():
            told.give_up(now)
            alerts += judge(facility_id, told, now)
            self._metrics.looked(facility_id, told, now)
        desk.told.touched.update(one for alert in alerts for one in alert.what)
        return alerts

    async def save(self) -> None:
        """Keep what has changed.

        Raises:
            StoreAway: it is kept for the next time.
        """
        told = self._desk.told
        touched, told.touched = told.touched, set()
        try:
            await self._store.save_told({one: told.facilities[one] for one in touched})
        except StoreAway:
            told.touched.update(touched)
            raise

    def _enter(self, before: "_Look", held: Held, now: datetime) -> None:
        """Those who said since the look before that they are on their way, or are not."""
        for facility_id, facility in self._desk.area.facilities.items():
            changes = list_changes(
                _still(before.held.journeys.get(facility_id, {}), now),
                _still(held.journeys.get(facility_id, {}), now),
            )
            if not changes or facility_id in held.learnt.suspended:
                continue
            one = self._desk.told.find_or_begin(facility_id)
            teller = self._find_teller(facility, before.picture, now)
            for bucket, people in changes.items():
                arrives_at = datetime.fromtimestamp((bucket + 0.5) * BUCKET_S, UTC)
                told = None if teller is None else teller.tell(max(arrives_at, now), now)
                if people < 0:
                    one.cancel(bucket, -people)
                elif told is not None:
                    one.enter(bucket, people, told)
            self._desk.told.touched.add(facility_id)

    def _find_teller(
        self, facility: Facility, picture: LedgerPicture, now: datetime
    ) -> Teller | None:
        """Who tells the wait there; None where no forecast may be shown as live."""
        reading = self._desk.readings.get(facility.id)
        override = self._desk.overrides.get(facility.id)
        if override is not None and override.concerns_wait and override.holds(now):
            return None
        if reading is None:
            return None
        off = self._desk.health_of(reading.feed_id).off
        wait = None if off is not None and off.holds(now) else reading.live_wait(now)
        outlook = self._desk.learner.find_outlook(reading)
        if wait is None or outlook is None:
            return None
        return Teller(
            facility=facility,
            outlook=outlook,
            figure=figure_of(wait.statistic, reading.patients_waiting),
            picture=picture,
            policy=self._policy,
            zone=self._desk.area.calendar.zone,
        )


@dataclass(frozen=True, slots=True)
class _Look:
    """What the ledger held at a look."""

    at: datetime
    held: Held
    picture: LedgerPicture


def _still(journeys: Mapping[int, int], now: datetime) -> dict[int, int]:
    """Without buckets that are about to leave the ledger, which would look like cancelled."""
    first = bucket_of(now - KEEPS) + 1
    return {bucket: number for bucket, number in journeys.items() if bucket >= first}
