"""The usual speed has a time of day: how much longer each class of road takes, by the hour."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from waitless.area.hours import Calendar

HOURS = 24
SLOT_MINUTES = 15
"""Travel tables are made for the middle of such a slot of the local day."""
ALL_OTHERS = "*"
FERRY = "ferry"
_SATURDAY, _SUNDAY = 5, 6

Factors = Annotated[
    list[Annotated[float, msgspec.Meta(ge=0.3, le=5)]], msgspec.Meta(min_length=24, max_length=24)
]


class GroupRow(msgspec.Struct, forbid_unknown_fields=True):
    """Classes of road that fare alike; a factor for each hour's middle, of each kind of day."""

    classes: list[str]
    weekday: Factors
    saturday: Factors
    sunday: Factors


class ProfileRow(msgspec.Struct, forbid_unknown_fields=True):
    """`profile.toml` as it is written."""

    source: str
    group: list[GroupRow]


@dataclass(frozen=True, slots=True)
class Profile:
    """By class of road, factors on the usual travel time: rows weekday, Saturday, Sunday."""

    by_class: Mapping[str, NDArray[np.float64]]
    """Three rows of 24 factors; the class `*` stands for all that are not named."""
    source: str = "none: the usual speed is the same at all hours"

    def factors(
        self, class_names: Sequence[str], at: datetime, calendar: Calendar
    ) -> NDArray[np.float64]:
        """Factors on the usual travel time, one for each class, at an aware instant.

        Linear between the hours' middles. Public holidays are Sundays; ferries keep their times.
        """
        local = at.astimezone(calendar.zone)
        since = (local.hour * 60 + local.minute) / 60 - 0.5
        before = int(np.floor(since))
        share = since - before
        days = [
            _kind_of_day(local.replace(tzinfo=None) + timedelta(days=shift), calendar)
            for shift in (before // HOURS, (before + 1) // HOURS)
        ]
        rows = [(days[0], before % HOURS, 1 - share), (days[1], (before + 1) % HOURS, share)]
        return np.array(
            [
                sum(float(table[day, hour]) * weight for day, hour, weight in rows)
                if (table := self._table(name)) is not None
                else 1.0
                for name in class_names
            ]
        )

    def _table(self, name: str) -> NDArray[np.float64] | None:
        return None if name == FERRY else self.by_class.get(name, self.by_class.get(ALL_OTHERS))


FLAT = Profile({})
"""The same at all hours."""


def load_profile(path: Path) -> Profile:
    """Read a profile.

    Raises:
        ValueError: unreadable, or not of the form; says what and where.
    """
    try:
        row = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), ProfileRow)
    except (OSError, ValueError, RecursionError) as fault:
        raise ValueError(str(fault)) from fault
    by_class: dict[str, NDArray[np.float64]] = {}
    for number, group in enumerate(row.group):
        table = np.array([group.weekday, group.saturday, group.sunday])
        for name in group.classes:
            if name in by_class:
                raise ValueError(f"class {name!r} stands twice - at `$.group[{number}].classes`")
            by_class[name] = table
    return Profile(by_class, row.source)


def slot_middle(now: datetime) -> datetime:
    """The middle of the slot that an instant lies in."""
    past = timedelta(
        minutes=now.minute % SLOT_MINUTES, seconds=now.second, microseconds=now.microsecond
    )
    return now - past + timedelta(minutes=SLOT_MINUTES / 2)


def _kind_of_day(local: datetime, calendar: Calendar) -> int:
    if local.weekday() == _SUNDAY or local.date() in calendar.holidays:
        return 2
    return 1 if local.weekday() == _SATURDAY else 0
