"""Who only answers notices that the writer has fallen silent."""

from datetime import timedelta

import pytest

from tests.support.clock import MONDAY_MORNING, FakeClock
from waitless.health import SILENT_AFTER
from waitless.pulse import Pulse
from waitless.pulse_watch import PulseWatch

FRESH = Pulse(at=MONDAY_MORNING)


def test_a_silent_writer_is_told_once_and_so_is_its_return(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    watch = PulseWatch(clock)
    watch.look(FRESH)
    clock.move(seconds=SILENT_AFTER.total_seconds())
    watch.look(FRESH)
    assert not caplog.records
    clock.move(seconds=1)
    for _ in range(3):
        watch.look(FRESH)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "silent since 2026-11-23T10:00:00Z" in caplog.text
    for _ in range(3):
        watch.look(Pulse(at=clock()))
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_writer_that_never_spoke_has_as_long_from_our_start(clock: FakeClock) -> None:
    watch = PulseWatch(clock)
    watch.look(None)
    assert not watch.silent
    clock.move(seconds=(SILENT_AFTER + timedelta(seconds=1)).total_seconds())
    watch.look(None)
    assert watch.silent
