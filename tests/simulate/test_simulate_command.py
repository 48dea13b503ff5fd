"""`waitless simulate`."""

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from waitless.cli import main

SHORT = ["simulate", "--replications", "2", "--days", "1", "--processes", "1"]


def test_it_prints_each_policy_with_its_changes_and_draws(tmp_path: Path) -> None:
    out = tmp_path / "out"

    result = CliRunner().invoke(
        main, [*SHORT, "--policy", "posted", "--policy", "none", "--out", str(out)]
    )

    assert result.exit_code == 0, result.output
    found = orjson.loads(result.stdout)
    assert found["data"] == "simulated"
    assert list(found["policies"]) == ["none", "posted"]
    posted = found["policies"]["posted"]
    for name in ("mean_minutes", "p90_minutes", "change_mean", "change_mean_ci95",
                 "ed_minors_change", "miu_queue_sd_change", "told_30_short_share"):  # fmt: skip
        assert name in posted
    low, high = posted["change_mean_ci95"]
    assert low <= posted["change_mean"] <= high
    assert orjson.loads((out / "simulation.json").read_bytes()) == found
    drawn = {path.stem for path in out.glob("*.png")}
    assert drawn == {"ae_minors_shift", "by_zone", "queue_trace"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--close", "camelot@12:00"], "camelot"),
        (["--freeze", "deal-utc:3"], "deal-utc:3"),
        (["--lie", "deal-utc"], "deal-utc"),
        (["--adoption", "1.5"], "adoption"),
        (["--policy", "best"], "best"),
        (["--sweep"], "--out"),
    ],
)
def test_what_cannot_be_played_is_refused_by_name(options: list[str], told: str) -> None:
    result = CliRunner().invoke(main, [*SHORT, *options])

    assert result.exit_code != 0
    assert told in result.output
