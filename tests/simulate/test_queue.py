"""One facility's waiting room: `waitless.simulate.queue.Queue`."""

from waitless.simulate.assumptions import Care
from waitless.simulate.queue import Patient, Queue, Staff

NOON = 720.0


def make(minors: int = 1, majors: int = 1) -> Queue:
    care = Care(
        minors_per_day=10,
        minors_staff=[minors] * 24,
        minor_minutes=20,
        majors_per_day=10,
        majors_staff=[majors] * 24,
        major_minutes=60,
    )
    return Queue(care, majors_waiting_limit=2, window_min=60)


def patient(number: int, arrives: float = NOON, gives_up: float = 9999.0) -> Patient:
    return Patient(number, arrives_min=arrives, gives_up_min=gives_up)


def test_a_minor_is_seen_at_once_where_a_clinician_is_free() -> None:
    queue, one = make(), patient(1)
    queue.join(one, 1.5)

    (call,) = queue.call(NOON, is_open=True)

    assert call == (one, NOON + 30, Staff.MINORS)
    assert one.seen_min == NOON


def test_one_waiting_major_takes_no_clinician_from_minors() -> None:
    queue, one = make(), patient(1)
    for _ in range(2):  # one in, one waits
        queue.join_major(1.0)
    queue.join(one, 1.0)

    calls = list(queue.call(NOON, is_open=True))

    assert [call.patient for call in calls] == [None, one]


def test_two_waiting_majors_take_the_clinician_of_the_minors() -> None:
    queue = make()
    for _ in range(3):  # one in, two wait
        queue.join_major(1.0)
    queue.join(patient(1), 1.0)

    calls = list(queue.call(NOON, is_open=True))

    assert [call.staff for call in calls] == [Staff.MAJORS, Staff.MINORS]
    assert all(call.patient is None for call in calls)
    assert queue.waiting() == 1


def test_who_gives_up_leaves_then_and_is_never_called() -> None:
    queue, busy, gone = make(), patient(1), patient(2, gives_up=NOON + 10)
    queue.join(busy, 1.0)
    queue.join(gone, 1.0)
    list(queue.call(NOON, is_open=True))

    queue.free(Staff.MINORS)
    assert not list(queue.call(NOON + 20, is_open=True))

    assert gone.seen_min is None
    assert gone.left_min == NOON + 10
    assert queue.waiting() == 0


def test_a_feed_of_an_idle_room_tells_zero_and_of_a_stuck_one_how_long_it_is() -> None:
    queue = make()
    assert queue.posted_minutes(NOON) == 0

    queue.join(patient(1), 10.0)
    queue.join(patient(2, arrives=NOON + 5), 1.0)
    list(queue.call(NOON, is_open=True))

    assert queue.posted_minutes(NOON + 30) == 0, "one was called within the hour, at once"
    assert queue.posted_minutes(NOON + 90) == 85
