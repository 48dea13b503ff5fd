"""`waitless` by a clock that can be stepped: `python -m loadtests.faults.stepped FILE serve ...`.

FILE holds how many seconds the clock is ahead of the machine's, as eight bytes that are mapped:
whoever writes them steps every process that has the file.
"""

import mmap
import struct
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import waitless.app
from waitless.cli import main as run_waitless

_AHEAD_S = struct.Struct("d")


def step_clock(path: Path, ahead_s: float) -> None:
    """Set how far ahead the clock is."""
    if path.exists():
        with path.open("r+b") as file:
            file.write(_AHEAD_S.pack(ahead_s))
    else:
        path.write_bytes(_AHEAD_S.pack(ahead_s))


def stepped_clock(path: Path) -> Callable[[], datetime]:
    """The clock that a file steps."""
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), _AHEAD_S.size, access=mmap.ACCESS_READ)

    def now() -> datetime:
        [ahead_s] = _AHEAD_S.unpack_from(mapped)
        return waitless.app.utc_now() + timedelta(seconds=ahead_s)

    return now


def main() -> None:
    """Run `waitless` by it."""
    clock = stepped_clock(Path(sys.argv.pop(1)))
    waitless.app.create_app = partial(waitless.app.create_app, now=clock)  # type: ignore[assignment]
    run_waitless()


if __name__ == "__main__":
    main()
