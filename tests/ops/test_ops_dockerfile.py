import fnmatch
import json
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from waitless.settings import load_settings

ROOT = Path(__file__).parents[2]
Stage = list[tuple[str, str]]


@pytest.fixture(scope="session")
def stages() -> list[Stage]:
    """Each stage's instructions, `FROM` first."""
    text = (ROOT / "Dockerfile").read_text()
    plain = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found: list[Stage] = []
    for line in re.sub(r"\\\n\s*", " ", plain).splitlines():
        if line.strip():
            word, rest = line.split(maxsplit=1)
            if word == "FROM":
                found.append([])
            found[-1].append((word, rest))
    return found


def _only(stage: Stage, word: str) -> str:
    (value,) = [rest for each, rest in stage if each == word]
    return value


def test_the_image_is_built_apart_and_runs_on_slim(stages: list[Stage]) -> None:
    builder, final = stages

    assert _only(builder, "FROM") == "python:3.13-slim AS builder"
    assert _only(final, "FROM") == "python:3.13-slim"
    assert _only(final, "COPY").startswith("--from=builder ")


def test_requirements_are_installed_by_hash(stages: list[Stage]) -> None:
    commands = " ".join(rest for word, rest in stages[0] if word == "RUN")
    installs = re.findall(r"pip (?:--python \S+ )?install.*?(?=&&|$)", commands)

    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert "requirements/${LOCK}.txt" in installs[0]
    assert _only(stages[0], "ARG") == "LOCK=run"
    assert "--no-deps --no-index" in installs[1]
    for lock in ("run", "traces"):
        assert "--hash=sha256:" in (ROOT / f"requirements/{lock}.txt").read_text()


def test_the_last_stage_is_a_plain_user_s(stages: list[Stage]) -> None:
    final = stages[-1]
    words = [word for word, _ in final]

    assert words.index("USER") < words.index("ENTRYPOINT")
    user, group = _only(final, "USER").split(":")
    assert int(user) > 1000
    assert int(group) > 1000
    assert _only(final, "STOPSIGNAL") == "SIGTERM"
    assert json.loads(_only(final, "ENTRYPOINT")) == ["waitless"]
    assert json.loads(_only(final, "CMD")) == ["serve"]
    assert not any(tool in rest for _, rest in final for tool in ("apt-get", "pip", "gcc"))


def test_the_image_s_settings_exist(stages: list[Stage]) -> None:
    names = dict(pair.split("=", 1) for pair in _only(stages[-1], "ENV").split())

    settings = load_settings(names)

    assert (settings.host, settings.port) == ("0.0.0.0", 8080)  # noqa: S104 - inside a container
    assert names["PYTHONDONTWRITEBYTECODE"] == "1"


def test_secrets_never_reach_the_builder() -> None:
    lines = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    wanted = [line.removeprefix("!") for line in lines if line.startswith("!")]

    assert lines[0] == "*", "everything is left out that is not named"
    for path in ("ops/secrets/mqtt_ingest_password", ".git/config", ".venv/bin/python", ".env"):
        first = path.split("/", maxsplit=1)[0]
        assert not any(fnmatch.fnmatch(first, name.split("/")[0]) for name in wanted)
    for path in (
        "pyproject.toml",
        "requirements/run.txt",
        "requirements/traces.txt",
        "waitless",
        "feeds",
        "routing",
    ):
        assert path in wanted
        assert (ROOT / path).exists()


class _Health(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_healthcheck_tells_health(stages: list[Stage], status: int, *, healthy: bool) -> None:
    options, command = _only(stages[-1], "HEALTHCHECK").split(" CMD ")
    assert "--start-period=" in options
    program, *arguments = json.loads(command)
    assert program == "python"
    handler = type("Health", (_Health,), {"status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        here = [each.replace(":8080/", f":{server.server_port}/") for each in arguments]

        done = subprocess.run(
            [sys.executable, *here],
            env={"http_proxy": "http://127.0.0.1:9"},
            capture_output=True,
            check=False,
        )

        server.shutdown()
        serving.join()
    assert (done.returncode == 0) is healthy, done.stderr


def test_the_healthcheck_tells_absence(stages: list[Stage]) -> None:
    _, command = _only(stages[-1], "HEALTHCHECK").split(" CMD ")
    arguments = [each.replace(":8080/", ":9/") for each in json.loads(command)[1:]]

    done = subprocess.run([sys.executable, *arguments], capture_output=True, check=False)

    assert done.returncode == 1
