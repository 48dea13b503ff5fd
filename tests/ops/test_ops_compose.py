import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from loadtests.lost_disk import EVERY_S
from tests.support.servers import require_binary
from waitless.keys import KeyRing
from waitless.settings import load_settings
from waitless.tracing.opening import find_collector
from waitless.web.limits import Clients

ROOT = Path(__file__).parents[2]
OURS = {"api", "ingest"}
WATCHERS = {"prometheus", "grafana"}
PROFILES = dict.fromkeys(WATCHERS, "watch") | {"jaeger": "traces", "restore": "restore"}
ONCE = {"restore"}
"""Does one thing and ends; nobody starts it again."""
SERVICES = {"redis", "backup", "mosquitto", "nginx", *OURS, *PROFILES}
REACHED_FROM_OUTSIDE = {"nginx", "mosquitto", "jaeger", *WATCHERS}


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def _has_plugin() -> bool:
    try:
        done = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def resolve(*more: str) -> dict[str, Any]:
    """The file, and what is laid over it, as compose itself puts them together."""
    if _has_plugin():
        command = ["docker", "compose"]
    else:
        command = [require_binary("docker-compose", "docker-compose")]
    # Only what the file itself says: no variables of this shell's.
    plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [*command, "--file", ROOT / "docker-compose.yml", *more, "--profile", "*", "config"],
        capture_output=True,
        text=True,
        check=False,
        env=plain,
    )
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def test_compose_itself_accepts_the_file(compose: dict[str, Any]) -> None:
    resolved = resolve()

    assert set(resolved["services"]) == set(compose["services"])
    assert resolved["services"]["api"]["environment"]["WAITLESS_AREA"] == "east-kent"


def test_the_service_is_six_parts_and_those_that_watch_it_where_asked(
    compose: dict[str, Any],
) -> None:
    assert set(compose["services"]) == SERVICES
    for name, service in compose["services"].items():
        assert service.get("profiles", []) == ([PROFILES[name]] if name in PROFILES else [])


def test_prometheus_reaches_every_process_and_grafana_prometheus(compose: dict[str, Any]) -> None:
    scraped = yaml.safe_load((ROOT / "ops/prometheus/prometheus.yml").read_text())
    names = {
        name
        for job in scraped["scrape_configs"]
        for found in job.get("dns_sd_configs", [])
        for name in found["names"]
    }

    assert names == OURS
    for name in (*OURS, *WATCHERS):
        assert "watch" in compose["services"][name]["networks"]
    assert compose["networks"]["watch"]["internal"] is True
    sources = yaml.safe_load(
        (ROOT / "ops/grafana/provisioning/datasources/prometheus.yml").read_text()
    )
    assert sources["datasources"][0]["url"] == "http://prometheus:9090"
    dashboards = yaml.safe_load(
        (ROOT / "ops/grafana/provisioning/dashboards/waitless.yml").read_text()
    )
    mounted = dashboards["providers"][0]["options"]["path"]
    assert f"./ops/grafana/dashboards:{mounted}:ro" in compose["services"]["grafana"]["volumes"]


def test_jaeger_is_sent_traces_by_our_processes_alone(compose: dict[str, Any]) -> None:
    jaeger = compose["services"]["jaeger"]

    assert "watch" in jaeger["networks"]
    assert jaeger["command"] == ["--set=receivers.otlp.protocols.http.endpoint=0.0.0.0:4318"]
    assert all(port.endswith(":16686") for port in jaeger["ports"])
    for name in OURS:
        service = compose["services"][name]
        assert "watch" in service.get("networks", [])
        assert service["environment"]["WAITLESS_TRACES_URL"] == "${TRACES_URL:-}"
        assert service["build"]["args"] == {"LOCK": "${LOCK:-run}"}


def test_nobody_logs_in_to_grafana(compose: dict[str, Any]) -> None:
    environment = compose["services"]["grafana"]["environment"]

    assert environment["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    assert environment["GF_AUTH_BASIC_ENABLED"] == "false"
    assert environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_part_is_confined_and_restarted(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]

    assert service["restart"] == ("no" if name in ONCE else "unless-stopped")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc"} & set(service)
    assert service.get("network_mode", "none") == "none"
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert service["pids_limit"] <= 256
    assert service["ulimits"]["core"] == 0
    if name not in OURS:  # ours has both from the Dockerfile
        assert service["user"] not in {"0", "root"}
        assert name in ONCE or service["healthcheck"]["test"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_part_s_log_is_rotated(compose: dict[str, Any], name: str) -> None:
    logging = compose["services"][name]["logging"]

    assert logging["driver"] == "json-file"
    assert {"max-size", "max-file"} == set(logging["options"])


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_a_part_may_write_outside_its_volumes_is_bounded(
    compose: dict[str, Any], name: str
) -> None:
    for one in compose["services"][name]["tmpfs"]:
        assert "size=" in one


def test_redis_keeps_an_append_only_log_on_a_volume(compose: dict[str, Any]) -> None:
    redis = compose["services"]["redis"]

    options = redis["command"]
    assert options[options.index("--appendonly") + 1] == "yes"
    assert "redis-data:/data" in redis["volumes"]
    assert "redis-data" in compose["volumes"]


def test_the_api_runs_twice_and_one_process_writes(compose: dict[str, Any]) -> None:
    api, ingest = compose["services"]["api"], compose["services"]["ingest"]

    assert api["deploy"]["replicas"] == 2
    assert api["command"] == ["serve", "--role", "api"]
    assert "ports" not in api
    assert "container_name" not in api
    assert "replicas" not in ingest["deploy"]
    assert ingest["command"] == ["serve", "--role", "ingest"]


def test_only_loopback_is_published(compose: dict[str, Any]) -> None:
    published = {
        name: service["ports"]
        for name, service in compose["services"].items()
        if "ports" in service
    }

    assert set(published) == REACHED_FROM_OUTSIDE
    for ports in published.values():
        assert all(port.startswith("127.0.0.1:") for port in ports)


def test_redis_is_reached_by_the_service_alone(compose: dict[str, Any]) -> None:
    neighbours = {
        name
        for name, service in compose["services"].items()
        if "store" in service.get("networks", [])
    }

    assert neighbours == {"redis", "backup", *OURS}
    assert compose["networks"]["store"]["internal"] is True
    assert compose["services"]["redis"]["networks"] == ["store"]
    assert compose["services"]["backup"]["networks"] == ["store"]


def test_only_who_is_reached_from_outside_or_polls_has_a_way_out(compose: dict[str, Any]) -> None:
    outward = {name for name, network in compose["networks"].items() if not network.get("internal")}

    assert {
        name
        for name, service in compose["services"].items()
        if outward & set(service.get("networks", []))
    } == REACHED_FROM_OUTSIDE | {"ingest"}


def default_of(value: str) -> str:
    """As compose resolves it where nobody sets the variable: ${NAME:-default}."""
    return re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value)


def test_redis_is_copied_as_the_documents_say(compose: dict[str, Any]) -> None:
    service = compose["services"]["backup"]
    given = {name: int(default_of(value)) for name, value in service["environment"].items()}

    assert service["image"] == compose["services"]["redis"]["image"], "its own redis-check-rdb"
    assert given == {"EVERY": EVERY_S, "KEEP": 24 * 3600 // EVERY_S}
    assert "`EVERY=45 KEEP=1920`" in (ROOT / "docs/operations.md").read_text()
    assert service["command"] == ["sh", "/ops/backup", "/data", "-h", "redis"]
    assert service["init"] is True, "a shell that is process 1 does not heed SIGTERM"


def test_where_redis_has_users_the_documented_lines_give_the_backup_its_own(
    tmp_path: Path,
) -> None:
    text = (ROOT / "ops/README.md").read_text()
    (lines,) = re.findall(r"`(\{services: \{backup:[^`]*)`", text)
    override = tmp_path / "docker-compose.override.yml"
    override.write_text(lines)

    backup = resolve("--file", str(override))["services"]["backup"]

    assert backup["command"][-2:] == ["--user", "backup"]
    mounted = yaml.safe_dump(backup["volumes"])
    assert "redis_backup_password" in mounted
    assert backup["environment"]["PASSWORD_FILE"] in mounted
    assert backup["environment"]["EVERY"] == str(EVERY_S)
    assert "redis-copies" in mounted


def test_the_writer_sees_the_copies_and_cannot_touch_them(compose: dict[str, Any]) -> None:
    backup, ingest = compose["services"]["backup"], compose["services"]["ingest"]
    settings = load_settings(
        {name: default_of(value) for name, value in ingest["environment"].items()}
    )

    assert "redis-copies:/data" in backup["volumes"]
    assert f"redis-copies:{settings.backup_folder}:ro" in ingest["volumes"]
    assert ingest["environment"]["WAITLESS_BACKUP_EVERY_SECONDS"] == backup["environment"]["EVERY"]


def test_the_backup_is_healthy_while_its_newest_copy_is(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    kind, command = compose["services"]["backup"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    here = command.replace("$$", "$").replace("/data", str(tmp_path))

    def is_healthy() -> bool:
        return subprocess.run(["sh", "-c", here], env=with_every, check=False).returncode == 0

    with_every = {"PATH": os.environ["PATH"], "EVERY": str(EVERY_S)}
    assert not is_healthy(), "there is none"
    copy = tmp_path / "waitless-20261123T120000Z.rdb"
    copy.touch()
    assert not is_healthy(), "it is empty"
    copy.write_bytes(b"REDIS")
    assert is_healthy()
    old = time.time() - 4 * EVERY_S - 120
    os.utime(copy, (old, old))
    assert not is_healthy(), "it is old"


def test_passwords_are_files_outside_the_repository(compose: dict[str, Any]) -> None:
    for secret in compose["secrets"].values():
        assert set(secret) == {"file"}
        assert secret["file"].startswith("./ops/secrets/")
    assert (ROOT / "ops/secrets/.gitignore").read_text().splitlines()[1] == "*"
    text = (ROOT / "docker-compose.yml").read_text()
    assert not re.search(r"://[^/\s]*:[^/@\s]*@", text), "an address with a password in it"
    for service in compose["services"].values():
        for name in service.get("environment", {}):
            assert not name.endswith(("PASSWORD", "TOKEN", "SECRET", "KEY"))


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_setting_exists(compose: dict[str, Any], name: str) -> None:
    environment = {
        key: default_of(value) for key, value in compose["services"][name]["environment"].items()
    }

    settings = load_settings(environment)

    assert settings.area == "east-kent"
    assert settings.redis_url == "redis://redis:6379/0"
    assert find_collector(settings) is None
    if name == "ingest":
        secret = Path("/run/secrets") / compose["services"][name]["secrets"][0]
        assert settings.mqtt_url == "mqtt://ingest@mosquitto:1883"
        assert settings.mqtt_password_file == secret


def test_clients_are_limited_each_by_its_own_address(compose: dict[str, Any]) -> None:
    environment = compose["services"]["api"]["environment"]
    settings = load_settings({key: default_of(value) for key, value in environment.items()})
    clients = Clients(settings.list_trusted_proxies(), KeyRing({}))

    assert settings.rate_limit > 0
    assert clients.address("172.18.0.5", ["198.51.100.7"]) == "198.51.100.7"
    assert clients.address("198.51.100.7", ["10.0.0.1"]) == "198.51.100.7"


def test_what_is_mounted_is_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists()
                assert volume.endswith(":ro")
            else:
                assert source in compose["volumes"]
        written = [one.split(":")[0] for one in service.get("volumes", []) if one[-3:] != ":ro"]
        assert len(written) <= 1


def test_nginx_reaches_everybody_it_passes_requests_to(compose: dict[str, Any]) -> None:
    networks = set(compose["services"]["nginx"]["networks"])
    conf = (ROOT / "ops/nginx.conf").read_text()
    upstreams = re.findall(r"^\s+server (\w+):8080", conf, re.MULTILINE)

    assert set(upstreams) == {"api", "ingest"}
    for name in upstreams:
        assert networks & set(compose["services"][name]["networks"]), name
