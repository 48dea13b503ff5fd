import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.servers import require_binary
from waitless.keys import KeyRing
from waitless.settings import load_settings
from waitless.tracing.opening import find_collector
from waitless.web.limits import Clients

ROOT = Path(__file__).parents[2]
OURS = {"api", "ingest"}
WATCHERS = {"prometheus", "grafana"}
PROFILES = dict.fromkeys(WATCHERS, "watch") | {"jaeger": "traces"}
SERVICES = {"redis", "mosquitto", "nginx", *OURS, *PROFILES}


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def _has_plugin() -> bool:
    try:
        done = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def test_compose_itself_accepts_the_file(compose: dict[str, Any]) -> None:
    if _has_plugin():
        command = ["docker", "compose"]
    else:
        command = [require_binary("docker-compose", "docker-compose")]
    # Only what the file itself says: no variables of this shell's.
    plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}

    done = subprocess.run(
        [*command, "--file", ROOT / "docker-compose.yml", "--profile", "*", "config"],
        capture_output=True,
        text=True,
        check=False,
        env=plain,
    )

    assert done.returncode == 0, done.stderr
    resolved = yaml.safe_load(done.stdout)
    assert set(resolved["services"]) == set(compose["services"])
    assert resolved["services"]["api"]["environment"]["WAITLESS_AREA"] == "east-kent"


def test_the_service_is_five_parts_and_those_that_watch_it_where_asked(
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
        assert "watch" in service["networks"]
        assert service["environment"]["WAITLESS_TRACES_URL"] == "${TRACES_URL:-}"
        assert service["build"]["args"] == {"LOCK": "${LOCK:-run}"}


def test_nobody_logs_in_to_grafana(compose: dict[str, Any]) -> None:
    environment = compose["services"]["grafana"]["environment"]

    assert environment["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    assert environment["GF_AUTH_BASIC_ENABLED"] == "false"
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_part_is_confined_and_restarted(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]

    assert service["restart"] == "unless-stopped"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    if name not in OURS:  # ours has both from the Dockerfile
        assert service["user"] not in {"0", "root"}
        assert service["healthcheck"]["test"]


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

    assert set(published) == {"nginx", "mosquitto", *PROFILES}
    for ports in published.values():
        assert all(port.startswith("127.0.0.1:") for port in ports)


def test_redis_is_reached_by_the_service_alone(compose: dict[str, Any]) -> None:
    neighbours = {
        name for name, service in compose["services"].items() if "store" in service["networks"]
    }

    assert neighbours == {"redis", *OURS}
    assert compose["networks"]["store"]["internal"] is True
    assert compose["services"]["redis"]["networks"] == ["store"]


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
        key: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value)
        for key, value in compose["services"][name]["environment"].items()
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
    settings = load_settings(
        {key: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value) for key, value in environment.items()}
    )
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


def test_nginx_reaches_everybody_it_passes_requests_to(compose: dict[str, Any]) -> None:
    networks = set(compose["services"]["nginx"]["networks"])
    conf = (ROOT / "ops/nginx.conf").read_text()
    upstreams = re.findall(r"^\s+server (\w+):8080", conf, re.MULTILINE)

    assert set(upstreams) == {"api", "ingest"}
    for name in upstreams:
        assert networks & set(compose["services"][name]["networks"]), name
