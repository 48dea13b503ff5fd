"""Opening hours: is the door open at an instant, and when does it close?"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY = "holiday"
MINUTES_A_DAY = 24 * 60
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_LOOK_AHEAD_DAYS = 8


def parse_span(text: str) -> tuple[int, int]:
    """`"08:00-20:00"` as minutes of the day; an end at or before the start is on the next day.

    Raises:
        ValueError: not of that form, or ending after 24:00.
    """
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not HH:MM-HH:MM")
    start_hour, start_minute, end_hour, end_minute = map(int, match.groups())
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if end > MINUTES_A_DAY:
        raise ValueError(f"{text!r} ends after 24:00")
    return start, end if end > start else end + MINUTES_A_DAY


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Spans of minutes of the local day, by weekday (Monday first) and on public holidays."""

    days: tuple[tuple[tuple[int, int], ...], ...]
    """Seven tuples of (start, end); an empty one is a day closed all day."""
    holiday: tuple[tuple[int, int], ...] | None
    """The spans of a public holiday; None where it is like any such weekday."""

    @classmethod
    def parse(cls, spans: Mapping[str, Sequence[str]]) -> Self:
        """From `{"mon": ["08:00-20:00"], ..., "holiday": []}`; all seven days are wanted.

        Raises:
            ValueError: a span that is none, a day missing, or a key that is no day.
        """
        unknown = set(spans) - {*WEEKDAYS, HOLIDAY}
        missing = set(WEEKDAYS) - set(spans)
        if unknown or missing:
            fault = ", ".join(sorted(unknown or missing))
            raise ValueError(f"{'unknown' if unknown else 'missing'} day: {fault}")
        parsed = {day: tuple(parse_span(text) for text in texts) for day, texts in spans.items()}
        return cls(tuple(parsed[day] for day in WEEKDAYS), parsed.get(HOLIDAY))

    def as_text(self) -> dict[str, list[str]]:
        """The form that `parse` reads."""
        days = dict(zip(WEEKDAYS, self.days, strict=True))
        if self.holiday is not None:
            days[HOLIDAY] = self.holiday
        return {
            day: [f"{_clock_text(start)}-{_clock_text(end)}" for start, end in spans]
            for day, spans in days.items()
        }


def _clock_text(minute: int) -> str:
    of_day = minute if minute <= MINUTES_A_DAY else minute - MINUTES_A_DAY
    return f"{of_day // 60:02}:{of_day % 60:02}"


@dataclass(frozen=True, slots=True)
class Calendar:
    """The local day: its zone, and which days are public holidays."""

    zone: ZoneInfo
    holidays: Collection[date] = frozenset()

    def spans(self, hours: WeeklyHours, day: date) -> list[tuple[datetime, datetime]]:
        """The opening spans that begin on a local day, as aware UTC instants."""
        spans = hours.days[day.weekday()]
        if day in self.holidays and hours.holiday is not None:
            spans = hours.holiday
        return [(self._instant(day, start), self._instant(day, end)) for start, end in spans]

    def is_open(self, hours: WeeklyHours, at: datetime) -> bool:
        """Whether the door is open at an instant; the closing instant itself is closed."""
        return self._span_at(hours, at) is not None

    def find_closing(self, hours: WeeklyHours, at: datetime) -> datetime | None:
        """When a door that is open at `at` next closes.

        None where it is not open then, or does not close within the next week (round the clock).
        """
        closing = at
        while (span := self._span_at(hours, closing)) is not None:
            closing = span[1]
            if closing > at + timedelta(days=_LOOK_AHEAD_DAYS - 1):
                return None
        return None if closing == at else closing

    def find_opening(self, hours: WeeklyHours, at: datetime) -> datetime | None:
        """The first opening after `at`; None where there is none within a week."""
        day = at.astimezone(self.zone).date()
        for ahead in range(_LOOK_AHEAD_DAYS):
            for start, _ in self.spans(hours, day + timedelta(days=ahead)):
                if start > at:
                    return start
        return None

    def _span_at(self, hours: WeeklyHours, at: datetime) -> tuple[datetime, datetime] | None:
        today = at.astimezone(self.zone).date()
        for day in (today, today - timedelta(days=1)):
            for start, end in self.spans(hours, day):
                if start <= at < end:
                    return start, end
        return None

    def _instant(self, day: date, minute: int) -> datetime:
        later, of_day = divmod(minute, MINUTES_A_DAY)
        wall = time(of_day // 60, of_day % 60)
        local = datetime.combine(day + timedelta(days=later), wall, tzinfo=self.zone)
        return local.astimezone(UTC)
