import os
import re
import subprocess
from math import ceil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.servers import require_binary
from waitless.area.pack import find_pack, load_area
from waitless.settings import load_settings
from waitless.travel.retime import LOOK_EVERY_S
from waitless.travel.shelf import SUPERSEDED_FOR_S

ROOT = Path(__file__).parents[2]
OURS = ["api", "ingest"]


def _has_plugin() -> bool:
    try:
        done = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _resolve(**variables: str) -> dict[str, Any]:
    """Both files as compose itself puts them together, with no variables of this shell's."""
    compose = (
        ["docker", "compose"]
        if _has_plugin()
        else [require_binary("docker-compose", "docker-compose")]
    )
    files = ["--file", "docker-compose.yml", "--file", "docker-compose.scale.yml"]
    plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [*compose, *files, "config"],
        cwd=ROOT,
        env=plain | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def _mounts(service: dict[str, Any]) -> dict[str, str]:
    """Source by target: compose 1 resolves to short forms, compose 2 to long ones."""
    pairs = [
        (volume["source"], volume["target"])
        if isinstance(volume, dict)
        else tuple(volume.split(":")[:2])
        for volume in service["volumes"]
    ]
    return {target: source for source, target in pairs}


def _published(shard: dict[str, Any]) -> set[str]:
    """Of what runs without being asked for: compose 1 tells parts of other profiles too."""
    return {
        f"{port['host_ip']}:{port['published']}"
        if isinstance(port, dict)
        else port.rsplit(":", 1)[0]
        for service in shard["services"].values()
        if "profiles" not in service
        for port in service.get("ports", [])
    }


@pytest.fixture(scope="module")
def scale() -> dict[str, Any]:
    """The file by itself."""
    return yaml.safe_load((ROOT / "docker-compose.scale.yml").read_text())


@pytest.fixture(scope="module")
def shard() -> dict[str, Any]:
    return _resolve()


def test_a_shard_has_the_parts_of_the_plain_service(shard: dict[str, Any]) -> None:
    plain = yaml.safe_load((ROOT / "docker-compose.yml").read_text())

    assert set(shard["services"]) == set(plain["services"])
    for name, service in shard["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["pids_limit"] == 256, name


@pytest.mark.parametrize("name", OURS)
def test_every_setting_of_a_shard_exists(shard: dict[str, Any], name: str) -> None:
    settings = load_settings(
        {key: str(value) for key, value in shard["services"][name]["environment"].items()}
    )

    assert settings.area == "/packs/east_kent"
    assert settings.horizon_minutes == 90
    assert settings.redis_url == "redis://redis:6379/0"


@pytest.mark.parametrize("name", OURS)
def test_the_pack_that_is_mounted_is_one(shard: dict[str, Any], name: str) -> None:
    area = shard["services"][name]["environment"]["WAITLESS_AREA"]
    packs = Path(_mounts(shard["services"][name])["/packs"])

    assert load_area(find_pack(str(packs / Path(area).relative_to("/packs")))).id == "east-kent"


def test_a_shard_is_copied_seldom_and_the_writer_knows_how_often(shard: dict[str, Any]) -> None:
    every_s = float(shard["services"]["backup"]["environment"]["EVERY"])
    settings = load_settings(
        {name: str(value) for name, value in shard["services"]["ingest"]["environment"].items()}
    )

    assert every_s == 3600
    assert settings.backup_every_seconds == every_s
    assert "/copies" in _mounts(shard["services"]["ingest"])


def test_answering_processes_are_as_many_as_asked_for_and_the_writer_has_a_standby() -> None:
    shard = _resolve(API_PROCESSES="7")

    assert shard["services"]["api"]["deploy"]["replicas"] == 7
    assert shard["services"]["ingest"]["deploy"]["replicas"] == 2


def test_answering_processes_map_one_copy_of_the_tables(shard: dict[str, Any]) -> None:
    api = shard["services"]["api"]

    volume = _mounts(api)[api["environment"]["WAITLESS_TABLES_FOLDER"]]
    options = shard["volumes"][volume]["driver_opts"]
    assert options["type"] == "tmpfs"
    assert {"nosuid", "nodev", "noexec"} <= set(options["o"].split(","))


def _maxmemory_and_limit(service: dict[str, Any]) -> tuple[int, int]:
    """Bytes that Redis fills, and that its container may take."""
    options = service["command"]
    units = {"mb": 2**20, "gb": 2**30, "m": 2**20, "g": 2**30}
    texts = (
        options[options.index("--maxmemory") + 1],
        str(service["deploy"]["resources"]["limits"]["memory"]),
    )
    sizes = []
    for text in texts:
        found = re.fullmatch(r"(\d+)([mg]b?)?", text.lower())
        assert found is not None, text
        sizes.append(int(found[1]) * units.get(found[2], 1))
    return sizes[0], sizes[1]


def test_redis_keeps_its_log_and_may_rewrite_it_when_full(shard: dict[str, Any]) -> None:
    redis = shard["services"]["redis"]
    options = redis["command"]
    maxmemory, limit = _maxmemory_and_limit(redis)

    assert options[options.index("--appendonly") + 1] == "yes"
    assert limit >= 2 * maxmemory + 2**29


def test_redis_has_room_for_a_country_that_always_has_new_traffic(shard: dict[str, Any]) -> None:
    maxmemory, _ = _maxmemory_and_limit(shard["services"]["redis"])
    junctions, in_reach, facilities, searching_s = 1_009_985, 30.3, 480, 5.3  # performance.md
    drive = junctions * in_reach * 6
    superseded = ceil(SUPERSEDED_FOR_S / (searching_s + LOOK_EVERY_S))
    frames, others, history = 3 * 57 * 2**20, 20 * 2**20, facilities * 226 * 1024  # scaling.md

    assert maxmemory >= 1.25 * ((superseded + 2) * drive + frames + others + history)


def test_areas_on_one_machine_differ_in_name_and_ports(scale: dict[str, Any]) -> None:
    kent = _resolve(OUTSIDE_HTTP_PORT="8081", OUTSIDE_MQTT_PORT="1884")
    devon = _resolve(OUTSIDE_HTTP_PORT="8082", OUTSIDE_MQTT_PORT="1885")

    assert _published(kent) == {"127.0.0.1:8081", "127.0.0.1:1884"}
    assert not _published(kent) & _published(devon)
    # Named by compose after the project, so no two areas mean the same one.
    assert all("name" not in volume for volume in scale["volumes"].values())
