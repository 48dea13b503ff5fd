"""Copies of what Redis holds, as `ops/backup` makes them: when was the newest good one begun?

The process that writes looks and tells Prometheus; it makes none and removes none.
"""

import asyncio
import logging
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

from waitless.metrics import BackupMetrics

log = logging.getLogger(__name__)

LOOK_EVERY_S = 15.0
_COPY = re.compile(r"waitless-([0-9]{8}T[0-9]{6}Z)\.rdb")


def find_newest_copy(folder: Path, now: datetime) -> datetime | None:
    """When the newest good copy in a folder was begun, by its name; None where there is none.

    Good is what has its checksum beside it, neither of them empty. Whether the checksum holds,
    `ops/restore` sees. A copy of after `now` was named by a clock that was wrong: it says nothing.

    Raises:
        OSError: the folder cannot be looked into.
    """
    # By names, not paths: a day of copies is thousands of files, and paths compare slowly.
    for name in sorted((path.name for path in folder.iterdir()), reverse=True):
        begun = _begun(name)
        if begun is not None and begun <= now and _is_whole(folder / name):
            return begun
    return None


async def watch_backups(folder: Path, metrics: BackupMetrics, now: Callable[[], datetime]) -> None:
    """Look now and then, until cancelled; a folder on a slow disk holds nobody up."""
    why_not: str | None = None
    while True:
        before, why_not, begun = why_not, None, None
        try:
            begun = await _look(folder, now())
        except OSError as fault:
            why_not = str(fault)
        else:
            if begun is None:
                why_not = "none is there"
        metrics.looked(begun)
        if why_not is not None and why_not != before:
            log.warning("no good copy of the store in %s: %s", folder, why_not)
        await asyncio.sleep(LOOK_EVERY_S)


async def _look(folder: Path, now: datetime) -> datetime | None:
    """`find_newest_copy` in a thread of its own, which ends with the process.

    The loop's executor would be waited for at its end, and a folder on a disk of another machine
    that is gone is looked into for ever.
    """
    found: Future[datetime | None] = Future()
    found.set_running_or_notify_cancel()

    def look() -> None:
        try:
            found.set_result(find_newest_copy(folder, now))
        except Exception as fault:  # noqa: BLE001 - whoever waits is told
            found.set_exception(fault)

    threading.Thread(target=look, name="look for copies", daemon=True).start()
    return await asyncio.wrap_future(found)


def _begun(name: str) -> datetime | None:
    """The time that a copy's name says; None where it is no copy's name."""
    found = _COPY.fullmatch(name)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _is_whole(copy: Path) -> bool:
    try:
        return all(path.stat().st_size for path in (copy, Path(f"{copy}.sha256")))
    except FileNotFoundError:
        return False
