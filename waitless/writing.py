"""The side that writes: ingest, its routes, and the process that is the area's one writer."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aiohttp import web

from feeds.definition import HttpPush
from waitless.alerts import AlertSender
from waitless.background import running
from waitless.backups import watch_backups
from waitless.console.trends import Trends
from waitless.health import HealthWatch
from waitless.ingest import Desk, FeedMetrics, Ingest, Transport, keep_pulse
from waitless.ingest.acting import Acting
from waitless.ingest.way import UNWATCHED
from waitless.ledger.figures import KeeperMetrics
from waitless.ledger.keeper import LedgerKeeper
from waitless.metrics import BackupMetrics, IngestMetrics, TrafficMetrics
from waitless.operators import add_sign_in
from waitless.operators_page import add_operators_page
from waitless.parts import Parts, Role
from waitless.redis_link import StoreAway
from waitless.timetable.share import share_trips
from waitless.told.figures import ToldMetrics
from waitless.told.keeper import ToldKeeper
from waitless.tracing.deliveries import DeliveryTraces
from waitless.transports import make_session, make_transports
from waitless.travel import Retimer
from waitless.web.audit import AuditTrail
from waitless.web.capacities import Capacities
from waitless.web.operator import Operator
from waitless.web.overrides import Overrides
from waitless.web.push import Push
from waitless.web.routes import Routes
from waitless.web.standby import while_writing
from waitless.web.told import ToldRoute
from waitless.web.usage import UsageRoute

log = logging.getLogger(__name__)


class Writing:
    """The work of the one process that writes, and its routes."""

    def __init__(self, parts: Parts, *, hours_bind: bool) -> None:
        self._parts = parts
        self._ingest = self._make_ingest(hours_bind=hours_bind)
        self._trends = Trends(
            parts.area.facilities, parts.store, lambda: parts.follower.board, now=parts.now
        )

    def _make_ingest(self, *, hours_bind: bool) -> Ingest:
        """The area's one writer."""
        metrics, tracing = IngestMetrics(self._parts.registry), self._parts.tracing
        desk = Desk(
            self._parts.area,
            now=self._parts.now,
            metrics=metrics,
            listens_to_mqtt=self._parts.mqtt is not None,
            pushing=self._parts.keys.list_providers(),
            hours_bind=hours_bind,
            simulated=self._parts.settings.simulated,
            way=UNWATCHED if tracing is None else DeliveryTraces(tracing.telling),
        )
        return Ingest(desk, self._parts.store, metrics)

    def _make_retimer(self) -> Retimer:
        """The area's one maker of travel tables."""
        return Retimer(
            self._parts.area,
            self._ingest.desk.traffic,
            self._parts.shelf,
            now=self._parts.now,
            metrics=TrafficMetrics(self._parts.registry),
            horizon_minutes=self._parts.settings.horizon_minutes,
        )

    def _make_keeper(self) -> LedgerKeeper:
        """The one who learns from the area's ledger."""
        return LedgerKeeper(
            self._parts.ledger_store,
            self._parts.lease,
            self._parts.area,
            served_share=self._parts.policy.served_share,
            now=self._parts.now,
            metrics=KeeperMetrics(self._parts.registry),
        )

    def _make_told_keeper(self) -> ToldKeeper:
        """The one who holds what people were told against what came."""
        return ToldKeeper(
            self._ingest,
            self._parts.store,
            self._parts.ledger_store,
            policy=self._parts.policy,
            metrics=ToldMetrics(self._parts.registry),
        )

    def add_routes(self, routes: Routes) -> None:
        """The routes of the one process that writes: pushed waits, and operators' acts."""
        routes.app.on_shutdown.append(self._leave)
        capacities = Capacities(
            self._parts.area.facilities, self._parts.keys, self._ingest, now=self._parts.now
        )
        guard, _ = add_sign_in(self._parts, routes)
        desk, now = self._ingest.desk, self._parts.now
        acting = Acting(self._ingest, self._parts.store, now)
        operator = Operator(desk, acting, guard, now=now)
        overrides = Overrides(desk, acting, guard, now=now)
        audit = AuditTrail(acting, self._parts.store, guard)
        posts = {
            "/v1/capacities": capacities.post,
            "/v1/operator/held/{id}/release": operator.release,
            "/v1/operator/held/{id}/drop": operator.drop,
            "/v1/operator/feeds/{id}/off": operator.switch_off,
            "/v1/operator/feeds/{id}/on": operator.switch_on,
            "/v1/operator/facilities/{id}/override": overrides.post,
            "/v1/operator/audit/{id}/undo": audit.undo,
        }
        gets = {
            "/v1/operator/held": operator.list_held,
            "/v1/operator/audit": audit.get,
            "/v1/operator/overrides": overrides.list_all,
            "/v1/operator/usage": UsageRoute(
                self._parts.usage_store, guard, self._parts.area.calendar.zone, now=now
            ).get,
            "/v1/operator/told": ToldRoute(desk.told, guard, now=now).get,
        }
        for definition in self._parts.area.feeds:
            if isinstance(definition.transport, HttpPush):
                push = Push(definition, self._parts.keys, self._ingest, now=self._parts.now)
                posts[definition.transport.path] = push.post
        for path, handler in posts.items():
            routes.add_post(path, while_writing(self._parts.lease, handler))
        for path, handler in gets.items():
            routes.add_get(path, while_writing(self._parts.lease, handler))
        add_operators_page(
            self._parts, routes, self._ingest, acting=acting, trends=self._trends, guard=guard
        )

    async def _leave(self, _: web.Application) -> None:
        """Nobody new reaches us any more: whoever asks the standby shall wait for it."""
        self._parts.lease.leave()

    @asynccontextmanager
    async def run(self, _: web.Application) -> AsyncIterator[None]:
        """The background work of a process that may write."""
        parts = self._parts
        async with parts.store:
            works = {"write": self._write()}
            if parts.role is Role.INGEST:
                works["follow the store"] = parts.follower.run()
            else:
                await parts.travel.start()
                await parts.timetables.start()
                works |= parts.list_answering_works()
            if not await parts.lease.ask():
                log.info("standing by: another process writes, or the store is away")
            async with running(works):
                yield

    async def _write(self) -> None:
        """Be the area's writer, as soon as nobody else is; until then touch nothing but Redis."""
        await self._parts.lease.win()
        try:
            async with make_session(self._parts.area, self._parts.settings) as session:
                transports = make_transports(
                    self._parts.area,
                    session=session,
                    mqtt=self._parts.mqtt,
                    settings=self._parts.settings,
                    sink=self._ingest.accept,
                    now=self._parts.now,
                    chance=self._parts.chance,
                )
                alerts = AlertSender(
                    self._parts.area.id,
                    webhook_url=self._parts.settings.alert_webhook,
                    session=session,
                    chance=self._parts.chance,
                )
                works = {
                    "lease": self._parts.lease.keep(),
                    "retime": self._make_retimer().run(),
                    "share trips": share_trips(self._ingest.desk.trips, self._parts.trip_shelf),
                    "ingest": self._ingest.run(),
                    "pulse": self._keep_pulse(transports, alerts),
                    "alerts": alerts.run(),
                    "keep the ledger": self._make_keeper().run(alerts),
                    "draw trends": self._trends.run(),
                    "keep what was told": self._make_told_keeper().run(alerts),
                    **{f"feed {feed_id}": way.run() for feed_id, way in transports.items()},
                }
                if (copies := self._parts.settings.backup_folder) is not None:
                    works["watch backups"] = self._watch_backups(copies)
                async with running(works):
                    await asyncio.Event().wait()
        finally:
            await self._parts.lease.release()

    async def _watch_backups(self, folder: Path) -> None:
        every_s = self._parts.settings.backup_every_seconds
        metrics = BackupMetrics(self._parts.registry, every_s)
        await watch_backups(folder, metrics, self._parts.now)

    async def _keep_pulse(self, transports: Mapping[str, Transport], alerts: AlertSender) -> None:
        memory = None
        with suppress(*StoreAway):
            memory = await self._parts.store.load_watch()
        watch = HealthWatch(self._parts.now(), memory=memory)
        await keep_pulse(
            self._ingest,
            self._parts.store,
            transports,
            watch,
            alerts,
            metrics=FeedMetrics(self._parts.registry),
        )
