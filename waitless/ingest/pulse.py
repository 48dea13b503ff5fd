"""The pulse: every second, vouch for each feed, look after its health, tell the store."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from waitless.alerts import AlertSender
from waitless.area.facility import Facility
from waitless.health import FacilityView, FeedState, HealthWatch, Subject, judge_facility
from waitless.ingest.desk import Desk
from waitless.ingest.figures import FeedMetrics
from waitless.ingest.pipeline import Ingest
from waitless.ingest.roster import BROKER
from waitless.pulse import Pulse
from waitless.redis_link import StoreAway
from waitless.store import Store

log = logging.getLogger(__name__)

EVERY_S = 1.0


class Transport(Protocol):
    """What is asked of a transport: is its source there, has it delivered once, and if not, why?"""

    @property
    def connected(self) -> bool:
        """Whether the source is there."""

    @property
    def primed(self) -> bool:
        """Whether it has delivered once."""

    @property
    def fault(self) -> str | None:
        """Why it is not there, as a short code; None where it is, or nobody knows."""


@dataclass(frozen=True, slots=True)
class _Pushed:
    """Providers that push come to us: there is no connection that could be lost."""

    connected: bool = True
    primed: bool = True
    fault: None = None


PUSHED = _Pushed()


async def keep_pulse(
    ingest: Ingest,
    store: Store,
    transports: Mapping[str, Transport],
    watch: HealthWatch,
    alerts: AlertSender,
    *,
    metrics: FeedMetrics,
) -> None:
    """Go on until cancelled.

    Args:
        ingest: whose feeds are vouched for.
        store: where readers learn of it.
        transports: by feed; the one under `BROKER` stands for every MQTT provider.
        watch: what was last known of every feed and facility.
        alerts: where damped alerts go.
        metrics: where feeds and facilities are told.
    """
    desk = ingest.desk
    while True:
        now = desk.now()
        findings: dict[str, list[str]] = {}
        for finding in desk.believer.list_findings(now):
            what = "" if finding.facility_id is None else f"{finding.facility_id} "
            told = f"{what}{finding.kind}: {finding.detail}"
            findings.setdefault(finding.feed_id, []).append(told)
        for health in desk.feeds.values():
            key = BROKER if health.transport == "mqtt" else health.id
            transport = transports.get(key, PUSHED)
            health.finding = "; ".join(findings.get(health.id, ())) or None
            contact = getattr(transport, "last_contact_at", None)
            if (
                contact is not None
                and contact != health.last_contact_at
                and (health.last_received_at is None or contact > health.last_received_at)
            ):
                health.count_unchanged(contact)
            expected = _is_expected(desk, health.id, now)
            health.tell(
                now,
                connected=transport.connected,
                primed=transport.primed,
                fault=transport.fault,
                expected=expected,
            )
            metrics.feed(health, health.state(now), now, expected=expected)
        ingest.count_overrides()
        views = _view_facilities(desk, now)
        _tell_facilities(desk, views, metrics)
        _look(desk, watch, alerts, views, now)
        try:
            await ingest.mend_store()
            pulse = Pulse(at=now, heartbeat_at=desk.heartbeat_at, held=desk.held_rules())
            await store.save_health(desk.feeds.values(), pulse)
            await store.save_watch(watch.memory)
            await save_belief(desk, store)
        except StoreAway as fault:
            log.debug("feed health not saved: %s", fault)
        await asyncio.sleep(EVERY_S)


async def save_belief(desk: Desk, store: Store) -> None:
    """Keep what belief has learnt, but not of what is judged and not stored yet.

    Whoever takes over would hold that for a repeat when the broker sends it again, and it would
    be lost. Where a batch cannot be stored just now, nothing is kept this time.

    Raises:
        StoreAway: it could not be kept; it will be, with what is learnt until then.
    """
    try:
        async with asyncio.timeout(EVERY_S):
            await desk.settled.acquire()
    except TimeoutError:
        return
    try:
        (facilities, feeds), desk.touched = desk.touched, (set(), set())
        try:
            await store.save_belief(desk.believer.state, facilities, feeds)
        except StoreAway:
            desk.touched[0].update(facilities)
            desk.touched[1].update(feeds)
            raise
    finally:
        desk.settled.release()


def _view_facilities(desk: Desk, now: datetime) -> dict[str, FacilityView]:
    """Every facility that a feed is meant to speak for."""
    held = desk.held_rules()
    return {
        facility.id: FacilityView(
            feed_id=find_feed_of(desk, facility),
            verdict=judge_facility(
                desk.readings.get(facility.id),
                desk.feeds.get(find_feed_of(desk, facility) or ""),
                now,
                held=held.get(facility.id),
            ),
            expected=desk.area.calendar.is_open(facility.hours, now),
        )
        for facility in desk.area.facilities.values()
        if find_feed_of(desk, facility) is not None
    }


def _tell_facilities(desk: Desk, views: Mapping[str, FacilityView], metrics: FeedMetrics) -> None:
    for facility_id, view in views.items():
        health = desk.feeds.get(view.feed_id or "")
        fresh_for_s = 0.0
        if health is not None and view.expected and view.verdict.state is not FeedState.OFF:
            fresh_for_s = health.fresh_for.total_seconds()
        metrics.facility(facility_id, view.verdict.state, fresh_for_s=fresh_for_s)
    metrics.held(desk.area.facilities, desk.believer.list_held())


def _look(
    desk: Desk,
    watch: HealthWatch,
    alerts: AlertSender,
    views: Mapping[str, FacilityView],
    now: datetime,
) -> None:
    findings = watch.look(now, desk.feeds, views)
    for transition in findings.transitions:
        log.info(
            "%s %s: %s -> %s (%s)",
            transition.subject, transition.what, transition.before, transition.after,
            transition.why,
        )  # fmt: skip
        if transition.subject is Subject.FEED:
            desk.feeds[transition.what].record(transition)
    for alert in findings.alerts:
        alerts.offer(alert)


def find_feed_of(desk: Desk, facility: Facility) -> str | None:
    """The feed that speaks for a facility: the one that did last, or its provider's.

    None where no feed does.
    """
    reading = desk.readings.get(facility.id)
    if reading is not None and reading.feed_id in desk.feeds:
        return reading.feed_id
    for definition in desk.area.feeds:
        if facility.id in definition.facility_ids:
            return definition.id
    return facility.provider if facility.provider in desk.feeds else None


def _is_expected(desk: Desk, feed_id: str, now: datetime) -> bool:
    """Whether any facility of a feed is open, so that fresh figures can be asked for.

    Roads and timetables are always open.
    """
    if feed_id in desk.traffic.picture or desk.trips.find_source(feed_id) is not None:
        return True
    return any(
        desk.area.calendar.is_open(facility.hours, now)
        for facility in desk.area.facilities.values()
        if find_feed_of(desk, facility) == feed_id
    )
