"""`ops/backup` and `ops/restore`, run as they stand, and something to be copied."""

import os
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

from tests.support.messages import observation
from tests.support.servers import Server
from waitless.reading import apply_observation
from waitless.store import Store

OPS = Path(__file__).parents[2] / "ops"
WEEK = 2016
"""Readings every five minutes."""


def run(script: str, *words: str | Path, **more: str) -> "subprocess.CompletedProcess[str]":
    """A script of ours, to its end, with more in its environment."""
    return subprocess.run(
        [OPS / script, *words],
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def backup(folder: Path, server: Server, *words: str, **more: str) -> Path:
    """A copy of a server."""
    done = run("backup", folder, "-p", str(server.port), *words, **more)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


async def fill_with_a_week(store: Store, until: datetime) -> None:
    """As full as a county's gets: a week of readings every five minutes, of 22 facilities."""
    for number in range(22):
        name = "deal-utc" if number == 0 else f"facility-{number}"
        week = [
            apply_observation(
                None, observation(name, 20 + at % 40, as_of=until - timedelta(minutes=5 * at))
            )
            for at in reversed(range(WEEK))
        ]
        for first in range(0, len(week), 100):
            await store.save_readings(week[first : first + 100])
