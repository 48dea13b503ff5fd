"""How old the newest copy of the store is: what counts as one, and what is told of it."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.service import Patient, eventually, serving
from waitless import backups
from waitless.app import Role, create_app
from waitless.backups import find_newest_copy
from waitless.settings import Settings

OPS = Path(__file__).parents[1] / "ops"
TOLD = "waitless_backup_timestamp_seconds"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def put_copy(
    folder: Path, begun: datetime, *, copy: bytes = b"REDIS", checksum: str = "ab"
) -> Path:
    """A copy, as far as names and sizes go."""
    path = folder / f"waitless-{begun:%Y%m%dT%H%M%SZ}.rdb"
    path.write_bytes(copy)
    Path(f"{path}.sha256").write_text(checksum)
    return path


def test_the_newest_copy_counts_from_when_it_was_begun(tmp_path: Path) -> None:
    for ago in (3, 1, 2):
        put_copy(tmp_path, NOON - ago * MINUTE)

    assert find_newest_copy(tmp_path, NOON) == NOON - MINUTE


def test_what_is_not_whole_does_not_count(tmp_path: Path) -> None:
    put_copy(tmp_path, NOON - 5 * MINUTE)
    put_copy(tmp_path, NOON - 4 * MINUTE, copy=b"")
    put_copy(tmp_path, NOON - 3 * MINUTE, checksum="")
    Path(f"{put_copy(tmp_path, NOON - 2 * MINUTE)}.sha256").unlink()
    put_copy(tmp_path, NOON - MINUTE).unlink()
    (tmp_path / ".waitless-20261123T115930Z.rdb.part").write_bytes(b"REDIS")

    assert find_newest_copy(tmp_path, NOON) == NOON - 5 * MINUTE


def test_a_copy_of_the_future_does_not_hide_that_none_is_made(tmp_path: Path) -> None:
    put_copy(tmp_path, NOON + MINUTE)
    assert find_newest_copy(tmp_path, NOON) is None

    put_copy(tmp_path, NOON - MINUTE)
    assert find_newest_copy(tmp_path, NOON) == NOON - MINUTE


names = st.one_of(
    st.from_regex(r"waitless-[0-9]{8}T[0-9]{6}Z\.rdb(\.sha256)?", fullmatch=True),
    st.text("abwlites-20T9Z.rdsh² ", min_size=1, max_size=40),
).filter(lambda name: name not in {".", ".."})


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(names, max_size=8))
def test_other_files_in_the_folder_are_no_copies(tmp_path: Path, others: list[str]) -> None:
    for name in others:
        (tmp_path / name).write_bytes(b"x")

    found = find_newest_copy(tmp_path, NOON)

    assert found is None or (tmp_path / f"waitless-{found:%Y%m%dT%H%M%SZ}.rdb.sha256").exists()
    for one in tmp_path.iterdir():
        one.unlink()


async def told(patient: Patient) -> float | None:
    """When the newest copy was begun, as Prometheus is told; None where nothing is told."""
    text = await (await patient.get("/metrics")).text()
    found = re.search(rf"^{TOLD} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else None


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "LOOK_EVERY_S", 0.05)


@pytest.mark.usefixtures("quick")
async def test_a_copy_that_was_made_is_told_by_the_process_that_writes(
    settings: Callable[..., Settings], redis_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "copies"
    given = settings(backup_folder=folder, backup_every_seconds=30)
    async with serving(create_app(given, Role.ALL)) as patient:

        async def none_is_seen() -> bool:
            return await told(patient) == 0

        async def one_is_seen() -> bool:
            return bool(await told(patient))

        await eventually(none_is_seen)  # the folder is not even there
        before = datetime.now(UTC).replace(microsecond=0)
        await asyncio.to_thread(
            subprocess.run,
            [OPS / "backup", folder, "-p", str(urlsplit(redis_url).port)],
            env=dict(os.environ),
            check=True,
            capture_output=True,
        )
        await eventually(one_is_seen)

        assert before.timestamp() <= (await told(patient) or 0) <= datetime.now(UTC).timestamp()
        text = await (await patient.get("/metrics")).text()
        assert "\nwaitless_backup_interval_seconds 30.0\n" in text


@pytest.mark.usefixtures("quick")
async def test_that_no_copy_is_seen_is_logged_once_for_each_reason(
    settings: Callable[..., Settings], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "copies"
    async with serving(create_app(settings(backup_folder=folder), now=FakeClock())) as patient:

        async def said(words: str) -> bool:
            return words in caplog.text

        await eventually(lambda: said("No such file"))
        folder.mkdir()
        await eventually(lambda: said("none is there"))
        put_copy(folder, MONDAY_MORNING - MINUTE)

        async def seen() -> bool:
            return await told(patient) == (MONDAY_MORNING - MINUTE).timestamp()

        await eventually(seen)
    lines = [one for one in caplog.messages if one.startswith("no good copy of the store in")]
    assert len(lines) == 2


def test_a_folder_that_never_answers_keeps_no_process_from_ending() -> None:
    """Copies belong on another machine's disk, and that may go away."""
    program = """
import asyncio, threading
from pathlib import Path
from prometheus_client import CollectorRegistry
from waitless import app, backups
from waitless.metrics import BackupMetrics

looking = threading.Event()

def look_for_ever(*_):
    looking.set()
    threading.Event().wait()

async def main():
    metrics = BackupMetrics(CollectorRegistry())
    watching = asyncio.create_task(backups.watch_backups(Path("/copies"), metrics, app.utc_now))
    while not looking.is_set():
        await asyncio.sleep(0.01)
    watching.cancel()
    await asyncio.wait([watching])

backups.find_newest_copy = look_for_ever
asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


async def test_without_a_folder_nothing_is_told(settings: Callable[..., Settings]) -> None:
    async with serving(create_app(settings(), Role.ALL)) as patient:

        async def writes() -> bool:
            return (await patient.get("/readyz")).status == 200

        await eventually(writes)
        assert await told(patient) is None


async def test_who_does_not_write_tells_nothing(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    put_copy(tmp_path, NOON)
    given = settings(backup_folder=tmp_path)
    async with (
        serving(create_app(given, Role.INGEST)) as writer,
        serving(create_app(given, Role.INGEST)) as standby,
        serving(create_app(given, Role.API)) as answers,
    ):

        async def writes() -> bool:
            return await told(writer) is not None

        await eventually(writes)
        assert await told(standby) is None
        assert await told(answers) is None
