"""Recall: what stood before a held value was released or dropped, so that it can stand again.

It is in memory alone: a process that has become the writer since cannot take such an act back.
"""

from copy import deepcopy
from dataclasses import dataclass, replace

from waitless.audit import Settled
from waitless.belief import Fate, HeldValue
from waitless.belief.quarantine import KEPT
from waitless.belief.state import FacilityState
from waitless.forecast.state import ForecastState
from waitless.ingest.desk import Desk
from waitless.reading import Reading
from waitless.told.facility import FacilityTold

REMEMBERED = 50
"""Acts that can be taken back at once; the oldest is forgotten first."""


@dataclass(frozen=True, slots=True)
class _Before:
    """All that is known of a facility before an act, and the reading after it."""

    belief: FacilityState
    forecast: ForecastState | None
    told: FacilityTold | None
    reading: Reading | None
    reading_after: Reading | None


class Recall:
    """Remembers what acts on held values change at a desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._acts: dict[str, _Before] = {}

    def copy(self, facility_id: str) -> _Before:
        """What is known of a facility now; to be given to `remember` after the act."""
        desk = self._desk
        return _Before(
            deepcopy(desk.believer.state.facilities.get(facility_id, FacilityState())),
            deepcopy(desk.learner.states.get(facility_id)),
            deepcopy(desk.told.facilities.get(facility_id)),
            desk.readings.get(facility_id),
            None,
        )

    def remember(self, value: HeldValue, before: _Before) -> None:
        """An act on a held value has been done; `before` is a copy from before it."""
        facility_id = value.observation.facility_id
        self._acts.pop(value.id, None)
        if len(self._acts) >= REMEMBERED:
            del self._acts[next(iter(self._acts))]
        self._acts[value.id] = replace(before, reading_after=self._desk.readings.get(facility_id))

    def why_not(self, value: HeldValue | None, settled: Settled) -> str | None:
        """Why an act on a held value cannot be taken back now; None where it can.

        Args:
            value: as it is now; None where it is held no longer.
            settled: what the act changed.
        """
        if value is None or value.fate is not settled.after:
            return "the value is gone, or something else has become of it"
        if settled.before in (Fate.RELEASED, Fate.DROPPED):
            return None  # an act that was taken back is done again, if belief allows it
        before = self._acts.get(value.id)
        if before is None:
            return "nobody remembers what stood before"
        if value.fate is Fate.RELEASED and before.reading is None:
            return "nothing was believed before"  # a store forgets no reading
        if self._desk.readings.get(value.observation.facility_id) != before.reading_after:
            return "a newer reading is believed"
        return None

    def take_back_release(self, value: HeldValue) -> None:
        """What was believed before the release is believed again.

        Values held since stay held. Only where `why_not` has nothing against it.
        """
        before, desk = self._acts.pop(value.id), self._desk
        facility_id = value.observation.facility_id
        since = desk.believer.state.facilities[facility_id].held
        known = {one.id for one in before.belief.held}
        before.belief.held += [one for one in since if one.id not in known]
        before.belief.held = before.belief.held[-KEPT:]
        desk.believer.state.facilities[facility_id] = before.belief
        if before.forecast is not None:
            desk.learner.states[facility_id] = before.forecast
        if before.told is not None:
            desk.told.facilities[facility_id] = before.told
            desk.told.touched.add(facility_id)
        desk.touched[0].add(facility_id)
        if before.reading is not None:
            desk.readings[facility_id] = before.reading

    def take_back_drop(self, value: HeldValue) -> None:
        """The value waits again, and may be confirmed or released.

        Only where `why_not` has nothing against it.
        """
        before = self._acts.pop(value.id)
        facility_id = value.observation.facility_id
        state = self._desk.believer.state.facilities[facility_id]
        state.held = [
            replace(one, fate=Fate.WAITING, settled_at=None) if one.id == value.id else one
            for one in state.held
        ]
        state.pending = state.pending or before.belief.pending
        self._desk.touched[0].add(facility_id)
