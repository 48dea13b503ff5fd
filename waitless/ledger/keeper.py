"""The writer's part of the ledger: learn what is usual, and tell people of what is not."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from waitless.alerts import AlertSender
from waitless.area.pack import Area
from waitless.health import Alert, AlertKind, FeedState, Subject
from waitless.lease import Lease
from waitless.ledger.counts import BUCKET_S, KEEPS, bucket_of
from waitless.ledger.entries import Held, Learnt, LedgerStore
from waitless.ledger.figures import KeeperMetrics
from waitless.ledger.suspect import find_suspects
from waitless.redis_link import StoreAway

log = logging.getLogger(__name__)

EVERY_S = 15.0
SETTLED = timedelta(minutes=2)
"""A bucket is learnt when it is over for so long: batches and cancellations come late."""
REPEAT = timedelta(minutes=30)
"""As often as alerts on feeds are repeated."""
ANOMALY = "ledger_anomaly"


@dataclass(frozen=True, slots=True)
class Findings:
    """What one look brought."""

    learnt: Learnt
    alerts: tuple[Alert, ...]


class LedgerKeeper:
    """Looks at the ledger every `EVERY_S`."""

    def __init__(
        self,
        store: LedgerStore,
        lease: Lease,
        area: Area,
        *,
        served_share: float,
        now: Callable[[], datetime],
        metrics: KeeperMetrics,
    ) -> None:
        self._store = store
        self._lease = lease
        self._area = area
        self._served_share = served_share
        self._now = now
        self._metrics = metrics

    async def run(self, alerts: AlertSender) -> None:
        """Go on until cancelled."""
        while True:
            try:
                for alert in await self.look():
                    alerts.offer(alert)
            except StoreAway as fault:
                log.debug("the ledger was not looked at: %s", fault)
            await asyncio.sleep(EVERY_S)

    async def look(self) -> tuple[Alert, ...]:
        """Look once and keep what was found; gives what people are to be told.

        Raises:
            StoreAway: nothing was found or kept; the next look finds it again.
        """
        now = self._now()
        held = await self._store.load(now)
        findings = judge(held, self._area, now, served_share=self._served_share)
        await self._store.save_learnt(findings.learnt, self._lease)
        for facility_id in self._area.facilities:
            self._metrics.looked(
                facility_id,
                sum(held.journeys.get(facility_id, {}).values()),
                suspended=facility_id in findings.learnt.suspended,
            )
        return findings.alerts


def judge(held: Held, area: Area, now: datetime, *, served_share: float) -> Findings:
    """What the ledger teaches at an instant, and what to tell people; `held.learnt.usual` learns.

    Args:
        held: the ledger.
        area: whose facilities, and whose hours of the day.
        now: aware UTC.
        served_share: how much a served answer counts.
    """
    suspects = find_suspects(held, area.facilities.values(), now, served_share=served_share)
    before = held.learnt
    trusted = [one for one in area.facilities if one not in suspects]
    last = bucket_of(now - SETTLED)
    for bucket in range(max(before.until, bucket_of(now - KEEPS)), last):
        begins = datetime.fromtimestamp(bucket * BUCKET_S, UTC)
        arrived = {
            one: held.journeys.get(one, {}).get(bucket, 0)
            + served_share * held.served.get(one, {}).get(bucket, 0)
            for one in trusted
        }
        before.usual.learn(begins.astimezone(area.calendar.zone).hour, arrived, trusted)
    told_at = {one: before.told_at[one] for one in suspects if one in before.told_at}
    alerts = list(_tell(before, suspects, told_at, now))
    learnt = Learnt(
        usual=before.usual,
        until=max(before.until, last),
        suspended={one: before.suspended.get(one, now) for one in suspects},
        told_at=told_at,
    )
    return Findings(learnt, tuple(alerts))


def _tell(
    before: Learnt, suspects: Mapping[str, str], told_at: dict[str, datetime], now: datetime
) -> list[Alert]:
    alerts = []
    for one, why in suspects.items():
        if one not in told_at or now - told_at[one] >= REPEAT:
            kind = AlertKind.REPEATED if one in told_at else AlertKind.RAISED
            words = f"{why}; its wait is not corrected meanwhile"
            since = before.suspended.get(one, now)
            alerts.append(_alert(kind, one, FeedState.SUSPECT, since, words))
            told_at[one] = now
    for one in before.suspended.keys() - suspects.keys():
        words = "what is on its way can be explained again"
        alerts.append(_alert(AlertKind.RECOVERED, one, FeedState.LIVE, now, words))
    return alerts


def _alert(
    kind: AlertKind, facility_id: str, state: FeedState, since: datetime, words: str
) -> Alert:
    return Alert(
        kind=kind,
        subject=Subject.LEDGER,
        what=(facility_id,),
        state=state,
        since=since,
        text=f"{ANOMALY}: {facility_id}: {words}",
    )
