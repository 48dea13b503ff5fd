"""`make soak`, as the suite has time for: one fault under a few questions a second."""

from pathlib import Path

import orjson
import pytest

from loadtests.budgets import judge, load_budgets
from loadtests.faults.endured import OURS
from loadtests.faults.soak import endure, list_harmless
from loadtests.faults.soak_report import list_lines, measure, save


def test_a_soak_has_faults_that_nobody_of_ours_dies_of() -> None:
    names = [one.name for one in list_harmless()]
    assert not [name for name in names if "kill" in name or "restart" in name]
    assert {name.partition(":")[0] for name in names} == {
        "stop", "slow", "cut", "half open", "drip", "reset",
    }  # fmt: skip
    assert not {"stop: redis", "stop: writer", "cut: ingest-redis", "clock +1 h and back"} & {
        *names
    }
    assert {"stop: broker + api", "cut: api-redis", "half open: ingest-broker"} <= {*names}


@pytest.mark.timeout(400)
async def test_a_soak_tells_what_every_process_held_and_who_failed(tmp_path: Path) -> None:
    [fault] = [one for one in list_harmless() if one.name == "cut: patients-api 1"]
    endured = await endure([fault], 0, 40, tmp_path)

    figures = measure(endured)
    verdicts = judge(figures, load_budgets("soak"))
    path = save(endured, figures, verdicts, tmp_path / "results")

    assert [row.fault for row in endured.rows] == [fault.name]
    assert {one.name: one.kept for one in verdicts} == {"errors": True, "ended": True}
    assert set(endured.memory) == {*OURS, "redis", "broker"}
    assert endured.load.seen[fault.name].passed_on, "one process was cut off"
    assert any(line.startswith(f"| {fault.name} | 1 |") for line in list_lines(endured))
    assert set(orjson.loads(path.read_bytes())) >= {"figures", "memory_mib", "marks", "faults"}
    assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
