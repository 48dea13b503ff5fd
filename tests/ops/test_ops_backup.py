"""Backup and restore, drilled: a full server is lost, and the service answers with what it held.

`.venv/bin/pytest tests/ops/test_ops_backup.py --log-cli-level=INFO` tells the figures.
"""

import asyncio
import logging
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.support.clock import FakeClock
from tests.support.messages import observation
from tests.support.redis_groups import start_server
from tests.support.servers import Server
from tests.support.service import eventually, get_json, serving
from waitless.app import create_app
from waitless.lease import Lease
from waitless.reading import apply_observation
from waitless.settings import Settings
from waitless.store import Store

log = logging.getLogger(__name__)
OPS = Path(__file__).parents[2] / "ops"
RECOVERED_WITHIN_S = 300.0
MOST_LOST_S = 60.0


def run(script: str, *words: str | Path, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [OPS / script, *words],
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def backup(folder: Path, server: Server, **more: str) -> Path:
    done = run("backup", folder, "-p", str(server.port), **more)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture
def lost(tmp_path: Path) -> Iterator[Server]:
    """The server that will be lost."""
    server = start_server(tmp_path / "lost")
    yield server
    server.stop()


async def believe(server: Server, minutes: float, at: datetime) -> None:
    redis = Redis(port=server.port)
    lease = Lease(redis, "east-kent")
    async with Store(redis, "east-kent", lease) as store:
        await lease.win()
        await store.save_readings(
            [apply_observation(None, observation("deal-utc", minutes, as_of=at))]
        )
        await lease.release()


async def history(server: Server) -> list[float]:
    found: list[float] = []
    async with Store(Redis(port=server.port), "east-kent") as store:
        async for page in store.load_history("deal-utc", datetime(1970, 1, 1, tzinfo=UTC)):
            found += [one.wait.minutes for one in page if one.wait and one.wait.minutes]
    return found


async def test_the_drill_a_lost_server_is_followed_by_a_new_one_with_what_was_held(
    lost: Server, tmp_path: Path
) -> None:
    """As full as a county's gets: a week of readings every five minutes, of 22 facilities."""
    clock = FakeClock()
    async with Store(Redis(port=lost.port), "east-kent") as store:
        for number in range(22):
            name = "deal-utc" if number == 0 else f"facility-{number}"
            week = [
                apply_observation(
                    None, observation(name, 20 + at % 40, as_of=clock() - timedelta(minutes=5 * at))
                )
                for at in reversed(range(2016))
            ]
            for first in range(0, len(week), 100):
                await store.save_readings(week[first : first + 100])
    held = await history(lost)
    backups = tmp_path / "backups"
    copied = backup(backups, lost)
    lost.kill()
    shutil.rmtree(tmp_path / "lost")
    (tmp_path / "lost").mkdir()

    began = time.monotonic()
    assert run("restore", backups, tmp_path / "new").stdout.strip() == str(copied)
    new = start_server(tmp_path / "new")
    try:
        settings = Settings(redis_url=f"redis://127.0.0.1:{new.port}/0")
        async with serving(create_app(settings, now=clock)) as patient:

            async def shown() -> bool:
                answer = await get_json(patient, "/v1/recommendations", place="Deal", limit=50)
                waits = {one["facility"]["id"]: one["wait"] for one in answer["destinations"]}
                return bool(waits["deal-utc"] and waits["deal-utc"]["now"]["minutes"] == 20)

            await eventually(shown)
        took_s = time.monotonic() - began
        assert took_s < RECOVERED_WITHIN_S
        assert len(held) == 2016
        assert await history(new) == held
        # Nothing but the copy was needed, and what comes now is kept: also by the server's log.
        await believe(new, 77, clock() + timedelta(minutes=1))
        new.kill()
        new.start()
        assert (await history(new))[-1] == 77
    finally:
        new.stop()
    size_mib = copied.stat().st_size / 2**20
    log.info("recovered in %.1f s from a copy of %.1f MiB", took_s, size_mib)


async def test_with_a_copy_every_few_seconds_no_more_than_that_is_lost(
    lost: Server, tmp_path: Path
) -> None:
    """Believed five times a second, and lost at any moment, disk and all."""
    every_s, backups = 2, tmp_path / "backups"
    await believe(lost, 20, datetime.now(UTC))
    making = await asyncio.create_subprocess_exec(
        OPS / "backup", backups, "-p", str(lost.port),
        env={**os.environ, "EVERY": str(every_s), "KEEP": "3"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 7.3
        while time.monotonic() < deadline:
            await believe(lost, 20, datetime.now(UTC))
            await asyncio.sleep(0.2)
        lost.kill()
        died_at = datetime.now(UTC)
    finally:
        os.killpg(making.pid, signal.SIGTERM)
        await making.wait()
    assert run("restore", backups, tmp_path / "new").returncode == 0
    new = start_server(tmp_path / "new")
    try:
        async with Store(Redis(port=new.port), "east-kent") as store:
            _, readings = await store.load_readings()
    finally:
        new.stop()
    lost_s = (died_at - readings["deal-utc"].as_of).total_seconds()
    assert lost_s < every_s + 5, "what the interval says, and what making one takes"
    assert lost_s < MOST_LOST_S
    assert len(list(backups.glob("*.rdb"))) <= 3
    log.info("%.1f s lost with a copy every %d s", lost_s, every_s)


async def test_a_copy_that_was_spoilt_is_passed_over_for_an_older_one(
    lost: Server, tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    await believe(lost, 20, datetime.now(UTC))
    older = backup(backups, lost)
    await asyncio.sleep(1.1)  # names have whole seconds
    newer = backup(backups, lost)
    spoilt = bytearray(newer.read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    newer.write_bytes(spoilt)

    refused = run("restore", newer, tmp_path / "refused")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "does not hold" in refused.stderr
    assert not (tmp_path / "refused").exists()
    assert run("restore", backups, tmp_path / "new").stdout.strip() == str(older)


async def test_nothing_is_restored_over_a_server_s_data(lost: Server, tmp_path: Path) -> None:
    copied = backup(tmp_path / "backups", lost)
    refused = run("restore", copied, tmp_path / "lost")
    assert refused.returncode == 1
    assert "move it away first" in refused.stderr


async def test_a_backup_that_fails_says_so_and_leaves_the_older_ones(
    lost: Server, tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    kept = backup(backups, lost)
    lost.kill()
    failed = run("backup", backups, "-p", str(lost.port), KEEP="1")
    assert failed.returncode != 0
    assert "failed" in failed.stderr
    assert {one.name for one in backups.iterdir()} == {kept.name, f"{kept.name}.sha256"}


async def test_only_the_newest_stay(lost: Server, tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    backup(backups, lost)
    await asyncio.sleep(1.1)
    second = backup(backups, lost, KEEP="1")
    assert {one.name for one in backups.iterdir()} == {second.name, f"{second.name}.sha256"}
