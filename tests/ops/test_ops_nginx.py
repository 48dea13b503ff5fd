import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout, web
from aiohttp.test_utils import TestServer
from yarl import URL

from tests.support.servers import Server, free_port, require_binary

ROOT = Path(__file__).parents[2]
QUERY = "lat=51.2787&lon=1.0877"
SECRETS = ("51.2787", "1.0877", "lat=", "198.51.100.7")


class Nginx:
    """A real nginx under our file, before workers that the test runs itself."""

    def __init__(self, folder: Path, workers: list[int], ingests: list[int] | None = None) -> None:
        program = require_binary("nginx", "nginx-light")
        self._folder = folder
        health_port = free_port()

        def command(port: int) -> list[str]:
            conf = write_conf(folder, port, health_port, workers, ingests)
            return [program, "-p", str(folder), "-c", str(conf), "-g", "daemon off;"]

        self.server = Server(command, folder)
        self.port = self.server.port
        self.at = f"http://127.0.0.1:{self.port}"
        self.health = f"http://127.0.0.1:{health_port}/"

    async def logged(self, count: int) -> list[dict[str, Any]]:
        for _ in range(100):
            lines = self.said().splitlines()
            if len(lines) >= count:
                break
            await asyncio.sleep(0.02)
        return [json.loads(line) for line in lines]

    def said(self) -> str:
        """Both logs."""
        return (self._folder / f"{self.port}.log").read_text()


def write_conf(
    folder: Path,
    port: int,
    health_port: int,
    workers: list[int],
    ingests: list[int] | None = None,
) -> Path:
    """Our file with this test's ports and paths, and addresses for the names `api` and `ingest`.

    Debian 12's nginx does not know `resolve`, which asks the container engine for them.
    """
    text = (ROOT / "ops/nginx.conf").read_text()
    for name, ports in (("api", workers), ("ingest", ingests or workers)):
        pattern = rf"server {name}:8080 resolve (.*);"
        (options,) = re.findall(pattern, text)
        addresses = " ".join(f"server 127.0.0.1:{each} {options};" for each in ports)
        text = re.sub(pattern, addresses, text)
    for there, here in (
        ("listen 8080;", f"listen 127.0.0.1:{port};"),
        ("listen 127.0.0.1:8081;", f"listen 127.0.0.1:{health_port};"),
    ):
        assert text.count(there) == 1, there
        text = text.replace(there, here)
    conf = folder / "nginx.conf"
    conf.write_text(text.replace("/tmp/", f"{folder}/"))  # noqa: S108 - the container's
    return conf


class Worker:
    """Stands for an API worker: keeps what it was asked and answers with it."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.go_on = asyncio.Event()
        app = web.Application(client_max_size=1 << 20)
        app.router.add_get("/v1/events", self._events)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self.server = TestServer(app)

    @property
    def port(self) -> int:
        assert self.server.port is not None
        return self.server.port

    async def _answer(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        await request.read()
        return web.json_response(dict(request.headers))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: first\n\n")
        await self.go_on.wait()
        await response.write(b"data: second\n\n")
        return response


@pytest.fixture
async def workers() -> AsyncIterator[list[Worker]]:
    both = [Worker(), Worker()]
    for worker in both:
        await worker.server.start_server()
    yield both
    for worker in both:
        await worker.server.close()


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession(timeout=ClientTimeout(total=15)) as session:
        yield session


@pytest.fixture
async def nginx(tmp_path: Path, workers: list[Worker]) -> AsyncIterator[Nginx]:
    nginx = await asyncio.to_thread(Nginx, tmp_path, [worker.port for worker in workers])
    yield nginx
    await asyncio.to_thread(nginx.server.stop)


def test_nginx_accepts_the_file(tmp_path: Path) -> None:
    program = require_binary("nginx", "nginx-light")
    conf = write_conf(tmp_path, 18080, 18081, [18082])

    done = subprocess.run(
        [program, "-t", "-p", tmp_path, "-c", conf], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_there_are_files_for_every_connection() -> None:
    text = (ROOT / "ops/nginx.conf").read_text()
    (files,) = re.findall(r"^worker_rlimit_nofile (\d+);", text, re.MULTILINE)
    (connections,) = re.findall(r"^\s+worker_connections (\d+);", text, re.MULTILINE)

    assert int(files) >= int(connections) + 64, "and for logs, listeners and the like"


async def test_a_request_is_logged_without_where_the_patient_is(
    nginx: Nginx, workers: list[Worker], http: ClientSession
) -> None:
    path = "/v1/recommendations"
    headers = {
        "Referer": f"https://app.example/?{QUERY}",
        "X-Request-ID": "abc-1",
        "X-Forwarded-For": "198.51.100.7",
        "User-Agent": "lat=51.2787",
    }
    async with http.get(f"{nginx.at}{path}?{QUERY}", headers=headers) as response:
        assert response.status == 200

    (line,) = await nginx.logged(1)

    (request,) = [each for worker in workers for each in worker.requests]
    assert request.query_string == QUERY
    assert (line["path"], line["status"], line["request_id"]) == (path, 200, "abc-1")
    assert not any(secret in nginx.said() for secret in SECRETS)


async def test_failures_are_logged_without_it_too(
    nginx: Nginx, workers: list[Worker], http: ClientSession
) -> None:
    for worker in workers:
        await worker.server.close()
    at = f"{nginx.at}/v1/recommendations?{QUERY}"
    statuses = []
    for request in (
        http.get(at),
        http.post(at, data=b"x" * 300_000),
        http.get(f"{at}&need={'x' * 9000}"),
        http.get(f"{nginx.at}/metrics?{QUERY}"),
        http.get(at, headers={"X-Long": "x" * 9000}),
    ):
        async with request as response:
            statuses.append(response.status)
    reader, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
    writer.write(f"NO SENSE {at}\r\n\r\n".encode())
    assert b"400" in await reader.readline()
    writer.close()
    await writer.wait_closed()

    lines = await nginx.logged(6)

    assert statuses == [502, 413, 414, 404, 400]
    # By several workers of nginx, so in any order.
    assert sorted(line["status"] for line in lines) == sorted([*statuses, 400])
    assert "502" in lines[0]["upstream_status"]
    assert not any(secret in nginx.said() for secret in SECRETS)


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/", "/"),
        ("/v1/facilities/qeqm-ed/history", "/v1/facilities/qeqm-ed/history"),
        ("/openapi.json", "/openapi.json"),
        ("/v1/journeys", "/v1/journeys"),
        ("/v1/journeys/8f14e45f-ceea", "/v1/journeys/-"),
        ("/v1/recommendations%3Flat=51.2787", "other"),
        ("/51.2787,1.0877", "other"),
        ("/CT1%201AA", "other"),
    ],
)
async def test_a_path_is_logged_where_it_is_a_route_s(
    nginx: Nginx, http: ClientSession, path: str, logged: str
) -> None:
    async with http.get(URL(nginx.at + path, encoded=True)) as response:
        assert response.status == 200

    (line,) = await nginx.logged(1)
    assert line["path"] == logged


async def test_metrics_are_not_for_outside(nginx: Nginx, workers: list[Worker]) -> None:
    for path in (
        "/metrics",
        "/metrics/",
        "//metrics",
        "/%6detrics",
        "/v1/../metrics",
        "/./metrics?x=1",
        "http://api:8080/metrics",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert b"404" in await reader.readline(), path
        writer.close()
        await writer.wait_closed()

    assert [each for worker in workers for each in worker.requests] == []


async def test_workers_learn_the_client_from_us_alone(nginx: Nginx, http: ClientSession) -> None:
    sent = {
        "X-Forwarded-For": "192.0.2.1, 198.51.100.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "elsewhere.example",
        "Forwarded": "for=192.0.2.1",
        "X-Request-ID": "not a plain one",
    }
    async with http.get(f"{nginx.at}/", headers=sent) as response:
        seen = await response.json()

    assert seen["X-Forwarded-For"] == "198.51.100.7"
    assert seen["X-Forwarded-Proto"] == "https"
    assert "X-Forwarded-Host" not in seen
    assert "Forwarded" not in seen
    assert re.fullmatch("[0-9a-f]{32}", seen["X-Request-ID"])


async def test_events_arrive_as_they_happen(
    nginx: Nginx, workers: list[Worker], http: ClientSession
) -> None:
    async with http.get(f"{nginx.at}/v1/events") as response:
        first = await response.content.readuntil(b"\n\n")
        for worker in workers:
            worker.go_on.set()
        rest = await response.content.read()

    assert first == b"data: first\n\n"
    assert rest == b"data: second\n\n"


async def test_both_workers_are_asked_and_a_dead_one_is_passed_over(
    nginx: Nginx, workers: list[Worker], http: ClientSession
) -> None:
    async def ask() -> int:
        async with http.get(f"{nginx.at}/healthz") as response:
            return response.status

    assert {await ask() for _ in range(20)} == {200}
    assert all(worker.requests for worker in workers)

    await workers[0].server.close()

    assert {await ask() for _ in range(20)} == {200}


async def test_nginx_is_healthy_whatever_the_workers_are(
    nginx: Nginx, workers: list[Worker], http: ClientSession
) -> None:
    for worker in workers:
        await worker.server.close()

    async with http.get(nginx.health) as response:
        assert response.status == 200
    assert nginx.said() == ""
