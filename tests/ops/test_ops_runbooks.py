"""The runbooks' commands, run as they stand against a real service and a real Prometheus."""

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
import yaml

from feeds.events import encode_event
from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import connect_provider
from feeds.topics import WaitTopic
from tests.ops.test_ops_prometheus import ALERTS
from tests.support.manual import MANUAL, ROOT, SETUP, is_typed, read_commands
from tests.support.messages import observation
from tests.support.processes import serve
from tests.support.servers import Server, require_binary
from tests.support.service import eventually
from waitless.keys import Role, make_key

OPERATOR = make_key("night-desk", Role.OPERATOR)
JUMP_MINUTES = 700
"""Above every hard limit: held until somebody decides."""


def start_prometheus(folder: Path, target: int) -> Server:
    """Ours, with a target of ours and every second."""
    settings = yaml.safe_load((ROOT / "ops/prometheus/prometheus.yml").read_text())
    settings["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s"}
    settings["global"]["evaluation_interval"] = "1s"
    settings["rule_files"] = [str(ROOT / "ops/prometheus/rules/*.yml")]
    settings["scrape_configs"] = [
        {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}
        for job in ("waitless-api", "waitless-ingest")
    ]
    del settings["alerting"]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    program = require_binary("prometheus", "prometheus")
    return Server(
        lambda port: [
            program, f"--config.file={folder}/prometheus.yml",
            f"--web.listen-address=127.0.0.1:{port}", f"--storage.tsdb.path={folder}/data",
        ],
        folder,
    )  # fmt: skip


@pytest.fixture
async def watched(
    redis_url: str, mosquitto: Server, endpoint: MqttEndpoint, tmp_path: Path
) -> AsyncIterator[dict[str, str]]:
    """What a runbook's reader has set, of a service that holds one value back."""
    keys = tmp_path / "keys.toml"
    keys.write_text(OPERATOR[1])
    with serve(
        tmp_path,
        WAITLESS_REDIS_URL=redis_url,
        WAITLESS_BACKUP_FOLDER=str(tmp_path / "copies"),
        WAITLESS_MQTT_URL=f"mqtt://127.0.0.1:{mosquitto.port}",
        WAITLESS_KEYS_FILE=str(keys),
    ) as serving:
        await serving.becomes("ready", within_s=100)
        await _publish_held_value(endpoint)
        await serving.says("held a reading of")
        prometheus = start_prometheus(tmp_path, serving.port)
        try:
            address = f"http://127.0.0.1:{prometheus.port}"
            await eventually(lambda: _is_scraped(address))
            yield {
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "WAITLESS": f"http://127.0.0.1:{serving.port}",
                "PROMETHEUS": address,
                "KEY": OPERATOR[0],
                "COPIES": str(tmp_path / "copies"),
                "REDIS_PORT": str(urlsplit(redis_url).port),
            }
        finally:
            prometheus.stop()


async def _publish_held_value(endpoint: MqttEndpoint) -> None:
    async with connect_provider(endpoint, area="east-kent", provider="kcht") as publisher:
        observed = observation(minutes=JUMP_MINUTES, as_of=datetime.now(UTC) - timedelta(minutes=1))
        topic = WaitTopic("east-kent", "kcht", "deal-utc")
        await publisher.publish(str(topic), encode_event(observed, source="/tests"))


async def _is_scraped(address: str) -> bool:
    query = {"query": "waitless_board_epoch"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{address}/api/v1/query", params=query) as response,
    ):
        # 503 while it is still starting.
        return response.status == 200 and bool((await response.json())["data"]["result"])


async def test_every_command_of_the_runbooks_works(watched: dict[str, str]) -> None:
    commands = [one.text for one in read_commands() if one.is_asked]
    assert len(commands) > 12
    for command in commands:
        done = await asyncio.to_thread(
            subprocess.run,
            ["bash", "-euo", "pipefail", "-c", f"{SETUP}\n{command}"],
            cwd=ROOT,
            env=watched,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        assert '"title"' not in done.stdout, f"{command}\n{done.stdout}"
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{watched['PROMETHEUS']}/api/v1/rules") as response,
    ):
        groups = (await response.json())["data"]["groups"]
    broken = [rule for group in groups for rule in group["rules"] if rule.get("lastError")]
    assert groups
    assert broken == []


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_the_night_begins_with_a_command_for_every_alert(name: str) -> None:
    begin = f"| [{name}](#{name.lower()}) | {ALERTS[name]['labels']['severity']} | `"
    (row,) = [line for line in MANUAL.read_text().splitlines() if line.startswith(begin)]

    assert is_typed(row.removeprefix(begin).removesuffix("` |"))


def test_no_alert_s_row_is_without_an_alert() -> None:
    rows = re.findall(r"^\| \[(\w+)\]\(#", MANUAL.read_text(), re.MULTILINE)

    assert sorted(rows) == sorted(ALERTS)


def test_urgent_alerts_come_first() -> None:
    urgencies = re.findall(
        r"^\| \[\w+\]\(#\w+\) \| (page|ticket) ", MANUAL.read_text(), re.MULTILINE
    )

    assert urgencies == sorted(urgencies)


def test_every_command_of_the_manual_is_tried_by_one_test() -> None:
    """By which, its kind says; a command of no kind is one that nobody tries."""
    for command in read_commands():
        kinds = [
            command.is_compose, command.is_by_hand, command.is_asked, command.is_of_backups,
            command.is_of_secrets,
        ]  # fmt: skip
        assert sum(kinds) == 1, command


def test_a_command_within_a_sentence_is_known_from_names_and_figures() -> None:
    for command in (
        "docker compose down",
        "ops/backup /here",
        "rm -rf /tmp",
        "alerts",
        "kill -9 1",
    ):
        assert is_typed(command), command
    for name in ("ops/backup", "/readyz", "nginx", "standing by", "waitless.toml", "EVERY=45"):
        assert not is_typed(name), name
