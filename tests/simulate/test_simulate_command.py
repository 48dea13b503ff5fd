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
        (["--sensitivities", "--find-shift"], "one, without"),
        (["--sensitivities", "--control"], "one, without"),
        (["--sensitivities", "--policy", "posted"], "of their own"),
        (["--find-shift", "1"], "find-shift"),
    ],
)
def test_what_cannot_be_played_is_refused_by_name(options: list[str], told: str) -> None:
    result = CliRunner().invoke(main, [*SHORT, *options])

    assert result.exit_code != 0
    assert told in result.output


def test_queues_are_held_against_a_control_where_asked() -> None:
    result = CliRunner().invoke(main, [*SHORT, "--policy", "posted", "--control"])

    assert result.exit_code == 0, result.output
    posted = orjson.loads(result.stdout)["policies"]["posted"]
    low, high = posted["miu_queue_sd_against_control_ci95"]
    assert low <= posted["miu_queue_sd_against_control"] <= high


def test_all_that_goes_wrong_is_one_command(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [*SHORT, "--sensitivities", "--out", str(tmp_path)])

    assert result.exit_code == 0, result.output
    found = orjson.loads(result.stdout)["sensitivities"]
    assert len(found) == 8
    assert found["whitstable-utc shuts at noon"]["scenario"]["close"] == {"whitstable-utc": 720}
    for one in found.values():
        low, high = one["users_against_posted_ci95"]
        assert low <= one["users_against_posted"] <= high
        assert isinstance(one["worse_than_posted"], bool)
    assert (tmp_path / "sensitivities.json").exists()
    assert (tmp_path / "sensitivities.png").exists()


def test_the_adoption_of_a_shift_is_one_command() -> None:
    result = CliRunner().invoke(main, [*SHORT, "--find-shift", "0.01"])

    assert result.exit_code == 0, result.output
    found = orjson.loads(result.stdout)["ed_minors_shift"]
    assert found["shift"] == 0.01
    assert 0 < found["adoption"] < 0.6
    assert found["played"][0]["adoption"] == 0.025
