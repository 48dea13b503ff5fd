"""Held values as lines of the operators' page: what came, why it is not shown, what may be done."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from feeds.model import Observation, Wait
from waitless.belief import Fate, HeldValue
from waitless.console.words import tell_wait
from waitless.ingest import Desk

SETTLED_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLine:
    """One held value."""

    value: HeldValue
    facility_name: str
    wait: str
    """The held figure."""
    believed: str
    """What is believed of the facility instead."""
    read: tuple[tuple[str, str], ...]
    """All that was read from the message, name by name; the message itself is not kept."""

    @property
    def rule(self) -> str:
        """The rule's name as words."""
        return self.value.rule.value.replace("_", " ")

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a decision or a confirming reading."""
        return self.value.fate is Fate.WAITING

    @property
    def may_be_released(self) -> bool:
        """Whether an operator may have it shown."""
        return self.is_waiting and not self.value.rule.is_final


def list_held(desk: Desk) -> list[HeldLine]:
    """Those that wait, newest first, then the latest settled ones."""
    lines = [_describe(desk, value) for value in desk.believer.list_held()]
    waiting = [line for line in lines if line.is_waiting]
    return waiting + [line for line in lines if not line.is_waiting][:SETTLED_SHOWN]


def find_held(desk: Desk, held_id: str) -> HeldLine | None:
    """One by its id; None where there is none."""
    found = [value for value in desk.believer.list_held() if value.id == held_id]
    return _describe(desk, found[0]) if found else None


def _describe(desk: Desk, value: HeldValue) -> HeldLine:
    facility_id = value.observation.facility_id
    facility, reading = desk.area.facilities.get(facility_id), desk.readings.get(facility_id)
    return HeldLine(
        value=value,
        facility_name=facility_id if facility is None else facility.short_name,
        wait=tell_wait(value.observation.wait),
        believed=tell_wait(None if reading is None else reading.wait),
        read=tuple(_list_read(value.observation)),
    )


def _list_read(observation: Observation) -> Iterator[tuple[str, str]]:
    for name in Observation.__dataclass_fields__:
        given = getattr(observation, name)
        if isinstance(given, Wait):
            for part in Wait.__dataclass_fields__:
                yield f"wait.{part}", _tell(getattr(given, part))
        else:
            yield name, _tell(given)


def _tell(given: object) -> str:
    match given:
        case None:
            return "not given"
        case datetime():
            return given.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case _:
            return str(given)
