"""Walk-forward evaluation: every forecast is made before what it is held against is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from feeds.model import Observation, Wait
from waitless.forecast.learn import update
from waitless.forecast.predict import Course, Expected
from waitless.forecast.scores import Score
from waitless.forecast.state import ForecastState, Posted

HORIZONS_MINUTES = (15, 30, 60, 120, 180)
LABEL_SLACK_MINUTES = 10.0
"""A forecast is held against the reading nearest to its instant, no further off than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What was told when a reading came: one forecast for each of `HORIZONS_MINUTES`."""

    at: datetime
    posted: Posted
    expected: tuple[Expected, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteResult:
    """One facility's walk. `scores` has only horizons that some reading fell on."""

    facility_id: str
    issued: list[Issued]
    scores: dict[int, Score]
    seconds: float

    @property
    def days(self) -> float:
        """How long its series is."""
        return (self.issued[-1].at - self.issued[0].at) / timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """All facilities of a series."""

    sites: list[SiteResult] = field(default_factory=list)

    @property
    def readings(self) -> int:
        """Readings with a figure, of which each taught and was forecast from."""
        return sum(len(site.issued) for site in self.sites)

    def scores(self) -> dict[int, Score]:
        """By horizon, over all sites; only horizons that some reading fell on."""
        found: dict[int, Score] = {}
        for site in self.sites:
            for horizon, score in site.scores.items():
                found[horizon] = found.get(horizon, Score()) + score
        return dict(sorted(found.items()))

    def summary(self) -> dict[str, object]:
        """The JSON of `waitless forecast backtest`."""
        seconds = sum(site.seconds for site in self.sites)
        return {
            "sites": len(self.sites),
            "readings": self.readings,
            "ms_per_reading": 1000 * seconds / self.readings if self.readings else None,
            "horizons": {str(horizon): score.summary() for horizon, score in self.scores().items()},
        }


def backtest(
    observations: Sequence[Observation],
    zone: tzinfo,
    clock_s: Callable[[], float],
    heard: Callable[[int], None] = lambda _: None,
) -> Backtest:
    """Walk every facility's readings forward.

    Args:
        observations: of any number of facilities, each one's earliest first.
        zone: the facilities', which usual hours go by.
        clock_s: seconds, to time the forecasting alone.
        heard: told how many observations one more facility had.
    """
    by_site: dict[str, list[Observation]] = {}
    for observed in observations:
        by_site.setdefault(observed.facility_id, []).append(observed)
    sites = []
    for facility_id, rows in by_site.items():
        start = clock_s()
        issued = walk(rows, zone)
        seconds = clock_s() - start
        if issued:
            site = SiteResult(
                facility_id=facility_id, issued=issued, scores=hold(issued), seconds=seconds
            )
            sites.append(site)
        heard(len(rows))
    return Backtest(sites=sites)


def walk(observations: Sequence[Observation], zone: tzinfo) -> list[Issued]:
    """What would have been told at each reading of one facility, from it and those before it.

    An observation without a figure is a gap; of one instant only the first reading counts.
    """
    state: ForecastState | None = None
    issued: list[Issued] = []
    for observed in observations:
        at, wait = observed.measured_at, observed.wait
        if not isinstance(wait, Wait) or (issued and at <= issued[-1].at):
            continue
        state = update(state, wait, at, zone)
        if state is None or state.latest is None:
            continue
        course = Course(state, state.latest, zone)
        expected = tuple(course.expect(float(horizon)) for horizon in HORIZONS_MINUTES)
        issued.append(Issued(at=at, posted=state.latest, expected=expected))
    return issued


def hold(issued: Sequence[Issued]) -> dict[int, Score]:
    """Hold forecasts against the readings that came."""
    scores = {}
    for place, horizon in enumerate(HORIZONS_MINUTES):
        score, near = Score(), 0
        for number, one in enumerate(issued):
            target = one.posted.at_min + horizon
            while near + 1 < len(issued) and _off(issued[near + 1], target) <= _off(
                issued[near], target
            ):
                near += 1
            if near > number and _off(issued[near], target) <= LABEL_SLACK_MINUTES:
                score.add(one.expected[place], one.posted, issued[near].posted)
        if score.n:
            scores[horizon] = score
    return scores


def _off(issued: Issued, target_min: float) -> float:
    return abs(issued.posted.at_min - target_min)
