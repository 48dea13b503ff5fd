"""All that is kept of one facility: what was said, what came, and who is on the way."""

from datetime import datetime, timedelta

import msgspec

from feeds.model import Clock, Statistic
from waitless.forecast.spread import share_below
from waitless.forecast.state import Posted
from waitless.told.advised import Group, Met, Told, interpolate
from waitless.told.running import Running
from waitless.told.said import HORIZONS, Said, find_standing, keep

WAITS_FOR = timedelta(hours=2)
"""For how long after the moment to hold it against a figure is waited for."""


class Alarm(msgspec.Struct, kw_only=True):
    """A bias that people were told of."""

    since: datetime
    told_at: datetime


class FacilityTold(msgspec.Struct, kw_only=True):
    """Bounded: some 40 of `said`, and groups of five minutes of some hours."""

    statistic: Statistic | None = None
    clock: Clock | None = None
    said: list[Said] = []
    last: Met | None = None
    """The newest figure; None before any, and while the door is shut."""
    by_horizon: list[Running] = msgspec.field(default_factory=lambda: [Running() for _ in HORIZONS])
    """For everybody, in the order of `HORIZONS`."""
    advised: Running = msgspec.field(default_factory=Running)
    """Weighed by people."""
    unmet: int = 0
    """Advised people whom no figure came for in time: the feed fell silent, or the door shut."""
    groups: dict[int, Group] = {}
    """Advised people still to be held against a figure, by their bucket of arrival."""
    alarms: dict[str, Alarm] = {}
    """By whom they are about."""

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, what does not have a figure for each horizon."""
        if len(self.by_horizon) != len(HORIZONS):
            raise ValueError(f"{len(self.by_horizon)} horizons where {len(HORIZONS)} are known")

    def forget_queue(self) -> None:
        """The door shut, or another statistic came: nothing said before is about what comes."""
        self.said, self.last = [], None
        self.unmet += sum(group.people for group in self.groups.values())
        self.groups = {}

    def meet(self, at: datetime, posted: Posted) -> None:
        """Hold what was said before against a figure that has come."""
        for horizon, running in zip(HORIZONS, self.by_horizon, strict=True):
            said = find_standing(self.said, at - horizon)
            if said is None:
                continue
            mean, p10, p90 = said.expect(at)
            below_p10 = share_below(p10, posted.low, posted.high)
            below_p90 = share_below(p90, posted.low, posted.high)
            running.add(at, posted.figure - mean, inside=below_p90 - below_p10)
        met = Met(at=at, figure=posted.figure)
        for bucket in [one for one, group in self.groups.items() if group.due <= at]:
            group = self.groups.pop(bucket)
            figure = interpolate(self.last, met, group.due)
            if figure is None:
                self.unmet += group.people
            else:
                self.advised.add(group.due, figure - group.told_min, weight=group.people)
        self.last = met

    def add_said(self, said: Said) -> None:
        """From now on this is what people are told."""
        self.said = keep(self.said, said)

    def cancel(self, bucket: int, people: int) -> None:
        """Take back people who were entered, as far as they are still waited for."""
        group = self.groups.get(bucket)
        if group is not None and group.people > people:
            group.people -= people
        elif group is not None:
            del self.groups[bucket]

    def enter(self, bucket: int, people: int, told: Told) -> None:
        """Wait for what these people meet."""
        group = self.groups.setdefault(bucket, Group(people=0, told_min=0.0, due=told.due))
        group.join(people, told)

    def give_up(self, now: datetime) -> None:
        """Wait no longer for figures that have not come."""
        for bucket in [one for one, group in self.groups.items() if now - group.due > WAITS_FOR]:
            self.unmet += self.groups.pop(bucket).people
