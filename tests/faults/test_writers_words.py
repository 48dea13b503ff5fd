"""What the writer's log says of each value, as the fault suite reads it."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from loadtests.faults.account import Books, balance
from loadtests.faults.judged import Judged, Log
from loadtests.faults.traffic import Sent
from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.messages import observation
from waitless.area.pack import Area
from waitless.ingest import Desk
from waitless.metrics import IngestMetrics

FACILITY, FEED = "deal-utc", "kcht"
EARLY, LATE = (MONDAY_MORNING - timedelta(seconds=left) for left in (2, 1))


@pytest.fixture
def desk(east_kent: Area, clock: FakeClock) -> Desk:
    metrics = IngestMetrics(CollectorRegistry())
    return Desk(east_kent, now=clock, metrics=metrics, listens_to_mqtt=True, hours_bind=False)


@pytest.fixture
def log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Path]:
    """Where the writer's log goes."""
    path = tmp_path / "writer.log"
    handler = logging.FileHandler(path)
    caplog.set_level(logging.DEBUG, "waitless.ingest.desk")
    logger = logging.getLogger("waitless.ingest.desk")
    logger.addHandler(handler)
    yield path
    logger.removeHandler(handler)
    handler.close()


def sent(as_of: datetime, minutes: float = 22.0) -> Sent:
    return Sent(FACILITY, int(as_of.timestamp() * 1000), minutes)


def hear(desk: Desk, as_of: datetime, minutes: float = 22.0) -> None:
    desk.judge(FEED, [observation(FACILITY, minutes, as_of=as_of, received_at=MONDAY_MORNING)])


def words_of(log: Path, as_of: datetime) -> set[str]:
    one = sent(as_of)
    return set(Judged([Log(log, [0])]).read_on()[one.facility_id, one.as_of_ms].values())


def test_a_believed_a_late_and_an_absurd_wait_each_have_their_word(desk: Desk, log: Path) -> None:
    absurd = LATE + timedelta(milliseconds=1)
    for as_of, minutes in ((LATE, 22.0), (EARLY, 22.0), (absurd, 5000.0)):
        hear(desk, as_of, minutes)
    assert words_of(log, LATE) == {"believed"}
    assert words_of(log, EARLY) == {"out_of_order"}
    assert words_of(log, absurd) == {"over_limit"}


def test_a_loss_is_found_though_the_feed_held_as_many_repeats(desk: Desk, log: Path) -> None:
    """The early wait was believed and never stored; it came again twice, and was held back."""
    for as_of in (EARLY, LATE, EARLY, EARLY):
        hear(desk, as_of)
    assert desk.feeds[FEED].held["out_of_order"] == 2, "what the counters say would hide it"
    waits = [sent(EARLY), sent(LATE)]
    words = Judged([Log(log, [0])]).read_on()
    assert balance(waits, waits, Books((sent(LATE),), {FEED: 1}, {FEED: 2}, words)).lost == 1


def test_a_wait_that_came_late_is_passed_over(desk: Desk, log: Path) -> None:
    for as_of in (LATE, EARLY):
        hear(desk, as_of)
    waits = [sent(EARLY), sent(LATE)]
    words = Judged([Log(log, [0])]).read_on()
    found = balance(waits, waits, Books((sent(LATE),), {FEED: 1}, {FEED: 1}, words))
    assert (found.lost, found.passed_over) == (0, 1)
