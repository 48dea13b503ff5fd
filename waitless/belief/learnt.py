"""What a facility's figures teach: its floor, its ceiling, whether its zeros are normal.

A figure at which many readings pile up, with none beyond it, is where the source stops counting:
Alberta's estimates never fall below 30 minutes, and 6 % of its readings are exactly 30 (RULES.md
R20); an app once capped its waits at four hours overnight (FAILURES.md 5). Forecasting must read
such a figure as a limit and not as a wait.

Memory is two generations of readings: the older is forgotten as a whole when the younger is full,
so one absurd reading does not hide a floor for ever, and state does not grow.
"""

from dataclasses import dataclass, field

from feeds.model import Wait

GENERATION = 1000
"""Readings to a generation: three and a half days at one in five minutes."""
ENOUGH_READINGS = 200
EXTREME_SHARE = 0.05
"""Share of readings at the exact extreme from which it counts as a limit of the source."""
ENOUGH_VISITS = 5
"""The figure must also have been come to this often: a source that repeats a figure for an hour
piles up readings at a peak that it saw once (84 to 89 % of real readings repeat, R11)."""
BIN_MINUTES = 30.0
ENOUGH_ZERO_READINGS = 100
ZERO_SHARE = 0.05


@dataclass(slots=True)
class Extreme:
    """One end of the figures seen: how often they stood there, and how often they came to it."""

    figure: float | None = None
    readings: int = 0
    visits: int = 0

    def add(self, figure: float, *, beyond: bool, came: bool) -> None:
        """Count one reading. `beyond`: it lies further out; `came`: the one before differed."""
        if beyond:
            self.figure, self.readings, self.visits = figure, 1, 1
        elif figure == self.figure:
            self.readings += 1
            self.visits += came

    def is_limit(self, readings: int) -> bool:
        """Whether so many of all readings stand here that the source must stop here."""
        return (
            self.readings >= EXTREME_SHARE * readings
            and self.visits >= ENOUGH_VISITS
            and readings >= ENOUGH_READINGS
        )


@dataclass(slots=True)
class Generation:
    """Up to `GENERATION` readings, summed up."""

    readings: int = 0
    lowest: Extreme = field(default_factory=Extreme)
    highest: Extreme = field(default_factory=Extreme)
    highest_is_open: bool = True
    """Whether the highest is a figure or "over so much": a closed band is nobody's ceiling."""
    bins: dict[int, int] = field(default_factory=dict)
    """Readings by half hour of the figure."""

    def share_above(self, figure: float) -> float:
        """Share of readings in half hours above a figure's own."""
        if not self.readings:
            return 0.0
        above = int(figure // BIN_MINUTES)
        return sum(n for number, n in self.bins.items() if number > above) / self.readings


@dataclass(slots=True)
class Zeros:
    """How often a facility posts a wait of zero, held ones included."""

    readings: int = 0
    zeros: int = 0
    visits: int = 0
    last_was_zero: bool = False

    def add(self, *, zero: bool) -> None:
        """Count one reading; old ones fade by halving."""
        if self.readings >= 2 * GENERATION:
            self.readings, self.zeros = self.readings // 2, self.zeros // 2
            self.visits //= 2
        self.readings += 1
        self.zeros += zero
        self.visits += zero and not self.last_was_zero
        self.last_was_zero = zero

    @property
    def are_normal(self) -> bool:
        """Whether zeros come and go here: not one long failure, which is a single visit."""
        return (
            self.readings >= ENOUGH_ZERO_READINGS
            and self.zeros >= ZERO_SHARE * self.readings
            and self.visits >= ENOUGH_VISITS
        )


@dataclass(slots=True)
class Learnt:
    """All that is learnt of one facility's believed figures."""

    young: Generation = field(default_factory=Generation)
    old: Generation = field(default_factory=Generation)
    last: float | None = None
    zeros: Zeros = field(default_factory=Zeros)

    def add(self, wait: Wait) -> None:
        """Learn from one believed wait; a band counts by its lower limit."""
        if self.young.readings >= GENERATION:
            self.old, self.young = self.young, Generation()
        young, figure = self.young, wait.floor_minutes
        came = figure != self.last
        self.last = figure
        young.readings += 1
        number = int(figure // BIN_MINUTES)
        young.bins[number] = young.bins.get(number, 0) + 1
        low, high = young.lowest.figure, young.highest.figure
        young.lowest.add(figure, beyond=low is None or figure < low, came=came)
        if high is None or figure > high:
            young.highest_is_open = wait.minutes is not None or wait.high is None
        young.highest.add(figure, beyond=high is None or figure > high, came=came)

    def forget_figures(self) -> None:
        """Start afresh: another statistic has another floor."""
        self.young, self.old, self.last = Generation(), Generation(), None

    def is_floor(self, figure: float) -> bool:
        """Whether the source never goes below this figure. Zero is nobody's invention."""
        lows = [one.lowest for one in (self.young, self.old) if one.readings]
        return figure > 0 and self._is_limit(
            figure, lows, min((low.figure or 0.0 for low in lows), default=None)
        )

    def is_ceiling(self, figure: float) -> bool:
        """Whether the source never goes above this figure."""
        highs = [one.highest for one in (self.young, self.old) if one.readings]
        return self._is_limit(
            figure, highs, max((high.figure or 0.0 for high in highs), default=None)
        )

    def _is_limit(self, figure: float, ends: list[Extreme], end: float | None) -> bool:
        if figure != end:
            return False
        at_it = [one for one in ends if one.figure == figure]
        both = Extreme(figure, sum(one.readings for one in at_it), sum(one.visits for one in at_it))
        return both.is_limit(self.young.readings + self.old.readings)

    def find_new_ceiling(self) -> float | None:
        """A figure that nothing passes any more, though much did before."""
        high = self.young.highest
        if high.figure is None or not self.young.highest_is_open:
            return None
        if not high.is_limit(self.young.readings):
            return None
        passed = self.old.share_above(high.figure) >= EXTREME_SHARE
        return high.figure if passed else None

    def is_extreme(self, figure: float) -> bool:
        """Whether a figure is the lowest or the highest seen: a quiet unit, or a full one."""
        seen = [one for one in (self.young, self.old) if one.readings]
        if not seen:
            return True
        low = min(one.lowest.figure or 0.0 for one in seen)
        high = max(one.highest.figure or 0.0 for one in seen)
        return figure <= low or figure >= high
