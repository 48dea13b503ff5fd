"""Dates and times of day as sources write them, taken apart into their parts.

Order does not matter: "09:03 on Friday, 31 October 2025" and "Friday 31 Oct 2025 9.03am" have
the same parts. What a part may be is strict; a word nobody knows is a fault.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from feeds.vocabulary.faults import VocabularyFault, quote

_LONGEST_TEXT = 120

_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "jan january janvier",
            "feb february fevrier",
            "mar march mars",
            "apr april avril",
            "may mai",
            "jun june juin",
            "jul july juillet",
            "aug august aout",
            "sep sept september septembre",
            "oct october octobre",
            "nov november novembre",
            "dec december decembre",
        ),
        start=1,
    )
    for word in words.split()
}
_WEEKDAYS = {
    word: number
    for number, words in enumerate(
        (
            "mon monday lundi",
            "tue tues tuesday mardi",
            "wed weds wednesday mercredi",
            "thu thur thurs thursday jeudi",
            "fri friday vendredi",
            "sat saturday samedi",
            "sun sunday dimanche",
        )
    )
    for word in words.split()
}
_RELATIVE_DAYS = {"today": 0, "yesterday": -1}
_FILLERS = frozenset(
    {
        *("last", "latest", "update", "updated", "refreshed", "checked", "published", "reported"),
        *("time", "times", "date", "data", "information", "page", "correct", "live", "current"),
        *("as", "of", "at", "on", "from", "the", "this", "all", "is", "was", "were", "are"),
        *("hr", "hrs", "hours", "mise", "a", "jour", "le"),
    }
)
"""Words around a time that change nothing about it."""

_TOKEN = re.compile(
    r"(?P<ymd>\d{4}([-/.])\d{1,2}\2\d{1,2}(?!\d))"
    r"|(?P<dmy>\d{1,2}([-/.])\d{1,2}\4\d{4}(?!\d)|\d{1,2}/\d{1,2}/\d{2}(?!\d))"
    r"|(?P<clock>\d{1,2}[:.h]\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?!\d))"
    r"|(?P<offset>(?:(?<=\d)|(?<=\d )|(?<=gmt)|(?<=utc))[+-](?:0\d|1[0-4]):?[0-5]\d(?!\d))"
    r"|(?P<number>\d{1,4}(?!\d))(?:st|nd|rd|th)?"
    r"|(?P<word>[a-z]+)"
    r"|(?P<space>[\s,.:|()–—-]+)",
    re.ASCII,
)
_MERIDIEM = re.compile(r"\b([ap])\.? ?m\b\.?")


@dataclass(slots=True)
class WrittenTime:
    """The parts of a written time; None for what is not there."""

    form: str = "clock"
    """`iso`, `day_first`, `month_first`, `words`, `no_year` or `clock`."""
    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int = 0
    second: int = 0
    microsecond: int = 0
    weekday: int | None = None
    """0 is Monday."""
    relative_day: int | None = None
    offset_minutes: int | None = None
    zone_word: str | None = None


def take_apart(text: str, forms: Collection[str]) -> WrittenTime:
    """The parts of a text.

    Args:
        text: as written.
        forms: `month_first` among them makes 10/11/2025 the eleventh of October.

    Raises:
        VocabularyFault: a part that is not known, stands twice, or is missing.
    """
    if len(text) > _LONGEST_TEXT:
        raise VocabularyFault(f"{quote(text)}... is too long to be a time")
    parts = _Parts(text, month_first="month_first" in forms)
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = _MERIDIEM.sub(r" \1m ", "".join(c for c in apart if not unicodedata.combining(c)))
    end = 0
    while end < len(plain):
        match = _TOKEN.match(plain, end)
        if match is None:
            raise parts.fault()
        parts.take(str(match.lastgroup), match[0])
        end = match.end()
    return parts.finish()


class _Parts:
    """Gathers the parts of one text."""

    def __init__(self, text: str, *, month_first: bool) -> None:
        self._text = text
        self._month_first = month_first
        self._time = WrittenTime()
        self._numbers: list[int] = []
        self._half: str | None = None

    def fault(self, why: str = "is not a time") -> VocabularyFault:
        return VocabularyFault(f"{quote(self._text)} {why}")

    def take(self, kind: str, token: str) -> None:
        match kind:
            case "ymd":
                self._take_date("iso", *(int(part) for part in re.split(r"[-/.]", token)))
            case "dmy":
                first, second, year = (int(part) for part in re.split(r"[-/.]", token))
                century = 2000 if len(re.split(r"[-/.]", token)[2]) == 2 else 0  # noqa: PLR2004
                if self._month_first:
                    self._take_date("month_first", year + century, first, second)
                else:
                    self._take_date("day_first", year + century, second, first)
            case "clock":
                self._take_clock(token)
            case "offset":
                self._set("offset_minutes", offset_minutes(token))
            case "number":
                self._numbers.append(int(token.rstrip("stndrh")))
            case "word":
                self._take_word(token)
            case _:
                pass

    def finish(self) -> WrittenTime:
        time = self._time
        if time.hour is None and self._half is not None and self._numbers:
            time.hour = self._numbers.pop(self._index_of_hour())
        if time.hour is None:
            raise self.fault("has no time of day")
        if time.month is not None and time.day is None:
            self._take_numbers_beside_month()
        if self._numbers:
            raise self.fault()
        if time.relative_day is not None and time.month is not None:
            raise self.fault("names two days")
        time.hour = self._hour_of_day(time.hour)
        return time

    def _index_of_hour(self) -> int:
        """Which bare number is the hour of "9 am": the one right before am or pm."""
        match = re.search(r"(\d{1,2})\s*[ap]\.?\s?m\b", self._text.casefold(), re.ASCII)
        if match is None or int(match[1]) not in self._numbers:
            raise self.fault()
        return self._numbers.index(int(match[1]))

    def _take_numbers_beside_month(self) -> None:
        years = [number for number in self._numbers if number >= 1000]  # noqa: PLR2004
        days = [number for number in self._numbers if number < 1000]  # noqa: PLR2004
        if len(days) != 1 or len(years) > 1:
            raise self.fault()
        self._numbers = []
        self._time.day = days[0]
        self._time.year = years[0] if years else None
        self._time.form = "words" if years else "no_year"

    def _take_word(self, word: str) -> None:
        if word in _MONTHS:
            self._set("month", _MONTHS[word])
        elif word in _WEEKDAYS:
            self._set("weekday", _WEEKDAYS[word])
        elif word in ("am", "pm"):
            if self._half is not None:
                raise self.fault()
            self._half = word
        elif word in _RELATIVE_DAYS:
            self._set("relative_day", _RELATIVE_DAYS[word])
        elif word not in _FILLERS:
            self._set("zone_word", word)

    def _take_date(self, form: str, *parts: int) -> None:
        for name, part in zip(("year", "month", "day"), parts, strict=True):
            self._set(name, part)
        self._time.form = form

    def _take_clock(self, token: str) -> None:
        whole, _, fraction = token.partition(".") if ":" in token else (token, "", "")
        hour, minute, *second = re.split(r"[:.h]", whole)
        self._set("hour", int(hour))
        self._time.minute = int(minute)
        self._time.second = int(second[0]) if second else 0
        self._time.microsecond = int(fraction[:6].ljust(6, "0")) if fraction else 0

    def _hour_of_day(self, hour: int) -> int:
        """The hour of 24; "13:00 PM" is odd but plain, "13:00 AM" and "0:30 PM" are neither."""
        match self._half:
            case "am" if hour <= 12:  # noqa: PLR2004 - half a day
                return hour % 12
            case "pm" if 1 <= hour <= 12:  # noqa: PLR2004
                return hour % 12 + 12
            case "pm" if hour > 12:  # noqa: PLR2004
                return hour
            case None:
                return hour
            case _:
                raise self.fault(f"has hour {hour} {self._half}")

    def _set(self, name: str, value: int | str) -> None:
        if getattr(self._time, name) is not None:
            raise self.fault("says it twice")
        setattr(self._time, name, value)


def offset_minutes(token: str) -> int:
    """Minutes ahead of UTC of "+01:00" or "-0330"."""
    minutes = int(token[1:3]) * 60 + int(token[-2:])
    return -minutes if token[0] == "-" else minutes
