import os
import subprocess
import sys
from pathlib import Path

SQUARE = """
from routing.compiled import compiled

@compiled
def square(number):
    return number * number

print(square(12))
"""


TIMES = """
import other
from routing.compiled import compiled_with
from other import FACTOR

@compiled_with(other)
def times(number):
    return number * FACTOR

print(times(12), sum(times.stats.cache_hits.values()))
"""


def run_where(folder: Path, home: Path, source: str = SQUARE) -> "subprocess.CompletedProcess[str]":
    script = folder / "script.py"
    if not script.exists() or script.read_text() != source:
        script.write_text(source)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        [sys.executable, str(script)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


def test_what_was_compiled_is_kept_beside_the_source(tmp_path: Path) -> None:
    done = run_where(tmp_path, tmp_path / "home")

    assert done.stdout == "144\n"
    assert list((tmp_path / "__pycache__").glob("*.nbc"))


def test_a_function_is_compiled_where_nothing_may_be_written(tmp_path: Path) -> None:
    """A file stands where each folder would have to be made, so not even root could make it."""
    (tmp_path / "__pycache__").write_text("")
    (tmp_path / "home").write_text("")

    done = run_where(tmp_path, tmp_path / "home")

    assert (done.stdout, done.returncode) == ("144\n", 0), done.stderr


def test_a_change_of_a_constant_in_a_named_module_is_noticed(tmp_path: Path) -> None:
    told = []
    for factor in (1, 1, 100):
        (tmp_path / "other.py").write_text(f"FACTOR = {factor}\n")
        told.append(run_where(tmp_path, tmp_path / "home", TIMES).stdout)

    assert told == ["12 0\n", "12 1\n", "1200 0\n"], "made, kept, made again"
