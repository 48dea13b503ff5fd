"""Situations: their records as road events, or as ended ones."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from feeds.model import RefusalReason
from feeds.traffic.datex_effects import read_impact
from feeds.traffic.datex_periods import Telling, read_periods
from feeds.traffic.datex_places import read_places
from feeds.traffic.datex_values import DatexFault, read_time, says_yes
from feeds.traffic.datex_xml import Element
from feeds.traffic.model import RoadEvent

NOT_REAL = frozenset({"test", "technicalExercise", "securityExercise"})
_NOT_DONE = frozenset({"requested", "rejected"})
"""States of an operator's action that is neither decided nor in force."""


class EventTally:
    """Gathers the events of a document."""

    def __init__(self, received_at: datetime, zone: ZoneInfo | None) -> None:
        self.passed_over: Counter[str] = Counter()
        self.ended: dict[str, None] = {}
        self.unread: dict[str, None] = {}
        """Ids of records that were refused."""
        self._events: dict[str, RoadEvent] = {}
        self._only_ends: dict[str, bool] = {}
        """Of each situation that was read whole: whether it told of ends alone."""
        self._received_at = received_at
        self._zone = zone

    def add(self, situation: Element, told_at: datetime) -> Iterator[DatexFault]:
        """Take in a situation; a fault for each record, or end of one, that cannot be read.

        A record whose location is left empty is where the only located record of its situation
        is: so Finland says what an accident does to the lanes.

        Args:
            situation: as it stands in a document.
            told_at: when its publication was made.
        """
        if situation.text_within("informationStatus") in NOT_REAL:
            self.passed_over["exercise"] += 1
            return
        situation_id = situation.attributes.get("id", "").strip() or None
        events: list[RoadEvent] = []
        is_read = True
        records = situation.list_children("situationRecord")
        for record in records:
            told = Telling(told_at, self._zone, [])
            record_id = record.attributes.get("id", "").strip()
            try:
                event = self._read(record, record_id, situation_id, told)
            except DatexFault as fault:
                told.faults.append(fault)
                self.unread[record_id] = None
                is_read = False
            else:
                events += [event] if event is not None else []
            for found in told.faults:
                found.where = f"situationRecord {record_id}: {found.where}"
                yield found
        if situation_id is not None and records and is_read:
            self._only_ends[situation_id] = not events and self._only_ends.get(situation_id, True)
        known = {event.places for event in events if event.places}
        shared = known.pop() if len(known) == 1 else ()
        for event in events:
            self._keep(event if event.places else replace(event, places=shared))

    def list_events(self) -> tuple[RoadEvent, ...]:
        """The events, but for those that have ended."""
        return tuple(event for id_, event in self._events.items() if id_ not in self.ended)

    def list_whole(self, methods: set[str]) -> tuple[str, ...]:
        """The situations of which every record is told.

        All, where the exchange delivers all elements; else those that tell of ends alone: they are
        over, unless it delivers single elements.

        Args:
            methods: of update, as the exchange names them; none where it does not say.
        """
        return tuple(
            situation_id
            for situation_id, only_ends in self._only_ends.items()
            if "allElementUpdate" in methods or (only_ends and "singleElementUpdate" not in methods)
        )

    def _read(
        self, record: Element, record_id: str, situation_id: str | None, told: Telling
    ) -> RoadEvent | None:
        """The event of a record; None where the record says that it has ended.

        Raises:
            DatexFault: it has no id, or something that matters cannot be read.
        """
        if not record_id:
            raise DatexFault(RefusalReason.MISSING_FIELD, "id", "a record without an id")
        cycle = record.find("management", "lifeCycleManagement")
        if cycle is not None and any(says_yes(cycle.find(word)) for word in ("end", "cancel")):
            self.ended[record_id] = None
            return None
        periods, suspended = read_periods(record.find("validity"), told)
        times = record.find("validity", "validityTimeSpecification")
        impact = read_impact(
            record, by_periods=times is not None and times.find("validPeriod") is not None
        )
        versioned_at = read_time(record.find("situationRecordVersionTime"), told.zone)
        return RoadEvent(
            id=record_id,
            version=record.attributes.get("version")
            or record.text_at("situationRecordVersion")
            or None,
            versioned_at=min(versioned_at, self._received_at) if versioned_at else None,
            situation_id=situation_id,
            kind=record.kind or record.name,
            effect=impact.effect,
            capacity_left=impact.capacity_left,
            delay_s=impact.delay_s,
            limit_kmh=impact.limit_kmh,
            places=read_places(record),
            periods=periods,
            suspended=suspended or record.text_at("operatorActionStatus") in _NOT_DONE,
        )

    def _keep(self, event: RoadEvent) -> None:
        """Hold the newest version where one document lists several."""
        held = self._events.get(event.id)
        if held is None or _age(held) <= _age(event):
            self._events[event.id] = event


def _age(event: RoadEvent) -> tuple[float, int]:
    at = event.versioned_at.timestamp() if event.versioned_at is not None else 0.0
    version = event.version or ""
    return at, int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0  # noqa: PLR2004
