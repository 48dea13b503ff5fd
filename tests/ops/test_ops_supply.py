"""What the service is made of: the lock, its audit and its bill of materials."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements" / "run.txt"


def commands_of(target: str) -> str:
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", "--assume-old=.venv/.complete", target],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def test_an_audit_that_could_not_ask_is_no_pass(tmp_path: Path) -> None:
    command = commands_of("audit")

    assert "--strict" in command  # else what could not be looked up is passed over
    assert "--require-hashes" in command
    assert str(LOCK.relative_to(ROOT)) in command
    words = command[command.index("--requirement") :].split("||")[0].replace("\\\n", " ").split()
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}

    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", *words, "--timeout", "2"],
        cwd=ROOT, capture_output=True, text=True, check=False, env=nowhere,
    )  # fmt: skip

    assert done.returncode != 0
    assert "No known vulnerabilities" not in done.stdout + done.stderr


@pytest.mark.filterwarnings("ignore")
def test_the_bill_of_materials_has_all_that_is_locked(tmp_path: Path) -> None:
    assert "cyclonedx-py requirements requirements/run.txt" in commands_of("sbom")
    out = tmp_path / "bom.json"

    subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "requirements", LOCK, "--output-reproducible",
         "--pyproject", ROOT / "pyproject.toml", "--of", "JSON", "--output-file", out],
        check=True, capture_output=True,
    )  # fmt: skip

    bom = json.loads(out.read_text())
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK.read_text(), re.MULTILINE))
    assert bom["bomFormat"] == "CycloneDX"
    assert bom["metadata"]["component"]["name"] == "waitless-urgent-care"
    assert {one["name"]: one["version"] for one in bom["components"]} == locked
    for one in bom["components"]:
        assert one["purl"].startswith("pkg:pypi/")
        assert any(reference.get("hashes") for reference in one["externalReferences"]), one["name"]
