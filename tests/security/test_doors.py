"""docs/security.md: every door has a guard and a test, and every test that it names is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORDS = (ROOT / "docs/security.md").read_text(encoding="utf-8")
DOORS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in WORDS.partition("## The doors")[2].partition("\n## ")[0].splitlines()
    if line.startswith("|")
][2:]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@cache
def list_tests(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [
        one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return frozenset(one.name for one in found)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door[0])
def test_every_door_has_a_guard_and_a_test_that_is_there(door: list[str]) -> None:
    name, guard, tried = door

    assert name
    assert guard
    tests = NAMED.findall(tried)
    assert len(tests) == tried.count("::")
    assert tests, "nobody tries it"
    for path, test in tests:
        assert test in list_tests(ROOT / path), f"{path} has no {test}"


@pytest.mark.parametrize(
    "door",
    ["HTTP", "push", "operators", "sign-in", "sessions", "MQTT", "polls outward", "files", "Redis",
     "command line", "logs", "dependencies", "container"],
)  # fmt: skip
def test_no_way_in_is_forgotten(door: str) -> None:
    assert any(door in row[0] for row in DOORS)
