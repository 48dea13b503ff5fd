"""docs/operations.md, by hand: each command is typed as it stands, while people ask.

Real processes, by `ops/by-hand`, behind a real nginx under `ops/nginx.conf`. Ports alone are others
than in the manual, so that tests can run side by side. What wants a container engine is in
`test_ops_compose_commands.py`, what wants Prometheus in `test_ops_runbooks.py`.
`--log-cli-level=INFO` tells how many were answered.
"""

import asyncio
import logging
import os
import re
import secrets
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout

from feeds.mqtt import MqttEndpoint
from tests.support.manual import MANUAL, ROOT, SETUP, read_by_hand
from tests.support.servers import Server, free_port, require_binary
from tests.support.service import eventually
from tests.support.storm import Storm, storm
from waitless.keys import Role, make_key

log = logging.getLogger(__name__)
PROVIDER, PROVIDER_LINES = make_key("kcht", Role.PROVIDER)
UPGRADE = "Upgrade without losing a request"
RENEWAL = f"{UPGRADE} / New settings, keys or pack for processes of `--workers`"


class Night:
    """Somebody at a shell, with the manual."""

    def __init__(self, folder: Path, redis: Server, broker: MqttEndpoint) -> None:
        self._folder = folder
        self._ports: dict[str, str] = {}
        self.run = folder / "run"
        self.run.mkdir()
        self.door = free_port()
        self.settings = self.run / "waitless.toml"
        keys = folder / "keys.toml"
        keys.write_text(PROVIDER_LINES)
        self.settings.write_text(
            f'redis_url = "redis://127.0.0.1:{redis.port}/0"\n'
            f'mqtt_url = "mqtt://127.0.0.1:{broker.port}"\n'
            f'keys_file = "{keys}"\ntrusted_proxies = "127.0.0.0/8"\n'
        )

    def unpack(self, version: str) -> Path:
        """A folder with a version of the project, all of them this one."""
        folder = self._folder / version
        folder.mkdir()
        for one in ROOT.iterdir():
            (folder / one.name).symlink_to(one)
        return folder

    def port(self, name: str) -> str:
        """What stands for a port of the manual."""
        return self._ports.setdefault(name, str(free_port()))

    async def type(self, command: str, version: Path = ROOT, *, works: bool = True) -> str:
        """Run it as it stands but for its ports; what it said, errors too."""
        text = re.sub(r"\b80(0[1-9]|1[12])\b", lambda found: self.port(found[0]), command)
        more = {
            "RUN": str(self.run),
            "DOOR": str(self.door),
            "WAITLESS": f"http://127.0.0.1:{self.door}",
            "PATH": os.environ["PATH"],
        }
        done = await asyncio.to_thread(
            subprocess.run,
            ["bash", "-euo", "pipefail", "-c", f"{SETUP}\n{text}"],
            cwd=version,
            env=more,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) is works, f"{text}\n{done.stdout}"
        return done.stdout

    def read_pid(self, name: str) -> int:
        """The number of a process, as `api-8001`."""
        role, port = name.split("-")
        return int((self.run / f"{role}-{self.port(port)}.pid").read_text())

    def read_pids(self) -> dict[str, str]:
        return {path.stem: path.read_text() for path in self.run.glob("*-*.pid")}

    async def sees(self, *words: str) -> None:
        """Wait until the list says all of that."""

        async def seen() -> bool:
            told = await self.type("ops/by-hand list")
            return all(word in told for word in words)

        await eventually(seen, within_s=60)

    async def becomes_ready(self) -> None:
        async def is_ready() -> bool:
            return '"status": "ready"' in await self.type("get /readyz")

        await eventually(is_ready, within_s=60)

    def failed_at_the_door(self) -> str:
        """What nginx logged of requests that failed."""
        lines = (self.run / "door.log").read_text().splitlines()
        return "\n".join(line for line in lines if '"status":20' not in line)

    def clear_up(self) -> None:
        """End whatever is left, by number."""
        for path in self.run.glob("*.pid"):
            with suppress(OSError, ValueError):
                os.kill(int(path.read_text()), signal.SIGTERM)


@pytest.fixture
def night(own_redis: Server, endpoint: MqttEndpoint, tmp_path: Path) -> Iterator[Night]:
    require_binary("nginx", "nginx-light")
    night = Night(tmp_path, own_redis, endpoint)
    yield night
    night.clear_up()


@asynccontextmanager
async def everybody(night: Night, *, asks_again: bool = False) -> AsyncIterator[Storm]:
    """Patients ask and say that they are going, a provider pushes: nobody may fail."""
    done: Counter[str] = Counter()

    async def push(http: ClientSession) -> None:
        last = datetime.now(ZoneInfo("Europe/London")).strftime("%Y-%m-%d %H:%M:%S")
        body = {"serviceId": "deal-utc", "waitingTimeMins": 20, "lastUpdated": last}
        await send(http, "/v1/capacities", body)

    async def go(http: ClientSession) -> None:
        body = {
            "facility": "deal-utc", "mode": "drive", "eta_minutes": 25, "id": secrets.token_hex(16),
        }  # fmt: skip
        await send(http, "/v1/journeys", body)

    async def send(http: ClientSession, path: str, body: dict[str, object]) -> None:
        url = f"http://127.0.0.1:{night.door}{path}"
        try:
            async with http.post(url, json=body) as response:
                done[f"{path} {response.status}"] += 1
        except ClientError as fault:
            done[f"{path} {fault!r}"] += 1

    async def keep_sending() -> None:
        # A new connection each time: what is posted is not asked again by itself.
        headers = {"Authorization": f"Bearer {PROVIDER}", "Connection": "close"}
        async with ClientSession(headers=headers, timeout=ClientTimeout(total=30)) as http:
            while True:
                await asyncio.gather(push(http), go(http))
                await asyncio.sleep(0.1)

    async with storm(night.door, patients=6, pause_s=0.02, asks_again=asks_again) as asking:
        sending = asyncio.create_task(keep_sending())
        yield asking
        sending.cancel()
        await asyncio.wait({sending})
    assert sending.cancelled()
    assert asking.faults == []
    assert set(asking.statuses) == {200}, night.failed_at_the_door()
    assert asking.statuses[200] > 100
    assert set(done) == {"/v1/capacities 200", "/v1/journeys 201"}, done
    log.info("answered %d, asked again %d, sent %s", asking.statuses[200], asking.asked_again, done)


async def start(night: Night) -> None:
    for command in read_by_hand("Start / By hand"):
        await night.type(command)
    await night.sees(", ready, of", ", standby, of")
    await night.becomes_ready()


@pytest.mark.timeout(600)
async def test_a_night_s_work_is_done_with_the_commands_of_the_manual(night: Night) -> None:
    await start(night)
    for command in read_by_hand("At night"):
        if command.startswith("ops/by-hand start"):
            os.kill(night.read_pid("api-8001"), signal.SIGKILL)
            await night.sees("NOT RUNNING")
        await night.type(command)
    assert "NOT RUNNING" not in await night.type("ops/by-hand list")
    await night.becomes_ready()
    stopping, listing = "ops/by-hand stop", "ops/by-hand list"
    for command in read_by_hand("Stop"):
        told = await night.type(command)
        assert stopping in command
        assert listing in command
        assert told.splitlines()[-1] == "door: CLOSED"
        assert told.count("has ended") == 4
    assert not night.read_pids()


@pytest.mark.timeout(600)
async def test_every_process_is_replaced_by_another_version_and_back_without_a_failed_request(
    night: Night,
) -> None:
    await start(night)
    old, new = night.unpack("1"), night.unpack("2")
    commands = read_by_hand(f"{UPGRADE} / Upgrade by hand")
    *forward, back = commands
    assert back in forward, "the same command, in the other folder"
    async with everybody(night):
        before = night.read_pids()
        right = night.settings.read_text()
        night.settings.write_text(right + 'area = "west-kent"\n')
        for command in forward[:2]:
            assert "west-kent" in await night.type(command, new, works=False)
        assert night.read_pids() == before, "a mistake is told before anything is stopped"
        night.settings.write_text(right)

        for command in forward:
            told = await night.type(command, new)
        assert told.count(f"of {new}") == 4
        await night.type(back, old)
        assert (await night.type("ops/by-hand list")).count(f"of {old}") == 4
        assert not set(before.values()) & set(night.read_pids().values())


@pytest.mark.timeout(600)
async def test_processes_are_added_renewed_and_taken_away_while_people_ask(night: Night) -> None:
    await night.type("ops/by-hand start ingest 8011")
    starting, renewing = read_by_hand(RENEWAL)
    await night.type(starting)
    await night.type("ops/by-hand door")
    await night.becomes_ready()
    async with everybody(night):
        told = await night.type(renewing)
        assert "every process has been replaced" in told

        right = night.settings.read_text()
        night.settings.write_text(right + 'area = "west-kent"\n')
        told = await night.type(renewing, works=False)
        assert "west-kent" in told
        assert "the old processes go on" in told
        night.settings.write_text(right)
    async with everybody(night, asks_again=True):
        for command in read_by_hand("Scale"):
            await night.type(command)
        assert set(night.read_pids()) == {
            f"ingest-{night.port('8011')}",
            f"api-{night.port('8004')}",
        }


def test_pauses_are_longer_than_nginx_counts_a_process_as_gone() -> None:
    """Without them, the second goes while nginx does not ask the first again: nobody answers."""
    conf = (ROOT / "ops/nginx.conf").read_text()
    (forgets_s,) = map(int, re.findall(r"server api:8080 resolve .*fail_timeout=(\d+)s", conf))
    (resolves_s,) = map(int, re.findall(r"resolver .* valid=(\d+)s", conf))
    (by_hand_s,) = map(int, re.findall(r"^FORGIVEN_S=(\d+)", _read("ops/by-hand"), re.MULTILINE))
    compose_s = [
        int(one)
        for text in (MANUAL.read_text(), _read("ops/night"))
        for one in re.findall(r"\{PAUSE:-(\d+)\}", text)
    ]

    assert by_hand_s > forgets_s
    assert len(compose_s) == 3
    assert min(compose_s) > max(forgets_s, resolves_s)


def _read(name: str) -> str:
    return (ROOT / name).read_text()


async def test_what_cannot_be_done_is_said_and_nothing_is_touched(night: Night) -> None:
    await night.type("ops/by-hand start ingest 8011")
    before = night.read_pids()
    for command, why in {
        "ops/by-hand start ingest 8011": "runs already",
        "ops/by-hand replace api 8002": "does not run",
        "ops/by-hand renew api 8001": "does not run",
        "ops/by-hand door": "start an api and an ingest first",
        "ops/by-hand start web 8001": "ops/by-hand start ROLE PORT",
        "ops/by-hand stop everything": "ops/by-hand stop",
        "ops/by-hand": "ops/by-hand start ROLE PORT",
    }.items():
        assert why in await night.type(command, works=False)
    assert night.read_pids() == before


async def test_one_that_does_not_start_says_why_and_stays_in_the_list(night: Night) -> None:
    right = night.settings.read_text()
    night.settings.write_text(right + 'colour = "red"\n')

    told = await night.type("ops/by-hand start api 8001", works=False)

    assert "colour" in told
    assert "did not start" in told
    assert "NOT RUNNING" in await night.type("ops/by-hand list")
    night.settings.write_text(right)
    await night.type("ops/by-hand start api 8001")
    assert "NOT RUNNING" not in await night.type("ops/by-hand list")


async def test_sighup_is_not_sent_to_a_process_that_would_end_by_it(night: Night) -> None:
    await night.type("ops/by-hand start api 8001")
    before = night.read_pids()

    assert "SIGHUP would end it" in await night.type("ops/by-hand renew api 8001", works=False)

    assert night.read_pids() == before
    assert "NOT RUNNING" not in await night.type("ops/by-hand list")


async def test_a_number_that_another_program_has_by_now_is_left_alone(night: Night) -> None:
    other = await asyncio.create_subprocess_exec("sleep", "60")
    (night.run / "api-8001.pid").write_text(f"{other.pid}\n")

    assert "api-8001: NOT RUNNING" in await night.type("ops/by-hand list")
    await night.type("ops/by-hand stop")

    assert other.returncode is None
    assert not (night.run / "api-8001.pid").exists()
    other.kill()
    await other.wait()
