"""How long a door has been open, for the rule that nobody has waited longer than that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from waitless.area.hours import Calendar, WeeklyHours

_LOOK_BACK_DAYS = 8
"""A door that has not shut for a week never does."""
_ASK_AGAIN_AFTER = timedelta(minutes=1)


@dataclass(slots=True)
class Openings:
    """Minutes since each facility opened, from its weekly hours; an `OpenedMinutes`.

    Remembers the opening span it last found: the calendar is asked about once a span, or once a
    minute while the door is shut.
    """

    calendar: Calendar
    hours: Mapping[str, WeeklyHours]
    _found: dict[str, tuple[datetime, datetime, datetime | None]] = field(default_factory=dict)
    """By facility: from when and until when the answer holds; since when open, None where shut."""

    def __call__(self, facility_id: str, at: datetime) -> float | None:
        """Minutes since the door opened; below 0 where shut, None for never shut or unknown."""
        hours = self.hours.get(facility_id)
        if hours is None:
            return None
        found = self._found.get(facility_id)
        if found is None or not found[0] <= at < found[1]:
            found = self._find(hours, at)
            self._found[facility_id] = found
        since = found[2]
        if since is None:
            return -1.0
        if at - since >= timedelta(days=_LOOK_BACK_DAYS - 1):
            return None
        return (at - since).total_seconds() / 60

    def _find(self, hours: WeeklyHours, at: datetime) -> tuple[datetime, datetime, datetime | None]:
        """The opening that covers an instant, spans that touch counted as one."""
        today = at.astimezone(self.calendar.zone).date()
        spans = [
            span
            for back in range(_LOOK_BACK_DAYS + 1)
            for span in self.calendar.spans(hours, today - timedelta(days=back))
        ]
        covering = [span for span in spans if span[0] <= at < span[1]]
        if not covering:
            opening = self.calendar.find_opening(hours, at) or at + _ASK_AGAIN_AFTER
            return at, min(opening, at + _ASK_AGAIN_AFTER), None
        start, end = min(covering)
        for earlier_start, earlier_end in sorted(spans, reverse=True):
            if earlier_start < start <= earlier_end:
                start = earlier_start
        return start, end, start
