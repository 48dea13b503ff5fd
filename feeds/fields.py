"""What a feed definition says about each field: where it stands and what it means."""

import re
from typing import Annotated, Literal

import msgspec

from feeds.model import FacilityStatus, Statistic
from feeds.times import TimeForm
from feeds.vocabulary.durations import Unit

ROW = "@"
"""The path that means the row itself, as in JMESPath."""

_AUTO: list[TimeForm] = ["auto"]


class Locator(msgspec.Struct, forbid_unknown_fields=True):
    """Where a value stands. The same keys in every format; docs/feed-definitions.md has a table."""

    path: str | list[str] | None = None
    """Within the row; several are joined with a space ("date" and "time" columns)."""
    document: str | None = None
    """Within the whole document."""
    constant: str | None = None
    """Not in the document at all."""
    attribute: str | None = None
    """HTML: the attribute of the element, instead of its text."""
    pattern: str | None = None
    """A regular expression whose one group is taken from the text found."""
    required: bool = False
    """Whether a row without such a key, element or group is refused (null is there, and empty)."""
    null_texts: list[str] = []
    """Further texts that mean "no figure" here."""

    def __post_init__(self) -> None:
        places = [self.path, self.document, self.constant]
        if self.attribute is not None and places == [None, None, None]:
            self.path = ROW
        elif sum(place is not None for place in places) != self._places_wanted():
            raise ValueError("give one of `path`, `document` and `constant`")
        if self.path == []:
            raise ValueError("`path` is empty")
        if self.pattern is not None:
            compile_pattern(self.pattern, groups=1)

    def _places_wanted(self) -> int:
        return 1

    @property
    def paths(self) -> list[str]:
        """The places within the row, none for a field that stands elsewhere."""
        if self.path is None:
            return []
        return [self.path] if isinstance(self.path, str) else self.path


class TimeField(Locator, forbid_unknown_fields=True):
    """A time, and the forms it is written in."""

    formats: list[TimeForm] = msgspec.field(default_factory=lambda: _AUTO)
    received: bool = False
    """The source publishes no time at all: the time of receipt stands in, and is said to."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if "month_first" in self.formats and {"day_first", "auto"} & set(self.formats):
            raise ValueError("`month_first` and `day_first` (or `auto`) contradict each other")
        if "epoch_seconds" in self.formats and "epoch_milliseconds" in self.formats:
            raise ValueError("`epoch_seconds` and `epoch_milliseconds` contradict each other")
        if not self.formats:
            raise ValueError("`formats` is empty")

    def _places_wanted(self) -> int:
        return 0 if self.received else 1


class WaitField(Locator, forbid_unknown_fields=True):
    """The wait and what it means."""

    unit: Unit | None = None
    """What bare numbers count. Without it they are refused."""
    statistic: Statistic = Statistic.UNSPECIFIED
    clock_from: str = "arrival"
    clock_to: str = "treatment"
    zero: Literal["empty_queue", "normal", "unknown"] = "empty_queue"
    """When a wait of 0 is a figure: with nobody waiting, always, or never."""
    zero_texts: list[str] = []
    """Texts that mean 0 ("No wait")."""
    suppressed_texts: list[str] = []
    """Texts by which the source withholds a figure that it has."""
    rounds_up_minutes: Annotated[int, msgspec.Meta(gt=0, le=1440)] | None = None
    """The source rounds up to this step: 3.5 hours with 30 is over 180 and up to 210."""


class FlagField(Locator, forbid_unknown_fields=True):
    """A truth value."""

    invert: bool = False


class StatusField(Locator, forbid_unknown_fields=True):
    """The door: the source's words (folded as names are; true and false too) and ours."""

    map: dict[str, FacilityStatus] = {}
    ignore_others: bool = False
    """Whether a word that is not in the map says nothing, instead of refusing the row."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.map:
            raise ValueError("`map` is empty")


class Position(msgspec.Struct, forbid_unknown_fields=True):
    """Coordinates in the row, by which a wrong or shifted row can be told."""

    latitude: Locator
    longitude: Locator
    south: float
    west: float
    north: float
    east: float
    swapped: bool = False
    """Whether this source is known to write latitude as longitude."""


class Fields(msgspec.Struct, forbid_unknown_fields=True):
    """The fields that are read; what a source does not give is left out."""

    facility: Locator
    as_of: TimeField | list[TimeField]
    """When it was measured; of several places, the first that has anything."""
    published_at: TimeField | None = None
    wait: WaitField | None = None
    wait_unavailable: FlagField | None = None
    """A flag that says that the wait beside it is no figure."""
    patients_waiting: Locator | None = None
    patients_in_department: Locator | None = None
    status: StatusField | None = None
    position: Position | None = None

    def __post_init__(self) -> None:
        if not self.as_of_places:
            raise ValueError("`as_of` is empty")
        if self.published_at is not None and self.published_at.received:
            raise ValueError("`published_at` cannot be the time of receipt")

    @property
    def as_of_places(self) -> list[TimeField]:
        """Every place of the time of measurement, in the order to look in."""
        return [self.as_of] if isinstance(self.as_of, TimeField) else self.as_of

    def list_locators(self) -> list[tuple[str, Locator]]:
        """Every locator with its name."""
        found: list[tuple[str, Locator]] = [("as_of", place) for place in self.as_of_places]
        for name in self.__struct_fields__:
            field = getattr(self, name)
            if isinstance(field, Locator) and name != "as_of":
                found.append((name, field))
        if self.position is not None:
            found.append(("position.latitude", self.position.latitude))
            found.append(("position.longitude", self.position.longitude))
        return found


class Condition(Locator, forbid_unknown_fields=True):
    """A test of one value: of a row to be dropped, or of a row to be sound."""

    empty: bool | None = None
    equals: str | None = None
    matches: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if sum(test is not None for test in (self.empty, self.equals, self.matches)) != 1:
            raise ValueError("give one of `empty`, `equals` and `matches`")
        if self.matches is not None:
            compile_pattern(self.matches)

    def holds(self, value: object) -> bool:
        """Whether a value found is as the condition says; `matches` looks anywhere in it."""
        text = "" if value is None else str(value).strip()
        if self.empty is not None:
            return (text == "") is self.empty
        if self.equals is not None:
            return text == self.equals
        return re.search(self.matches or "", text) is not None


def compile_pattern(pattern: str, flags: int = 0, groups: int | None = None) -> re.Pattern[str]:
    """A regular expression.

    Raises:
        ValueError: it is none, or has another number of groups than it must have.
    """
    try:
        compiled = re.compile(pattern, flags)
    except (re.error, OverflowError, RecursionError) as fault:
        raise ValueError(f"{pattern!r} is not a regular expression: {fault}") from fault
    if groups is not None and compiled.groups != groups:
        raise ValueError(f"{pattern!r} must have exactly one group (...)")
    return compiled
