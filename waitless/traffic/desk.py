"""The traffic desk: what sources say of the roads is decoded, counted and kept. No I/O."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from feeds.model import Delivery, Refusal, RefusalReason
from feeds.topics import TrafficTopic, find_topic
from feeds.traffic.datex import decode_datex
from feeds.traffic.definition import TrafficDefinition
from feeds.traffic.messages import decode_traffic
from feeds.traffic.model import TrafficReport
from waitless.area.pack import Area
from waitless.health import FeedHealth
from waitless.metrics import IngestMetrics
from waitless.traffic.edges import EdgeTimes
from waitless.traffic.picture import SourcePicture

log = logging.getLogger(__name__)


def decode_delivery(source: TrafficDefinition, delivery: Delivery) -> list[TrafficReport | Refusal]:
    """What a delivery of a source says. Pure, and slow for a large document: fit for a thread."""
    payload, at = delivery.payload, delivery.received_at
    if source.format == "datex2":
        return list(
            decode_datex(
                payload,
                feed_id=source.id,
                received_at=at,
                zone=source.zone_info,
                snapshot=source.snapshot,
            )
        )
    said = decode_traffic(payload, feed_id=source.id, received_at=at)
    if not source.snapshot:
        return list(said)
    return [
        replace(one, full_refresh=True) if isinstance(one, TrafficReport) else one for one in said
    ]


class TrafficDesk:
    """Keeps the traffic picture.

    Attributes:
        picture: what every source has said, by feed id.
        touched: sources whose picture has changed since this was last emptied.
        turns: how often the picture has changed.
    """

    def __init__(
        self,
        area: Area,
        feeds: Mapping[str, FeedHealth],
        *,
        now: Callable[[], datetime],
        metrics: IngestMetrics,
        simulated: bool = False,
    ) -> None:
        """Nothing is known yet.

        Args:
            area: the area pack, with the sources that are listened to.
            feeds: the health of every feed, theirs among them.
            now: the clock.
            metrics: what is counted.
            simulated: whether invented traffic may be taken in.
        """
        self._area_id = area.id
        self._definitions = {one.id: one for one in area.traffic}
        self._feeds = feeds
        self._now = now
        self._metrics = metrics
        self._simulated = simulated
        self.picture: dict[str, SourcePicture] = {one: SourcePicture() for one in self._definitions}
        self.touched: set[str] = set()
        self.turns = 0

    def restore(self, picture: Mapping[str, SourcePicture]) -> None:
        """Go on from what the store holds, but for sources that are no longer listened to."""
        self.picture |= {one: kept for one, kept in picture.items() if one in self._definitions}
        self.turns += 1

    def find_source(self, delivery: Delivery) -> TrafficDefinition | None:
        """The source that a delivery is of; None where it is of none."""
        topic = find_topic(delivery.topic, self._area_id)
        feed_id = topic.source if isinstance(topic, TrafficTopic) else delivery.feed_id
        return self._definitions.get(feed_id)

    def take(
        self, source: TrafficDefinition, said: Iterable[TrafficReport | Refusal], at: datetime
    ) -> None:
        """Take in what one delivery said (`decode_delivery`), received at an instant."""
        health = self._feeds[source.id]
        health.count_message(at)
        for one in said:
            self._take(health, one)

    def note(self, times: EdgeTimes) -> None:
        """Let operators see what became of what sources say."""
        for feed_id, counts in times.counts.items():
            if feed_id in self._feeds:  # a source over MQTT is no feed while there is no broker
                self._feeds[feed_id].traffic = counts

    def prune(self) -> None:
        """Forget what no longer bears on anything."""
        for source in self.picture.values():
            source.prune(self._now())

    def _take(self, health: FeedHealth, said: TrafficReport | Refusal) -> None:
        if isinstance(said, Refusal):
            self._refuse(health, said.reason, said.where, said.detail)
        elif said.simulated and not self._simulated:
            detail = "invented traffic is not taken in by a service that is not a simulation"
            self._refuse(health, RefusalReason.WRONG_TYPE, "simulated", detail)
        elif health.off is None or not health.off.holds(self._now()):
            self._believe(health, said)

    def _believe(self, health: FeedHealth, told: TrafficReport) -> None:
        now = self._now()
        report, beyond = self.picture[health.id].fit(told)
        if beyond:
            detail = f"{beyond} links or events beyond as many as are kept of a source"
            self._refuse(health, RefusalReason.TOO_LARGE, "ids", detail)
        health.believed += len(report.figures) + len(report.events)
        health.simulated = report.simulated
        measured_at = min(
            now, max([report.published_at, *(figure.as_of for figure in report.figures)])
        )
        if health.last_measured_at is None or measured_at > health.last_measured_at:
            health.last_measured_at = measured_at
        self._metrics.believed(health.id)
        valid_for = timedelta(seconds=self._definitions[health.id].valid_s)
        if self.picture[health.id].apply(report, valid_for):
            self.touched.add(health.id)
            self.turns += 1

    def _refuse(self, health: FeedHealth, reason: RefusalReason, where: str, detail: str) -> None:
        health.count_refusal(Refusal(feed_id=health.id, reason=reason, where=where, detail=detail))
        self._metrics.refused(health.id, reason.value)
        log.info("refused %s at %s: %s", reason, where, detail)
