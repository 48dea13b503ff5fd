"""`waitless feeds check`, as an engineer types it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from feeds.definition import load_definition
from feeds.model import Observation
from tests.conftest import DATA
from waitless.cli import main
from waitless.commands.feeds import check_payload, find_definition


def run(*arguments: object, standard_input: bytes = b"") -> tuple[int, list[str], str]:
    result = CliRunner().invoke(
        main, ["feeds", "check", *map(str, arguments)], input=standard_input
    )
    return result.exit_code, result.stdout.splitlines(), result.stderr


def test_check_prints_a_line_for_every_observation_and_refusal() -> None:
    code, lines, _ = run(
        "coventry-uhcw", DATA / "feeds/coventry.json", "--at", "2022-12-24T08:00:00Z"
    )

    assert code == 0
    documents = [json.loads(line) for line in lines]
    assert [document["accepted"] for document in documents] == [False, True, True, True, True]
    assert documents[0]["rule"] == "incomplete"
    assert "coventry-gynaecology" in documents[0]["detail"]
    assert documents[2] == {
        "accepted": True,
        "facility_id": "rugby-utc",
        "as_of": "2022-12-24T08:00:00+00:00",
        "as_of_is_received": True,
        "published_at": None,
        "wait": {
            "minutes": None,
            "low": 120.0,
            "high": None,
            "statistic": "unspecified",
            "clock_from": "arrival",
            "clock_to": "treatment",
        },
        "no_figure": None,
        "patients_waiting": None,
        "patients_in_department": None,
        "status": None,
    }


def test_a_time_without_an_offset_is_in_the_feeds_zone() -> None:
    payload = (DATA / "feeds/cumbria.txt").read_bytes()

    code, lines, _ = run("cumbria-ncic", "-", "--at", "2025-07-02T22:45", standard_input=payload)

    assert code == 0
    assert {json.loads(line).get("as_of") for line in lines} == {None, "2025-07-02T21:40:00+00:00"}


@pytest.mark.parametrize("text", ["waits = 5", 'id = "x"', "\xff"])
def test_a_faulty_definition_fails_with_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "faulty.toml"
    path.write_bytes(text.encode("latin-1"))

    code, lines, error = run(path, DATA / "feeds/coventry.json")

    assert (code, lines) == (1, [])
    assert "faulty.toml" in error


def test_a_definition_that_is_not_there_or_a_time_that_is_none_fails() -> None:
    for arguments in (("nowhere", "-"), ("coventry-uhcw", "-", "--at", "soon")):
        code, _, error = run(*arguments)

        assert code == 1
        assert error.startswith("Error: ")


def test_what_a_judge_holds_back_is_printed_with_its_rule() -> None:
    def judge(observation: Observation) -> str | None:
        return "jump" if observation.facility_id == "rugby-utc" else None

    lines = check_payload(
        load_definition(find_definition("coventry-uhcw")),
        (DATA / "feeds/coventry.json").read_bytes(),
        datetime(2022, 12, 24, 8, tzinfo=UTC),
        judge,
    )

    held = [document for line in lines if (document := json.loads(line)).get("rule") == "jump"]
    assert [document["where"] for document in held] == ["rugby-utc"]
