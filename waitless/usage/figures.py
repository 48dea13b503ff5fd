"""Figures: what counts say of a day, a week, a month. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from waitless.answers.render import NOWHERE
from waitless.area.facility import Kind
from waitless.usage.store import ANSWERS, STREAMS

DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFigures:
    """What was answered and begun within some days. Shares are of 1, null where of nothing."""

    since: date
    until: date
    """The last day, itself within."""
    answers: int
    first: dict[str, int]
    """By kind of the place that was put first."""
    nowhere: int
    """Answers that had no place to put first."""
    nearest: dict[str, int]
    """By kind of the nearest place that could see the patient."""
    spared_ed: int
    """Answers whose nearest place was an emergency department, and the first was none."""
    added_ed: int
    """Answers whose first place was an emergency department, and the nearest was none."""
    journeys: dict[str, int]
    """Journeys that were begun, by kind of the place; cancelled ones too."""
    ed_share_of_first: float | None
    """Of answers that put a place first."""
    ed_share_of_nearest: float | None
    """What that would be if everybody went to the nearest."""
    spared_share: float | None
    """`spared_ed` of the same answers."""
    ed_share_of_journeys: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFigures:
    """What goes on now, over all answering processes: of the last whole ten seconds at most."""

    answers_last_minute: int
    event_streams: int


def list_days(today: date, days: int) -> list[date]:
    """The last so many days, today the last."""
    return [today - timedelta(days=ago) for ago in range(days - 1, -1, -1)]


def week_of(today: date) -> list[date]:
    """This week's days up to today, from Monday."""
    return list_days(today, today.weekday() + 1)


def month_of(today: date) -> list[date]:
    """This month's days up to today."""
    return list_days(today, today.day)


def sum_up(days: Sequence[date], counts: Mapping[date, Mapping[str, int]]) -> UsageFigures:
    """The figures of some days in a row, at least one."""
    pairs: dict[tuple[str, str], int] = {}
    journeys: dict[str, int] = {}
    for day in days:
        for name, number in counts.get(day, {}).items():
            what, _, rest = name.partition(":")
            if what == ANSWERS:
                first, _, nearest = rest.partition(":")
                pairs[first, nearest] = pairs.get((first, nearest), 0) + number
            elif what == "journeys":
                journeys[rest] = journeys.get(rest, 0) + number
    ed = Kind.ED.value
    placed = {pair: number for pair, number in pairs.items() if pair[0] != NOWHERE}
    led = sum(placed.values())
    first_ed = sum(number for (first, _), number in placed.items() if first == ed)
    nearest_ed = sum(number for (_, nearest), number in placed.items() if nearest == ed)
    both = pairs.get((ed, ed), 0)
    return UsageFigures(
        since=days[0],
        until=days[-1],
        answers=sum(pairs.values()),
        first=_by_kind((first, number) for (first, _), number in placed.items()),
        nowhere=sum(pairs.values()) - led,
        nearest=_by_kind((nearest, number) for (_, nearest), number in placed.items()),
        spared_ed=nearest_ed - both,
        added_ed=first_ed - both,
        journeys=_by_kind(journeys.items()),
        ed_share_of_first=_share(first_ed, led),
        ed_share_of_nearest=_share(nearest_ed, led),
        spared_share=_share(nearest_ed - both, led),
        ed_share_of_journeys=_share(journeys.get(ed, 0), sum(journeys.values())),
    )


def sum_up_live(buckets: Sequence[Mapping[str, int]]) -> LiveFigures:
    """What goes on, from the counts of the last minute's whole buckets, oldest first."""
    return LiveFigures(
        answers_last_minute=sum(one.get(ANSWERS, 0) for one in buckets),
        event_streams=buckets[-1].get(STREAMS, 0),
    )


def _by_kind(counted: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Every kind, those that nothing was counted of too."""
    by_kind = dict.fromkeys((kind.value for kind in Kind), 0)
    for kind, number in counted:
        if kind in by_kind:
            by_kind[kind] += number
    return by_kind


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, DIGITS) if whole else None
