"""`waitless serve --workers N`: real processes, replaced and killed while patients ask."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from tests.support.processes import Serving
from tests.support.servers import Server, free_port
from tests.support.signin import PASSWORDS, write_accounts
from tests.support.storm import QUESTION, STORMING, storm
from waitless.keys import Role, make_key
from waitless.registry import SHARE_EVERY_S

KEY, KEY_LINES = make_key("kcht", Role.PROVIDER)


class Workers(Serving):
    """A supervised service, and the processes under it."""

    def __init__(self, folder: Path, redis: Server, *arguments: str, **more: str) -> None:
        keys = folder / "keys.toml"
        keys.write_text(KEY_LINES)
        self.writer_port = free_port()
        environment = {
            "WAITLESS_REDIS_URL": f"redis://127.0.0.1:{redis.port}/0",
            "WAITLESS_WRITER_PORT": str(self.writer_port),
            "WAITLESS_KEYS_FILE": str(keys),
            "TMPDIR": str(folder),
        }
        super().__init__(folder, *arguments, **(environment | more))

    def list_pids(self, role: str) -> list[int]:
        """The living processes of a role."""
        pids = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                stat = path.read_text()
                words = (path.parent / "cmdline").read_text().split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            state, parent = stat.rpartition(")")[2].split()[:2]
            if int(parent) == self.process.pid and state != "Z" and role in words:
                pids.append(int(path.parent.name))
        return sorted(pids)

    async def ask_figures(self) -> dict[str, float]:
        """What `/metrics` of any worker tells, by name and labels."""
        url = f"http://127.0.0.1:{self.port}/metrics"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            lines = (await response.text()).splitlines()
        told = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in told}

    async def ask_on_a_new_connection(self, *, keep_alive: bool) -> None:
        """Ask once; `keep_alive` leaves the request to the fast path, where it is on."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        close = "" if keep_alive else "Connection: close\r\n"
        writer.write(f"GET {QUESTION} HTTP/1.1\r\nHost: here\r\n{close}\r\n".encode())
        assert b" 200 " in await reader.readline()
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async def push(self) -> int:
        """The status of a pushed wait."""
        url = f"http://127.0.0.1:{self.writer_port}/v1/capacities"
        headers = {"Authorization": f"Bearer {KEY}"}
        last = datetime.now(ZoneInfo("Europe/London")).strftime("%Y-%m-%d %H:%M:%S")
        body = {"serviceId": "deal-utc", "waitingTimeMins": 20, "lastUpdated": last}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json=body, headers=headers) as response,
        ):
            return response.status


def living(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.fixture
def two(own_redis: Server, tmp_path: Path) -> Iterator[Workers]:
    serving = Workers(tmp_path, own_redis, "--workers", "2")
    yield serving
    serving.close()


async def test_a_rolling_restart_fails_no_request(two: Workers) -> None:
    await two.becomes("ready")
    before = two.list_pids("api"), two.list_pids("ingest")
    pushed: list[int] = []

    async def push_on() -> None:
        while True:
            pushed.append(await two.push())
            await asyncio.sleep(0.1)

    async with storm(two.port) as asking:
        pushing = asyncio.create_task(push_on())
        two.signal(signal.SIGHUP)
        await two.says("every process has been replaced", within_s=180)
        await asyncio.sleep(0.5)
        pushing.cancel()
        await asyncio.wait({pushing})
        assert pushing.cancelled()
    after = two.list_pids("api"), two.list_pids("ingest")
    assert [len(pids) for pids in after] == [2, 1]
    assert not {*before[0], *before[1]} & {*after[0], *after[1]}
    assert asking.faults == []
    assert set(asking.statuses) == {200}
    assert asking.statuses[200] > 100
    assert set(pushed) == {200}


async def test_told_to_stop_it_drains_and_ends_with_status_0(two: Workers) -> None:
    await two.becomes("ready")
    pids = two.list_pids("api") + two.list_pids("ingest")
    reader, writer = await asyncio.open_connection("127.0.0.1", two.port)
    ask = f"GET {QUESTION} HTTP/1.1\r\nHost: here\r\n\r\n".encode()
    for last in (False, True):
        if last:
            two.signal(signal.SIGTERM)
            await asyncio.sleep(0.5)
        writer.write(ask)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        await reader.readexactly(int(re.findall(r"(?i)content-length: (\d+)", head)[0]))
        assert head.startswith("HTTP/1.1 200")
        assert ("connection: close" in head.lower()) is last
    assert await reader.read() == b""
    writer.close()
    assert await two.ends() == 0
    assert not living(pids)
    assert not list(two.log.parent.glob("waitless-*")), "its private folder is gone"


async def test_a_killed_worker_is_replaced_while_the_others_answer(two: Workers) -> None:
    await two.becomes("ready")
    first, second = two.list_pids("api")
    os.kill(first, signal.SIGKILL)
    await two.until(lambda: len(two.list_pids("api")) == 2 and first not in two.list_pids("api"))
    assert second in two.list_pids("api")
    await two.says("process", times=4)
    async with storm(two.port) as asking:
        pass
    assert asking.faults == []
    assert set(asking.statuses) == {200}


async def test_a_worker_killed_under_load_loses_only_what_it_had_in_work(two: Workers) -> None:
    await two.becomes("ready")
    first, _ = two.list_pids("api")
    async with storm(two.port) as asking:
        os.kill(first, signal.SIGKILL)
        await two.says("listens", times=4)
        faults, answered = len(asking.faults), asking.statuses[200]
        await two.until(lambda: asking.statuses[200] > answered + 100)
    assert faults <= STORMING, "each patient had at most one connection there"
    assert len(asking.faults) == faults, "healed"
    assert set(asking.statuses) == {200}


async def test_a_killed_ingest_is_replaced_and_what_is_pushed_meanwhile_is_taken(
    two: Workers,
) -> None:
    await two.becomes("ready")
    [first] = two.list_pids("ingest")
    async with storm(two.port) as asking:
        os.kill(first, signal.SIGKILL)
        assert await two.push() == 200, "it waits where the new one finds it"
    assert asking.faults == []
    [second] = two.list_pids("ingest")
    assert second != first


async def test_who_signed_in_at_the_writer_stays_so_when_every_process_is_replaced(
    own_redis: Server, plymouth_pack: Path, tmp_path: Path
) -> None:
    settings = {
        "WAITLESS_AREA": str(plymouth_pack),
        "WAITLESS_ACCOUNTS_FILE": str(write_accounts(tmp_path)),
    }
    two = Workers(tmp_path, own_redis, "--workers", "2", **settings)
    at = f"http://127.0.0.1:{two.writer_port}"
    try:
        await two.says("this process is the writer now")
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            form = {"name": "otto", "password": PASSWORDS["otto"]}
            headers = {"Origin": at}
            async with browser.post(f"{at}/operator/sign-in", data=form, headers=headers) as page:
                assert '<a href="/operator/sessions">otto</a>' in await page.text()

            two.signal(signal.SIGHUP)
            await two.says("every process has been replaced", within_s=180)

            async with browser.get(f"{at}/operator/sessions") as page:
                assert "You are <strong>otto</strong>" in await page.text()
            # The workers that patients ask know nothing of operators.
            url = f"http://127.0.0.1:{two.port}/operator/sign-in"
            async with browser.get(url) as response:
                assert response.status == 404
    finally:
        two.close()


async def test_with_the_supervisor_killed_nothing_is_left(two: Workers) -> None:
    await two.becomes("ready")
    pids = two.list_pids("api") + two.list_pids("ingest")
    two.signal(signal.SIGKILL)
    await two.until(lambda: not living(pids))


async def test_tables_are_mapped_once_and_shared(two: Workers) -> None:
    await two.becomes("ready")

    def list_mapped(pid: int) -> set[tuple[str, str]]:
        """Inode and path of each table that a process has mapped."""
        lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
        return {(line.split()[4], line.split()[5]) for line in lines if ".reach" in line}

    def are_shared() -> bool:
        mapped = [list_mapped(pid) for pid in two.list_pids("api")]
        return len(mapped) == 2 and len(mapped[0]) == 6 and mapped[0] == mapped[1]

    await two.until(are_shared)
    [ingest] = two.list_pids("ingest")
    [worker, _] = two.list_pids("api")
    assert list_mapped(ingest) == set(), "who only writes asks no table"
    [folder] = two.log.parent.glob("waitless-*/tables/east-kent")
    mapped = {Path(path).name for _, path in list_mapped(worker)}
    assert {path.name for path in folder.iterdir()} == mapped


async def test_any_worker_tells_what_all_have_counted(own_redis: Server, tmp_path: Path) -> None:
    two = Workers(
        tmp_path, own_redis, "--workers", "2", WAITLESS_FAST_PATH="true", WAITLESS_LOOP="uvloop"
    )
    asked = 'waitless_http_requests_total{method="GET",route="/v1/recommendations",status="200"}'
    timed = 'waitless_http_request_duration_seconds_count{route="/v1/recommendations"}'
    slowest = (  # all of them
        'waitless_http_request_duration_seconds_bucket{le="+Inf",route="/v1/recommendations"}'
    )
    hits, misses, stale = (
        f'waitless_cache_lookups_total{{outcome="{one}"}}' for one in ("hits", "misses", "stale")
    )
    fast = 'waitless_fast_path_requests_total{fate="answered"}'
    slow = 'waitless_fast_path_requests_total{fate="handed_over"}'
    try:
        await two.becomes("ready")
        before = await two.ask_figures()
        for _ in range(20):
            await two.ask_on_a_new_connection(keep_alive=False)
            await two.ask_on_a_new_connection(keep_alive=True)
        await asyncio.sleep(2 * SHARE_EVERY_S)
        told = [await two.ask_figures() for _ in range(10)]
        for figures in told:
            assert figures[asked] == figures[timed] == figures[slowest] == 40
            assert figures[hits] + figures[misses] + figures[stale] == 40
            assert figures["waitless_cache_entries"] >= 1
            assert figures["waitless_cache_bytes"] > 1000
            assert figures[fast] == 20
            assert figures[slow] >= before[slow] + 20
        assert [figures[slow] for figures in told] == sorted(figures[slow] for figures in told)
        two.signal(signal.SIGHUP)
        await two.says("every process has been replaced", within_s=180)
        figures = await two.ask_figures()
        assert figures[asked] == figures[slowest] == 40, "what was counted stays counted"
        assert figures[fast] == 20
        assert figures["waitless_cache_entries"] == 0, "what the living have"
        assert not [name for name in figures if "pid=" in name], "gauges say whose value is told"
        assert "waitless_travel_searches_total" in figures, "the writer's figures too"
    finally:
        two.close()


async def test_one_worker_is_restarted_without_a_failed_request_too(
    own_redis: Server, tmp_path: Path
) -> None:
    one = Workers(tmp_path, own_redis, "--workers", "1")
    try:
        await one.becomes("ready")
        async with storm(one.port) as asking:
            one.signal(signal.SIGHUP)
            await one.says("every process has been replaced", within_s=180)
        assert asking.faults == []
        assert set(asking.statuses) == {200}
    finally:
        one.close()


async def test_a_new_process_that_cannot_start_leaves_the_old_ones(
    own_redis: Server, plymouth_pack: Path, tmp_path: Path
) -> None:
    settings = {"WAITLESS_AREA": str(plymouth_pack)}
    one = Workers(tmp_path, own_redis, "--workers", "2", "--role", "api", **settings)
    try:
        await one.says("listens", times=2)
        before = one.list_pids("api")
        (plymouth_pack / "area.toml").write_text("nonsense")
        one.signal(signal.SIGHUP)
        await one.says("the others stay as they are")
        assert one.list_pids("api") == before
        assert (await one.get("/healthz"))[0] == 200
    finally:
        one.close()


async def test_processes_that_die_at_once_again_and_again_are_given_up(
    own_redis: Server, tmp_path: Path
) -> None:
    one = Workers(tmp_path, own_redis, "--workers", "1", WAITLESS_AREA="west-kent")
    try:
        assert await one.ends() == 1
        log = one.log.read_text()
        assert "worker 1: given up" in log
        assert "west-kent" in log
    finally:
        one.close()


@pytest.mark.parametrize("which", ["WAITLESS_PORT", "WAITLESS_WRITER_PORT"])
async def test_a_port_in_use_is_told_before_anything_is_started(
    own_redis: Server, tmp_path: Path, which: str
) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        port = taken.getsockname()[1]
        option = ("--port", str(port)) if which == "WAITLESS_PORT" else ()
        more: dict[str, Any] = {} if option else {which: str(port)}
        one = Workers(tmp_path, own_redis, "--workers", "2", *option, **more)
        try:
            assert await one.ends() == 1
            assert f"port {port}" in one.log.read_text()
            assert "Traceback" not in one.log.read_text()
        finally:
            one.close()
