"""The days on which trips run: calendar.txt and the exceptions of calendar_dates.txt."""

from collections import defaultdict
from datetime import date
from typing import Final

from routing.transit.fields import parse_date
from routing.transit.model import Service
from routing.transit.reports import GtfsFault, GtfsReason, GtfsReport
from routing.transit.tables import GtfsTables

_WEEKDAYS: Final = (
    *("monday", "tuesday", "wednesday", "thursday"),
    *("friday", "saturday", "sunday"),
)
_WEEKLY: Final = "calendar.txt"
_EXCEPTIONS: Final = "calendar_dates.txt"
_ADDED: Final = "1"
_REMOVED: Final = "2"


def read_services(
    tables: GtfsTables, report: GtfsReport
) -> tuple[dict[str, int], tuple[Service, ...]]:
    """Return numbers by id, and the services.

    A service with an exception that cannot be read is not used: it might run on a wrong day.

    Raises:
        GtfsFault: the feed has neither table.
    """
    if not (tables.has(_WEEKLY) or tables.has(_EXCEPTIONS)):
        raise GtfsFault(f"{tables.path.name}: has neither {_WEEKLY} nor {_EXCEPTIONS}")
    weeks = _read_weeks(tables, report)
    added: dict[str, set[date]] = defaultdict(set)
    removed: dict[str, set[date]] = defaultdict(set)
    doubtful = {service for service, week in weeks.items() if week is None}
    for row in tables.read(_EXCEPTIONS, ("service_id", "date", "exception_type")):
        service, day, kind = row["service_id"], parse_date(row["date"]), row["exception_type"]
        if day is None or kind not in {_ADDED, _REMOVED}:
            problem = f"date {row['date']!r}, exception_type {kind!r}: {service!r} is not used"
            report.refuse(GtfsReason.WRONG_DATE, _EXCEPTIONS, row.line, problem)
            doubtful.add(service)
        else:
            (added if kind == _ADDED else removed)[service].add(day)
    known = [service for service in {**weeks, **added, **removed} if service not in doubtful]
    services = tuple(
        Service(
            *(weeks.get(service) or ((False,) * 7, date.min, date.min)),
            added=frozenset(added[service]),
            removed=frozenset(removed[service]),
        )
        for service in known
    )
    return {service: number for number, service in enumerate(known)}, services


def _read_weeks(
    tables: GtfsTables, report: GtfsReport
) -> dict[str, tuple[tuple[bool, ...], date, date] | None]:
    """Return weekdays, first and last day by service; None where they were refused."""
    weeks: dict[str, tuple[tuple[bool, ...], date, date] | None] = {}
    for row in tables.read(_WEEKLY, ("service_id", *_WEEKDAYS, "start_date", "end_date")):
        service = row["service_id"]
        flags = [row[name] for name in _WEEKDAYS]
        starts, ends = parse_date(row["start_date"]), parse_date(row["end_date"])
        if service in weeks:
            report.refuse(GtfsReason.REPEATED_ID, _WEEKLY, row.line, f"service_id {service!r}")
            continue
        weeks[service] = None
        if starts is None or ends is None or ends < starts:
            problem = f"{row['start_date']!r} to {row['end_date']!r}: {service!r} is not used"
            report.refuse(GtfsReason.WRONG_DATE, _WEEKLY, row.line, problem)
        elif not set(flags) <= {"0", "1"}:
            problem = f"weekdays {','.join(flags)}: {service!r} is not used"
            report.refuse(GtfsReason.WRONG_VALUE, _WEEKLY, row.line, problem)
        else:
            weeks[service] = (tuple(flag == "1" for flag in flags), starts, ends)
    return weeks
