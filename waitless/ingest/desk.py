"""The desk: where deliveries are decoded, judged and counted. No I/O."""

import asyncio
import logging
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from datetime import datetime

from feeds.capacity import CapacityRefusal
from feeds.definition import FeedDefinition
from feeds.events import decode_message
from feeds.model import Decoded, Delivery, Observation, Probe, ProviderNotice, Refusal
from feeds.rows import decode_document
from waitless.area.pack import Area
from waitless.belief import (
    BeliefState,
    Believed,
    Believer,
    FacilityRules,
    Fate,
    FeedRules,
    Held,
    Ignored,
    Openings,
    ReleaseRefusal,
    Verdict,
)
from waitless.belief.rules import unknown_hours
from waitless.forecast.learner import Learner
from waitless.health import FeedHealth, resumed
from waitless.ingest.roster import BROKER, MQTT_CADENCE_S, list_feeds
from waitless.ingest.way import UNWATCHED, Outcome, Way
from waitless.metrics import IngestMetrics
from waitless.override import Override
from waitless.reading import CLOCKS_DIFFER, Reading, apply_observation
from waitless.timetable.desk import TripDesk
from waitless.told.monitor import Monitor
from waitless.traffic.desk import TrafficDesk

log = logging.getLogger(__name__)


SWITCHED_OFF = "switched_off"
"""The rule of observations whose feed an operator has switched off."""


class Desk:
    """Everything ingest knows, and what it makes of what comes in.

    Attributes:
        feeds: the health of every feed.
        readings: what is believed of every facility.
        heartbeat_at: when the last probe that came back was sent; None before the first.
        learner: what forecasts make of what is believed.
        told: what people were told, and what came.
        traffic: what is said of the roads.
        trips: what is said of buses and trains.
        overrides: what operators say of facilities, whether it still holds or not.
        touched: facilities and feeds of which belief has learnt since this was last emptied.
        settled: held from judging a batch until it is stored.
        way: is told what happens to each delivery.
    """

    def __init__(
        self,
        area: Area,
        *,
        now: Callable[[], datetime],
        metrics: IngestMetrics,
        listens_to_mqtt: bool,
        pushing: Container[str] = (),
        hours_bind: bool = True,
        simulated: bool = False,
        way: Way = UNWATCHED,
    ) -> None:
        """Nothing is believed yet.

        Args:
            area: the area pack.
            now: the clock.
            metrics: what is counted.
            listens_to_mqtt: whether providers can be heard over MQTT.
            pushing: providers that may push over HTTP.
            hours_bind: whether nobody can have waited longer than the door has been open. False
                in a simulated world whose clock runs faster than its doors.
            simulated: whether invented traffic may be taken in.
            way: is told what happens to each delivery.
        """
        self.area = area
        self.way = way
        self.readings: dict[str, Reading] = {}
        self.overrides: dict[str, Override] = {}
        self.heartbeat_at: datetime | None = None
        self.touched: tuple[set[str], set[str]] = (set(), set())
        self.settled = asyncio.Lock()
        self.now = now
        self._metrics = metrics
        self._definitions: Mapping[str, FeedDefinition] = {feed.id: feed for feed in area.feeds}
        self._providers = {facility.id: facility.provider for facility in area.facilities.values()}
        self.feeds = list_feeds(area, pushing, listens_to_mqtt=listens_to_mqtt)
        self.traffic = TrafficDesk(area, self.feeds, now=now, metrics=metrics, simulated=simulated)
        self.trips = TripDesk(area.trip_updates, self.feeds, now=now, metrics=metrics)
        opened_minutes = (
            Openings(area.calendar, {one.id: one.hours for one in area.facilities.values()})
            if hours_bind
            else unknown_hours
        )
        self.learner = Learner(area.facilities, area.calendar.zone, opened_minutes)
        self.told = Monitor(area.facilities, area.calendar.zone)
        self.believer = Believer(
            {one.id: FacilityRules(kind=one.kind) for one in area.facilities.values()},
            {
                feed.id: FeedRules(cadence_s=feed.cadence_s, facility_ids=self._speaks_for(feed.id))
                for feed in self.feeds.values()
            },
            opened_minutes=opened_minutes,
        )

    def restore(
        self,
        readings: Mapping[str, Reading],
        belief: BeliefState,
        feeds: Mapping[str, FeedHealth],
    ) -> None:
        """Go on from what the store holds: old news is no news, and health is not blank."""
        self.believer.state = belief
        for feed_id, fresh in self.feeds.items():
            self.feeds[feed_id] = resumed(fresh, feeds.get(feed_id))
        self.readings = {
            facility_id: reading
            for facility_id, reading in readings.items()
            if facility_id in self.area.facilities
        }
        for reading in self.readings.values():
            self.believer.seed(reading)
            self._metrics.measured(reading.facility_id, reading.as_of)
            health = self.feeds.get(reading.feed_id)
            if health is not None and (
                health.last_measured_at is None or health.last_measured_at < reading.as_of
            ):
                health.last_measured_at = reading.as_of

    def take(self, delivery: Delivery) -> list[Reading]:
        """One delivery; gives the readings that it changed."""
        definition = self._definitions.get(delivery.feed_id)
        if definition is None:
            return self._take_message(delivery)
        self.feeds[definition.id].count_message(delivery.received_at)
        observations: list[Observation] = []
        refusals: list[Refusal] = []
        for decoded in decode_document(definition, delivery.payload, delivery.received_at):
            if isinstance(decoded, Observation):
                observations.append(decoded)
            else:
                refusals.append(decoded)
        reasons = [one.reason.value for one in refusals]
        self.way.decoded(definition.id, len(observations), reasons)
        for refusal in refusals:
            self.count(refusal)
        seen = {observation.facility_id for observation in observations}
        changed, _ = self.judge(definition.id, observations, seen)
        return changed

    def judge(
        self,
        feed_id: str,
        observations: Sequence[Observation],
        seen: Collection[str] | None = None,
    ) -> tuple[list[Reading], list[Outcome]]:
        """What becomes of observations that came together; the readings that changed, in order.

        Args:
            feed_id: the feed they came by.
            observations: all of one message or document.
            seen: every facility in a document that should be complete; None for a message.
        """
        now, health = self.now(), self.health_of(feed_id)
        if health.off is not None and health.off.holds(now):
            off = [Outcome(one.facility_id, SWITCHED_OFF) for one in observations]
            self.way.judged(off)
            return [], off
        for one in observations:
            self._mind_the_clock(one.facility_id, now)
        self.touched[0].update(one.facility_id for one in observations)
        self.touched[1].add(feed_id)
        verdicts = self.believer.judge_delivery(feed_id, observations, now)
        for finding in self.believer.close_delivery(feed_id, seen, now):
            what = finding.facility_id or finding.feed_id
            log.warning("%s: %s: %s", what, finding.kind, finding.detail)
        changed = [self._apply(verdict, health) for verdict in verdicts]
        outcomes = [_outcome(one) for one in verdicts]
        for verdict, told in zip(verdicts, outcomes, strict=True):
            measured_at, rule = verdict.observation.measured_at, told.rule or "believed"
            log.debug("judged %s at %s: %s", told.facility_id, measured_at, rule)
        self.way.judged(outcomes)
        return [one for one in changed if one is not None], outcomes

    def _mind_the_clock(self, facility_id: str, now: datetime) -> None:
        """Where our clock was stepped back, let nothing be older than what it had believed before.

        Otherwise nothing of the facility would be believed until that time has come again.
        """
        reading, state = self.readings.get(facility_id), self.believer.state.facilities
        if reading is not None and reading.as_of > now + CLOCKS_DIFFER and facility_id in state:
            state[facility_id].as_of = None

    def release(self, held_id: str) -> Reading | ReleaseRefusal:
        """An operator believes a held value; gives the reading it makes."""
        verdict = self.believer.release(held_id, self.now())
        if isinstance(verdict, ReleaseRefusal):
            return verdict
        self.touched[0].add(verdict.observation.facility_id)
        return self._believe(verdict.observation)

    def held_rules(self) -> dict[str, str]:
        """The rule that holds back the newest value of each facility that has such a value."""
        rules: dict[str, str] = {}
        for value in self.believer.list_held():
            believed = self.readings.get(value.observation.facility_id)
            newest = believed is None or value.observation.measured_at > believed.as_of
            if value.fate is Fate.WAITING and newest:
                rules.setdefault(value.observation.facility_id, value.rule.value)
        return rules

    def count_capacity_refusal(self, provider: str, refusal: CapacityRefusal) -> None:
        """One pushed service that was not taken."""
        health = self.health_of(provider)
        health.refused[refusal.code.value] = health.refused.get(refusal.code.value, 0) + 1
        health.last_refusal = f"{refusal.code} at service {refusal.index}: {refusal.detail}"
        self._metrics.refused(health.id, refusal.code.value)
        self.way.refused(refusal.code.value)

    def health_of(self, feed_id: str) -> FeedHealth:
        """A feed's health; that of the broker connection for feeds nobody knows."""
        return self.feeds.get(feed_id) or self.feeds.get(BROKER) or _NOBODY

    def _take_message(self, delivery: Delivery) -> list[Reading]:
        decoded = decode_message(
            delivery.topic,
            delivery.payload,
            area=self.area.id,
            providers=self._providers,
            now=delivery.received_at,
        )
        if isinstance(decoded, Probe):
            self.heartbeat_at = decoded.sent_at
            return []
        self.health_of(decoded.feed_id).count_message(delivery.received_at)
        if isinstance(decoded, Observation):
            self.way.decoded(decoded.feed_id, 1)
            changed, _ = self.judge(decoded.feed_id, [decoded])
            return changed
        if isinstance(decoded, Refusal):
            health = self.health_of(decoded.feed_id)
            self.way.decoded(health.id, 0, [decoded.reason.value])
        self.count(decoded)
        return []

    def count(self, decoded: Decoded) -> None:
        """What is no observation."""
        match decoded:
            case Refusal():
                self.health_of(decoded.feed_id).count_refusal(decoded)
                self._metrics.refused(self.health_of(decoded.feed_id).id, decoded.reason.value)
                log.info("refused %s at %s: %s", decoded.reason, decoded.where, decoded.detail)
            case ProviderNotice():
                self.health_of(decoded.feed_id).note(decoded)
            case Observation() | Probe():
                pass

    def _apply(self, verdict: Verdict, health: FeedHealth) -> Reading | None:
        """Count a verdict; gives the reading where it changed one."""
        match verdict:
            case Believed(observation=observation):
                health.count_believed(observation)
                self._metrics.believed(health.id)
                return self._believe(observation)
            case Ignored(observation=observation, rule=rule):
                health.count_held(observation, rule)
                self._metrics.held(health.id, rule.value)
                return None
            case Held(observation=observation, rule=rule):
                health.count_held(observation, rule)
                self._metrics.held(health.id, rule.value)
                log.warning("held a reading of %s: %s", observation.facility_id, verdict.detail)
                return None if verdict.door is None else self._believe(verdict.door)

    def _believe(self, observation: Observation) -> Reading:
        reading = apply_observation(self.readings.get(observation.facility_id), observation)
        self.readings[observation.facility_id] = reading
        self.learner.take(reading)
        self.told.take(reading, self.learner.states.get(reading.facility_id), self.now())
        self._metrics.measured(observation.facility_id, reading.as_of)
        return reading

    def _speaks_for(self, feed_id: str) -> frozenset[str]:
        definition = self._definitions.get(feed_id)
        if definition is not None:
            return frozenset(definition.facility_ids)
        return frozenset(one for one, provider in self._providers.items() if provider == feed_id)


_NOBODY = FeedHealth(id="unknown", transport="none", cadence_s=MQTT_CADENCE_S)


def _outcome(verdict: Verdict) -> Outcome:
    rule = None if isinstance(verdict, Believed) else verdict.rule.value
    return Outcome(verdict.observation.facility_id, rule)
