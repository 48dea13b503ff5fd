import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = (
    "make",
    "redis-server",
    "mosquitto",
    "chromium",
    "nginx",
    "docker-compose",
    "promtool",
    "python3",
)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "env", "dirname"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    _write(programs / "id", "echo 1000")
    for name in TOOLS:
        _write(programs / name, "exit 0")
    _write(programs / "make", 'echo "made $*"')
    return tmp_path


def _write(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)


def _run(clone: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", clone / ".ci/run"],
        cwd="/",
        env={**os.environ, "PATH": str(clone / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_ci_checks_and_then_tests(clone: Path) -> None:
    done = _run(clone)

    assert done.returncode == 0, done.stderr
    made = [line for line in done.stdout.splitlines() if line.startswith("made")]
    assert made == ["made check", "made test"]
    assert "nothing to install" in done.stdout


@pytest.mark.parametrize("target", ["check", "test"])
def test_a_failure_fails_ci(clone: Path, target: str) -> None:
    _write(clone / "bin/make", f'echo "made $*"; [ "$1" != {target} ]')

    assert _run(clone).returncode != 0


def test_what_is_missing_is_named_with_its_install_command(clone: Path) -> None:
    for name in ("redis-server", "docker-compose", "chromium"):
        (clone / "bin" / name).unlink()
    _write(clone / "bin/python3", "exit 1")

    done = _run(clone)

    assert (
        "apt-get install --no-install-recommends "
        "redis-server chromium docker-compose python3 python3-venv"
    ) in done.stderr
