"""Some of `make faults`, as the suite has time for: the others are played by that command."""

from pathlib import Path

import pytest

from loadtests.faults.acknowledging import AFTER, kill_at
from loadtests.faults.run import Row, Run
from loadtests.faults.scenarios import list_faults
from loadtests.faults.stage import running_stage

SOME = ("kill -9: redis + writer", "reset: providers-broker", "cut: api-redis")


@pytest.mark.timeout(300)
async def test_through_a_kill_a_reset_and_a_cut_no_rule_is_broken(tmp_path: Path) -> None:
    played: list[Row] = []
    async with running_stage(tmp_path) as stage:
        await Run(stage, played.append).play(one for one in list_faults() if one.name in SOME)
    assert {row.fault for row in played} == set(SOME)
    assert {row.fault: row.broken for row in played} == {row.fault: [] for row in played}
    assert all(row.balance is not None and row.balance.acknowledged for row in played)
    assert {row.fault for row in played if row.told_s is not None} >= {SOME[0], SOME[2]}
    assert sum(row.waits for row in played) > 50
    assert sum(row.aged for row in played), "a wait was seen that was about to be too old"


@pytest.mark.timeout(600)
async def test_a_writer_that_acknowledges_before_it_stores_is_found_out(tmp_path: Path) -> None:
    played: list[Row] = []
    async with running_stage(tmp_path, "tests.faults.hasty") as stage:
        await Run(stage, played.append).play([kill_at(AFTER, 3)])
    [row] = played
    assert row.balance is not None
    assert row.balance.lost
    assert f"{row.balance.lost} acknowledged waits lost" in row.broken


def test_every_fault_has_a_name_of_its_own() -> None:
    names = [one.name for one in list_faults()]
    assert len(set(names)) == len(names)
    assert set(SOME) <= set(names)
