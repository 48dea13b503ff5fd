"""What is tried: adoption, the age of feeds, and what goes wrong."""

import re
from dataclasses import dataclass

from waitless.ledger.correct import seen_per_minute
from waitless.simulate.kent import MINUTES_A_DAY, Kent

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_HOURS = re.compile(r"(\d+(?:\.\d+)?)h")
FREEZE_FROM_MIN = 11 * 60.0
"""Frozen feeds freeze at 11:00, in the busiest hours, every day."""


class ScenarioFault(ValueError):
    """A scenario that cannot be played; says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One setting. The defaults are the ones that the bars are stated for.

    `close`, `freeze` and `lie` are by facility, in the order of `Kent.facilities`.
    """

    adoption: float = 0.6
    """Share of patients who ask the app."""
    feed_age_min: float = 30.0
    """How old a reading is when the next one replaces it."""
    compliance: float = 1.0
    """Share of users who go where it says; the others go by habit."""
    capacity_error: float = 1.0
    """The ledger takes every facility to see so many times what it sees."""
    service_capacity: bool = False
    """It takes them to see what the service takes them to see, whatever they do here."""
    close: tuple[tuple[int, float], ...] = ()
    """Doors that shut every day at a minute of the day, and not by their hours."""
    freeze: tuple[tuple[int, float], ...] = ()
    """Feeds that repeat one figure for so many minutes every day, from 11:00."""
    lie: tuple[tuple[int, float], ...] = ()
    """Feeds that tell so many times the wait."""

    def capacities(self, kent: Kent) -> list[float]:
        """By facility: patients per minute that the ledger takes it to see."""
        if self.service_capacity:
            seen = [seen_per_minute(one) for one in kent.facilities]
        else:
            seen = kent.per_minute
        return [one * self.capacity_error for one in seen]

    def closes_at(self, facility: int) -> float | None:
        """The minute of the day at which a door shuts early; None where it does not."""
        return dict(self.close).get(facility)

    def frozen_since(self, facility: int, minute: float) -> float | None:
        """The minute whose figure a feed repeats; None where it does not."""
        long_min = dict(self.freeze).get(facility)
        day, of_day = divmod(minute, MINUTES_A_DAY)
        if long_min is None or not FREEZE_FROM_MIN <= of_day < FREEZE_FROM_MIN + long_min:
            return None
        return day * MINUTES_A_DAY + FREEZE_FROM_MIN


def parse_closure(kent: Kent, text: str) -> tuple[int, float]:
    """`FACILITY@HH:MM`.

    Raises:
        ScenarioFault: not of that form, or no such facility.
    """
    name, _, clock = text.partition("@")
    found = _CLOCK.fullmatch(clock)
    if found is None:
        raise ScenarioFault(f"{text!r} is not FACILITY@HH:MM")
    return _find(kent, name), int(found[1]) * 60.0 + int(found[2])


def parse_freeze(kent: Kent, text: str) -> tuple[int, float]:
    """`FACILITY:3h`, up to 12 hours.

    Raises:
        ScenarioFault: not of that form, too long, or no such facility.
    """
    name, _, hours = text.partition(":")
    found = _HOURS.fullmatch(hours)
    if found is None or not 0 < float(found[1]) <= 12:  # noqa: PLR2004 - said in words beside it
        raise ScenarioFault(f"{text!r} is not FACILITY:HOURSh with up to 12 hours")
    return _find(kent, name), float(found[1]) * 60


def parse_lie(kent: Kent, text: str) -> tuple[int, float]:
    """`FACILITY:0.5`, a factor from 0 to 10.

    Raises:
        ScenarioFault: not of that form, out of range, or no such facility.
    """
    name, _, factor = text.partition(":")
    try:
        value = float(factor)
    except ValueError as fault:
        raise ScenarioFault(f"{text!r} is not FACILITY:FACTOR") from fault
    if not 0 <= value <= 10:  # noqa: PLR2004 - said in words beside it
        raise ScenarioFault(f"{text!r}: a factor from 0 to 10 is wanted")
    return _find(kent, name), value


def _find(kent: Kent, name: str) -> int:
    ids = [one.id for one in kent.facilities]
    if name not in ids:
        raise ScenarioFault(f"{name!r} is not in the model: {', '.join(ids)}")
    return ids.index(name)
