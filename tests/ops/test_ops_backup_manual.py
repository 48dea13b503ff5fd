"""Backup and restore with the commands of docs/operations.md, typed as they stand."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from tests.support.manual import ROOT, SETUP, read_commands, read_settings
from tests.support.processes import Serving, serve
from tests.support.redis_groups import start_server
from tests.support.servers import Server
from waitless.keys import Role, make_key
from waitless.settings import load_settings

KEY, KEY_LINES = make_key("kcht", Role.PROVIDER)
VARIABLES, *COMMANDS = [one.text for one in read_commands() if one.is_of_backups]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Server]:
    """With what it holds in a folder of its own."""
    server = start_server(tmp_path / "redis")
    yield server
    server.stop()


async def push(serving: Serving, minutes: int) -> None:
    last = datetime.now(ZoneInfo("Europe/London")).strftime("%Y-%m-%d %H:%M:%S")
    body = {"serviceId": "deal-utc", "waitingTimeMins": minutes, "lastUpdated": last}
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as http,
        http.post(f"http://127.0.0.1:{serving.port}/v1/capacities", json=body) as response,
    ):
        assert response.status == 200, await response.text()


@pytest.mark.timeout(180)
async def test_a_lost_store_is_restored_by_the_manual_s_commands_while_the_service_runs(
    redis: Server, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text(KEY_LINES)
    with serve(
        tmp_path,
        WAITLESS_REDIS_URL=f"redis://127.0.0.1:{redis.port}/0",
        WAITLESS_KEYS_FILE=str(keys),
    ) as serving:
        await serving.becomes("ready", within_s=100)
        await push(serving, minutes=25)
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "COPIES": str(tmp_path / "copies"),
            "REDIS_PORT": str(redis.port),
            "REDIS_DATA": str(tmp_path / "redis"),
            "WAITLESS": f"http://127.0.0.1:{serving.port}",
        }

        async def type(command: str) -> str:  # noqa: A001 - what is done with it
            done = await asyncio.to_thread(
                subprocess.run,
                ["bash", "-euo", "pipefail", "-c", f"{SETUP}\n{VARIABLES}\n{command}"],
                cwd=ROOT,
                env=variables,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}"
            return done.stdout

        try:
            for command in COMMANDS:
                told = await type(command)
                if command.startswith("redis-cli"):
                    await serving.says("store away")
                    assert (await serving.get("/healthz"))[0] == 200
                if command.startswith("redis-server"):
                    await serving.becomes("ready", within_s=60)
            assert '"status": "ready"' in told
            status, answer = await serving.get("/v1/recommendations?place=Deal&limit=50")
            assert status == 200
            waits = {one["facility"]["id"]: one["wait"] for one in answer["destinations"]}
            assert waits["deal-utc"]["now"]["minutes"] == 25
        finally:
            # The one that the manual's last command has started.
            await type('redis-cli -p "$REDIS_PORT" shutdown nosave || true')


def test_the_settings_that_the_manual_shows_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "waitless.toml"
    file.write_text(read_settings())

    settings = load_settings({"WAITLESS_CONFIG": str(file)})

    assert settings.area == "east-kent"
    assert [str(one) for one in settings.list_trusted_proxies()] == ["127.0.0.0/8"]
