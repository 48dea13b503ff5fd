"""Traces are off unless asked for, and say what they lack."""

import os
import subprocess
import sys

import pytest

from tests.support.processes import PROGRAM
from waitless.app import create_app
from waitless.settings import Settings, SettingsFault
from waitless.tracing.opening import find_collector
from waitless.tracing.requests import FROM_BOARD, UNTRACED

IMPORTED = """
import sys
from waitless.app import Role, create_app
from waitless.settings import Settings
for role in Role:
    create_app(Settings(fast_path=True), role)
ours = "opentelemetry.exporter", "requests", "waitless.tracing.sender"
print([name for name in sys.modules if name.startswith(ours)])
"""
"""(redis-py imports OpenTelemetry's API and SDK for itself wherever they are installed.)"""
UNINSTALLED = """
import sys
sys.modules["opentelemetry"] = None
"""
COMMAND = """
from waitless.cli import main
main()
"""
URL = {"WAITLESS_TRACES_URL": "http://127.0.0.1:4318"}


def run(*command: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        command, capture_output=True, check=False, text=True, env={**environment, **more}
    )


@pytest.mark.parametrize("before", ["", UNINSTALLED], ids=["installed", "not installed"])
def test_where_there_are_no_traces_nothing_is_imported_to_send_them(before: str) -> None:
    done = run(sys.executable, "-c", before + IMPORTED)

    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize("command", [["check"], ["serve", "--port", "0"]])
def test_without_the_extra_a_collector_is_refused_with_what_to_install(command: list[str]) -> None:
    done = run(sys.executable, "-c", UNINSTALLED + COMMAND, *command, **URL)

    assert done.returncode == 1
    assert "traces_url" in done.stderr
    assert "pip install --require-hashes -r requirements/traces.txt" in done.stderr
    assert "Traceback" not in done.stderr


def test_with_the_extra_the_settings_are_valid() -> None:
    done = run(str(PROGRAM), "check", **URL)

    assert done.returncode == 0, done.stderr


def test_routes_that_are_told_apart_are_there() -> None:
    routes = create_app(Settings()).router.routes()
    known = {one.resource.canonical for one in routes if one.resource is not None}

    assert known > UNTRACED | FROM_BOARD


@pytest.mark.parametrize(
    ("given", "posted_to"),
    [
        ("http://jaeger:4318", "http://jaeger:4318/v1/traces"),
        ("http://jaeger:4318/", "http://jaeger:4318/v1/traces"),
        ("https://traces.example/otlp/v1/traces", "https://traces.example/otlp/v1/traces"),
        ("http://[::1]:4318", "http://[::1]:4318/v1/traces"),
        ("", None),
        (None, None),
    ],
)
def test_an_address_needs_no_path(given: str | None, posted_to: str | None) -> None:
    assert find_collector(Settings(traces_url=given)) == posted_to


@pytest.mark.parametrize(
    "given", ["jaeger:4318", "http://", "ftp://jaeger", "http://jaeger:port", "http://[::1"]
)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(SettingsFault, match="traces_url"):
        find_collector(Settings(traces_url=given))
