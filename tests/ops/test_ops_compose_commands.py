"""The commands of docs/operations.md that want a container engine, on paper.

No engine is here. Each command is run by a real shell with a `docker` that knows the words of the
reference and the parts of the compose file (`tests/support/paper_engine.py`): a misspelt option, a
service that is not there, a loop that takes the wrong container, or too many at once, is found.
**Not proven**: that an engine does what its reference says, how long it takes, and that no request
is lost meanwhile. The same moves with processes are proven in `test_ops_night.py`.
"""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.manual import ROOT, SETUP, read_commands
from tests.support.paper_engine import OURS, Paper

UPGRADE = "Upgrade without losing a request / Upgrade with compose"
START = "docker compose up --build --wait"
COMMANDS = [one for one in read_commands() if one.is_compose]


class Desk:
    """A shell whose `docker` is on paper."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "paper.json"
        program = folder / "docker"
        program.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -m tests.support.paper_engine "$@"\n'
        )
        program.chmod(0o755)
        self._environment = {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "PAPER": str(self._file),
            "PAUSE": "0",
        }

    def type(self, *commands: str, works: bool = True) -> str:
        """Run commands in one shell; the first that fails ends it."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join((SETUP, *commands))],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) is works, f"{commands}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def read(self) -> Paper:
        return Paper.load(self._file)

    def change(self, *, unhealthy: bool) -> None:
        """From now on, new containers of ours become healthy or not."""
        paper = self.read()
        paper.unhealthy = unhealthy
        paper.save(self._file)

    def forget_moments(self) -> None:
        paper = self.read()
        paper.moments = []
        paper.save(self._file)

    def images(self) -> dict[str, list[int]]:
        """Of the containers of ours, by service."""
        paper = self.read()
        return {name: [one.image for one in paper.of(name)] for name in ("api", "ingest")}

    def fewest(self, service: str) -> int:
        return min(moment[service] for moment in self.read().moments)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.type(START)
    desk.forget_moments()
    return desk


def find(heading: str, words: str) -> str:
    """The one command of a section with these words in it."""
    (found,) = {one.text for one in COMMANDS if one.heading == heading and words in one.text}
    return found


TAG = find(UPGRADE, "tag waitless-urgent-care:local")
BESIDE = find(UPGRADE, "docker compose build")
(DRAIN,) = {one.text for one in COMMANDS if one.text.startswith("for one in $OLD")}
UNDO = find(UPGRADE, "docker rm --force")
BACK = find(
    UPGRADE, "tag waitless-urgent-care:before waitless-urgent-care:local\ndocker compose up"
)


@pytest.mark.parametrize("command", sorted({one.text for one in COMMANDS}))
def test_every_command_is_made_of_words_and_parts_that_there_are(desk: Desk, command: str) -> None:
    desk.type(TAG, "OLD=", command)


@pytest.mark.parametrize(
    "wrong",
    [
        "docker compose restart apis",
        "docker compose up --no-recreat",
        "docker compose --profile wach up",
        "docker compose logs --since yesterday api",
        "docker compose down --volumes",
        "docker stop waitless-api-1",
        "docker rm $(docker compose ps --quiet nginx)",
    ],
)
def test_what_is_not_there_is_found(desk: Desk, wrong: str) -> None:
    desk.type(wrong, works=False)


def test_an_upgrade_starts_the_new_ones_first_and_ends_the_old_one_by_one(desk: Desk) -> None:
    desk.type(TAG, BESIDE, DRAIN)

    assert desk.images() == {"api": [2, 2], "ingest": [2]}
    assert (desk.fewest("api"), desk.fewest("ingest"), desk.fewest("nginx")) == (2, 1, 1)
    counts = [moment["api"] for moment in desk.read().moments]
    assert all(before - after <= 1 for before, after in pairwise(counts))


def test_up_with_build_alone_would_not(desk: Desk) -> None:
    desk.type(START)

    assert desk.fewest("api") == 0


def test_new_ones_that_do_not_start_are_removed_and_the_old_stay(desk: Desk) -> None:
    before = [one.id for one in desk.read().containers]
    desk.change(unhealthy=True)

    desk.type(f"{TAG}\n{BESIDE} || true\n{UNDO}")

    assert [one.id for one in desk.read().containers] == before
    assert desk.read().images[OURS] == 1
    assert desk.fewest("api") == 2


def test_going_back_is_an_upgrade_to_what_was_before(desk: Desk) -> None:
    desk.type(TAG, BESIDE, DRAIN)
    desk.forget_moments()

    desk.type(BACK)

    assert desk.images() == {"api": [1, 1], "ingest": [1]}
    assert (desk.fewest("api"), desk.fewest("ingest")) == (2, 1)


@pytest.mark.parametrize("service", ["api", "ingest"])
def test_containers_are_restarted_one_after_the_other(desk: Desk, service: str) -> None:
    before = desk.read().count(service)

    desk.type(f"roll {service}")

    assert desk.fewest(service) == before - 1


def test_more_and_fewer_answer_while_none_is_replaced(desk: Desk) -> None:
    more, fewer = (one.text for one in COMMANDS if one.heading == "Scale" and "--scale" in one.text)
    before = [one.id for one in desk.read().of("api")]

    desk.type(more)
    assert [one.id for one in desk.read().of("api")][:2] == before
    assert len(desk.read().of("api")) == 4
    desk.type(fewer)

    assert desk.read().count("api") == 2
    assert desk.fewest("api") == 2


def test_an_area_on_a_machine_of_its_own_has_what_the_scale_file_says(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    desk.type(find("Scale", "COMPOSE_FILE"))

    assert (desk.read().count("api"), desk.read().count("ingest")) == (6, 2)


def test_nginx_is_stopped_before_those_that_it_asks(desk: Desk) -> None:
    desk.type(find("Stop", "docker compose stop nginx"))

    first = next(moment for moment in desk.read().moments if moment["nginx"] == 0)
    assert first["api"] == 2
    assert {one.running for one in desk.read().containers} == {False}
