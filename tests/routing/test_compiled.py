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


def run_where(folder: Path, home: Path) -> "subprocess.CompletedProcess[str]":
    script = folder / "script.py"
    script.write_text(SQUARE)
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
