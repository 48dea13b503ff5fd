"""What counts say of a day, a week and a month."""

from datetime import date

from waitless.usage.figures import month_of, sum_up, sum_up_live, week_of

SUNDAY, MONDAY = date(2026, 11, 1), date(2026, 11, 2)


def test_a_week_begins_on_monday_and_a_month_on_its_first() -> None:
    assert week_of(MONDAY) == [MONDAY]
    assert week_of(SUNDAY)[0] == date(2026, 10, 26)
    assert month_of(MONDAY) == [SUNDAY, MONDAY]
    assert month_of(SUNDAY) == [SUNDAY]


def test_who_was_not_sent_to_the_nearest_emergency_department_is_counted() -> None:
    counts = {
        SUNDAY: {"answers:utc:ed": 3, "answers:ed:ed": 1, "journeys:utc": 4},
        MONDAY: {
            "answers:ed:miu": 1,
            "answers:utc:utc": 5,
            "answers:none:none": 7,
            "journeys:ed": 1,
        },
    }

    told = sum_up([SUNDAY, MONDAY], counts)

    assert (told.answers, told.nowhere) == (17, 7)
    assert told.first == {"ed": 2, "utc": 8, "miu": 0, "walk-in": 0}
    assert (told.spared_ed, told.added_ed) == (3, 1)
    assert (told.ed_share_of_first, told.ed_share_of_nearest) == (0.2, 0.4)
    assert told.spared_share == 0.3
    assert told.ed_share_of_journeys == 0.2


def test_of_days_without_use_no_share_is_told() -> None:
    told = sum_up([SUNDAY], {})

    assert told.answers == 0
    assert told.ed_share_of_first is told.ed_share_of_journeys is told.spared_share is None


def test_what_cannot_be_a_count_of_ours_is_passed_over() -> None:
    told = sum_up([SUNDAY], {SUNDAY: {"answers:hospital:utc": 2, "colour": 9}})

    assert sum(told.first.values()) == 0


def test_the_last_minute_is_the_sum_of_its_buckets_and_streams_those_of_the_last() -> None:
    told = sum_up_live([{"answers": 3, "streams": 9}, {}, {"answers": 4, "streams": 2}])

    assert (told.answers_last_minute, told.event_streams) == (7, 2)
