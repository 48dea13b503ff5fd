"""The simulated East Kent of `waitless.simulate`, played live: people who follow a policy or habit.

It is played in runs of four weeks of its own, each begun with a day and more that nobody sees, so
that queues are natural and forecasts have begun to learn when it is looked at. Minutes are of the
demo's world: 0 at its start, negative before it.
"""

import math
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone

from msgspec.structs import replace as replaced

from waitless.area.pack import Area
from waitless.simulate.advice import PolicyAdviser
from waitless.simulate.assumptions import load_assumptions
from waitless.simulate.draws import draw
from waitless.simulate.kent import MINUTES_A_DAY, build_kent
from waitless.simulate.policies import PolicyName
from waitless.simulate.queue import Queue
from waitless.simulate.scenario import Scenario
from waitless.simulate.world import World

WARM_UP_DAYS = 1
RUN_DAYS = 28
FEED_AGE_MIN = 15.0
"""How old a reading is for the model's people when the next replaces it."""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What the people of the model do."""

    policy: PolicyName = PolicyName.WAITLESS
    adoption: float = 0.6
    """The share who ask; all of them follow."""


class LiveModel:
    """The model's facilities at the minute it has been played to. Not thread-safe.

    The same area, seed, start and behaviour give the same model, however it is advanced.
    """

    def __init__(self, area: Area, behaviour: Behaviour, seed: int, start: datetime) -> None:
        """Play the day before `start`: about 0.3 s.

        Args:
            area: has the facilities and places of the assumptions.
            behaviour: of its people.
            seed: of its chance.
            start: the instant of minute 0, aware: what comes after is by the model's own clock.
        """
        self._area, self._behaviour, self._seed = area, behaviour, seed
        self._start = start
        self._runs = 0
        self._minute = 0.0
        self._begin(0.0)

    def advance(self, minute: float) -> None:
        """Play on. Going back is ignored."""
        while minute >= self._until:
            self._begin(self._until)
        self._minute = max(self._minute, minute)
        self._world.run(minute - self._zero)

    @property
    def now(self) -> float:
        """The minute it has been played to, as its queues count."""
        return self._minute - self._zero

    def is_open(self, place: int) -> bool:
        """Whether a door is open by the model's clock."""
        return self._world.is_open(place, self.now)

    def queue(self, place: int) -> Queue:
        """The queue of a facility; those who have given up have gone."""
        found = self._world.queues[place]
        found.let_go(self.now)
        return found

    def rooms(self) -> "dict[str, Room]":
        """The waiting room of every facility of the model, by id."""
        return {one.id: Room(self, place) for place, one in enumerate(self._kent.facilities)}

    def _begin(self, minute: float) -> None:
        """A run that is looked at from a minute on."""
        began = self._midnight_before(minute) - timedelta(days=WARM_UP_DAYS)
        self._zero = (began - self._start) / _MINUTE
        self._until = minute + RUN_DAYS * MINUTES_A_DAY
        days = math.ceil((self._until - self._zero) / MINUTES_A_DAY)
        assumptions = load_assumptions()
        start = replaced(assumptions.start, value=began)
        self._kent = build_kent(self._area, replaced(assumptions, start=start))
        scenario = Scenario(adoption=self._behaviour.adoption, feed_age_min=FEED_AGE_MIN)
        adviser = None
        if self._behaviour.policy is not PolicyName.NONE:
            doors = self._kent.lay_out_doors(days)
            adviser = PolicyAdviser(self._kent, doors, self._behaviour.policy, scenario)
        draws = draw(self._kent, days, self._seed, self._runs)
        self._runs += 1
        self._world = World(self._kent, draws, scenario, adviser)
        self._world.run(minute - self._zero)

    def _midnight_before(self, minute: float) -> datetime:
        """Of the model's local day, with its offset: a run knows no change of the clocks."""
        zone = self._area.calendar.zone
        local = (self._start + minute * _MINUTE).astimezone(zone)
        midnight = datetime.combine(local.date(), time(), tzinfo=zone)
        return midnight.replace(tzinfo=timezone(midnight.utcoffset() or timedelta()))


@dataclass(frozen=True, slots=True)
class Room:
    """One facility of a model; as `facility_queue.FacilityQueue` is looked at."""

    model: LiveModel
    place: int

    def advance(self, until: float) -> None:
        """Play all of the model up to a minute; never back."""
        self.model.advance(until)

    def is_open(self) -> bool:
        """Whether the door is open by the model's clock."""
        return self.model.is_open(self.place)

    def waits_minutes(self) -> list[float]:
        """The waits of those seen within the last hour, in the order they were called."""
        return self.model.queue(self.place).waits_minutes(self.model.now)

    def head_of_line_minutes(self) -> float:
        """How long the next patient has waited by now; 0 where nobody waits."""
        return self.model.queue(self.place).head_of_line_minutes(self.model.now)

    def patients_waiting(self) -> int:
        """Those with minor needs who are not yet called."""
        return self.model.queue(self.place).waiting()

    def patients_in_department(self) -> int:
        """All who are there."""
        return self.model.queue(self.place).in_department()
