"""The shipped examples of TLS, under the real nginx and the real mosquitto."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest
from aiohttp import ClientConnectorError, ClientSession, TCPConnector, web
from aiohttp.test_utils import TestServer

from tests.ops.test_ops_broker import OWN, Broker
from tests.support.certificates import Certificates, make_certificates
from tests.support.servers import Server, free_port, require_binary

ROOT = Path(__file__).parents[2]
QUERY = "lat=51.2787&lon=1.0877"


@pytest.fixture
def ours(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path / "ours")


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    for there, here in pairs:
        assert text.count(there) == 1, there
        text = text.replace(there, here)
    return text


class Front:
    """The terminator, before something that says what came to it."""

    def __init__(self, folder: Path, ours: Certificates, behind: int) -> None:
        program = require_binary("nginx", "nginx-light")
        self.plain_port = free_port()
        self._folder = folder

        def command(port: int) -> list[str]:
            conf = folder / "tls.conf"
            text = replaced(
                (ROOT / "ops/tls-nginx.conf").read_text(),
                ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
                ("listen 80;", f"listen 127.0.0.1:{self.plain_port};"),
                ("server 127.0.0.1:8080;", f"server 127.0.0.1:{behind};"),
                ("/etc/waitless/tls/server.pem", str(ours.certificate)),
                ("/etc/waitless/tls/server.key", str(ours.key)),
                ("/run/waitless-tls.pid", f"{folder}/tls.pid"),
            )
            conf.write_text(text)
            return [program, "-p", str(folder), "-c", str(conf), "-g", "daemon off;"]

        self.server = Server(command, folder)
        self.at = f"https://127.0.0.1:{self.server.port}"

    def said(self) -> str:
        return (self._folder / f"{self.server.port}.log").read_text()


@pytest.fixture
async def front(tmp_path: Path, ours: Certificates) -> AsyncIterator[Front]:
    async def echo(request: web.Request) -> web.Response:
        return web.json_response({**request.headers, "path": request.path_qs})

    app = web.Application()
    app.router.add_get("/{path:.*}", echo)
    async with TestServer(app) as behind:
        assert behind.port is not None
        front = Front(tmp_path, ours, behind.port)
        yield front
        front.server.stop()


def trusting(ours: Certificates, most: ssl.TLSVersion | None = None) -> TCPConnector:
    context = ssl.create_default_context(cafile=str(ours.authority))
    if most is not None:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = most
    return TCPConnector(ssl=context)


async def test_patients_come_by_https_and_their_browsers_stay_with_it(
    front: Front, ours: Certificates
) -> None:
    async with ClientSession(connector=trusting(ours)) as http:
        spoofed = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "http"}
        async with http.get(f"{front.at}/?{QUERY}", headers=spoofed) as response:
            came = await response.json()
            strict = response.headers["Strict-Transport-Security"]

    assert came["path"] == f"/?{QUERY}"
    assert came["X-Forwarded-Proto"] == "https"
    assert came["X-Forwarded-For"] == "127.0.0.1"
    assert strict == "max-age=63072000"


async def test_who_comes_without_is_sent_there_and_not_with_the_question(
    front: Front,
) -> None:
    async with ClientSession() as http:
        at = f"http://127.0.0.1:{front.plain_port}/v1/recommendations?{QUERY}"
        async with http.get(at, allow_redirects=False) as response:
            assert response.status == 308
            assert response.headers["Location"] == "https://127.0.0.1/"


async def test_nothing_of_where_a_patient_is_is_logged(front: Front, ours: Certificates) -> None:
    async with ClientSession(connector=trusting(ours)) as http:
        for path in (f"/?{QUERY}", f"/{QUERY}"):
            await http.get(front.at + path, headers={"Referer": f"{front.at}/?{QUERY}"})
        await http.get(f"{front.at}/?{QUERY}{'x' * 40_000}")
    front.server.stop()

    assert '"status":200' in front.said()
    for trace in ("51.2787", "lat=", "127.0.0.1"):
        assert trace not in front.said()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_old_versions_of_tls_and_unknown_authorities_get_nowhere(
    front: Front, ours: Certificates
) -> None:
    for connector in (trusting(ours, ssl.TLSVersion.TLSv1_1), TCPConnector()):
        async with ClientSession(connector=connector) as http:
            with pytest.raises(ClientConnectorError):
                await http.get(front.at)


async def test_providers_come_to_the_broker_by_mqtts(tmp_path: Path, ours: Certificates) -> None:
    example = replaced(
        (ROOT / "ops/tls-mosquitto.conf").read_text(),
        ("/mosquitto/tls/server.pem", str(ours.certificate)),
        ("/mosquitto/tls/server.key", str(ours.key)),
        ("listener 8883", "listener PORT 127.0.0.1"),
    )
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Broker(folder, listener=example)
    try:
        context = ssl.create_default_context(cafile=str(ours.authority))
        async with broker.connect("kcht", tls=context) as kcht:
            await kcht.publish(OWN, b"own", qos=1)
        with pytest.raises(aiomqtt.MqttError):
            async with broker.connect("kcht"):
                pass
    finally:
        broker.server.stop()
