import asyncio
import os
import random
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import aiomqtt
import pytest

from feeds.model import Delivery
from feeds.mqtt import MqttEndpoint
from tests.support.clock import FakeClock
from tests.support.servers import Server, require_binary
from waitless.area.pack import Area
from waitless.ingest import BROKER
from waitless.settings import Settings
from waitless.transports import make_transports, name_session

ROOT = Path(__file__).parents[2]
OWN = "waitless/v1/east-kent/kcht/deal-utc/wait"
ANOTHERS = "waitless/v1/east-kent/ekhuft/qeqm-ed/wait"
PATIENCE_S = 10.0


class Broker:
    """The real broker under our files, with the passwords that ops/make-secrets made.

    With packs: with the users and the ACL that ops/make-mqtt-users made of them. `listener` stands
    in place of the plain one, PORT where it listens.
    """

    def __init__(
        self, folder: Path, *packs: Path, listener: str = "listener PORT 127.0.0.1\n"
    ) -> None:
        self._listener = listener
        program = require_binary("mosquitto", "mosquitto")
        require_binary("mosquitto_passwd", "mosquitto")
        self._folder = folder
        for name in ("make-secrets", "make-mqtt-users"):
            shutil.copy(ROOT / "ops" / name, folder)
        command = ["make-mqtt-users", *packs] if packs else ["make-secrets", "kcht", "ekhuft"]
        subprocess.run([folder / command[0], *command[1:]], check=True, capture_output=True)
        acl = folder / "secrets/mosquitto.acl" if packs else ROOT / "ops/mosquitto.acl"
        shutil.copy(acl, folder / "acl")
        (folder / "data").mkdir()
        self.server = Server(lambda port: [program, "-c", self._write_conf(port)], folder)

    def connect(
        self,
        user: str,
        *,
        session: str | None = None,
        inflight: int = 20,
        tls: ssl.SSLContext | None = None,
    ) -> aiomqtt.Client:
        return aiomqtt.Client(
            "127.0.0.1",
            self.server.port,
            username=user,
            password=self.password(user),
            identifier=session,
            clean_session=session is None,
            max_inflight_messages=inflight,
            timeout=PATIENCE_S,
            tls_context=tls,
        )

    def password(self, user: str) -> str:
        name = "mqtt_ingest_password" if user == "ingest" else f"provider-{user}"
        return (self._folder / "secrets" / name).read_text().strip()

    def restart(self) -> None:
        self.server.stop()
        self.server.start()

    def said(self) -> str:
        return (self._folder / f"{self.server.port}.log").read_text()

    def _write_conf(self, port: int) -> str:
        text = (ROOT / "ops/mosquitto.conf").read_text()
        for there, here in (
            ("listener 1883\n", self._listener.replace("PORT", str(port))),
            ("/run/secrets/", f"{self._folder}/secrets/"),
            ("/mosquitto/config/acl", f"{self._folder}/acl"),
            ("/mosquitto/data/", f"{self._folder}/data/"),
        ):
            assert text.count(there) == 1, there
            text = text.replace(there, here)
        if os.geteuid() == 0:
            text += "user root\n"  # it would give up root, and with it this test's folder
        conf = self._folder / "mosquitto.conf"
        conf.write_text(text)
        return str(conf)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    yield broker
    broker.server.stop()


async def listen(client: aiomqtt.Client, until: str) -> list[tuple[str, bytes]]:
    heard: list[tuple[str, bytes]] = []
    async with asyncio.timeout(PATIENCE_S):
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            heard.append((str(message.topic), message.payload))
            if message.payload == until.encode():
                break
    return heard


@pytest.mark.parametrize("user", [None, "kcht"])
async def test_who_has_no_password_is_refused(broker: Broker, user: str | None) -> None:
    with pytest.raises(aiomqtt.MqttError, match=r"(?i)not authori[sz]ed"):
        async with aiomqtt.Client("127.0.0.1", broker.server.port, username=user, password=user):
            pass


async def test_a_provider_publishes_as_itself_alone(broker: Broker) -> None:
    async with broker.connect("ingest") as ingest, broker.connect("kcht") as kcht:
        await ingest.subscribe("waitless/v1/#", qos=1)

        await kcht.publish(ANOTHERS, b"forged", qos=1, retain=True)
        await kcht.publish("waitless/v1/east-kent/ekhuft/status", b"lost", qos=1, retain=True)
        await kcht.publish("elsewhere", b"stray", qos=1)
        await kcht.publish("waitless/v1/east-kent/kcht/status", b"ready", qos=1, retain=True)
        await kcht.publish(OWN, b"own", qos=1, retain=True)

        assert await listen(ingest, until="own") == [
            ("waitless/v1/east-kent/kcht/status", b"ready"),
            (OWN, b"own"),
        ]


async def test_a_provider_reads_nothing(broker: Broker) -> None:
    async with broker.connect("ekhuft") as ekhuft, broker.connect("kcht") as kcht:
        await ekhuft.subscribe("waitless/v1/#", qos=1)
        await kcht.publish(OWN, b"own", qos=1, retain=True)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await anext(ekhuft.messages)


async def test_the_ingest_process_writes_for_no_provider(broker: Broker) -> None:
    async with broker.connect("ingest") as ingest, broker.connect("kcht") as kcht:
        await ingest.subscribe("waitless/v1/#", qos=1)
        await ingest.publish(OWN, b"forged", qos=1)
        await kcht.publish(OWN, b"own", qos=1)

        assert await listen(ingest, until="own") == [(OWN, b"own")]


@asynccontextmanager
async def listening(
    broker: Broker, area: Area, settings: Settings, take: Callable[[Delivery], Awaitable[None]]
) -> AsyncIterator[None]:
    """The ingest process's ears, for as long as the context lasts."""
    async with aiohttp.ClientSession() as session:
        ingest = make_transports(
            area,
            session=session,
            mqtt=MqttEndpoint(
                host="127.0.0.1",
                port=broker.server.port,
                username="ingest",
                password=broker.password("ingest"),
            ),
            settings=settings,
            sink=take,
            now=FakeClock(),
            chance=random.Random(1),
        )[BROKER]
        task = asyncio.create_task(ingest.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_no_provider_takes_over_the_session_of_the_ingest_process(
    broker: Broker, east_kent: Area
) -> None:
    """A broker gives a session, and what is queued in it, to whoever names it: to any user."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(delivery: Delivery) -> None:
        delivery.acknowledge()
        await heard.put(delivery.payload)

    async with listening(broker, east_kent, Settings(), take), asyncio.timeout(PATIENCE_S):
        await heard.get()  # its own heartbeat
        for password in (None, broker.password("kcht")):
            guessed = name_session("east-kent", "1", password)
            async with broker.connect("kcht", session=guessed) as kcht:
                await kcht.publish(OWN, guessed.encode(), qos=1)
                while await heard.get() != guessed.encode():
                    pass
    assert "already connected" not in broker.said()


async def test_the_session_of_an_older_version_takes_nothing_and_holds_nothing_after_an_upgrade(
    broker: Broker, east_kent: Area
) -> None:
    """Of a share group it would have every second message, until the broker forgot it in days."""
    heard: set[bytes] = set()
    alive = asyncio.Event()

    async def take(delivery: Delivery) -> None:
        delivery.acknowledge()
        heard.add(delivery.payload)
        alive.set()

    older = name_session("east-kent", "1", None)
    async with broker.connect("ingest", session=older) as before:
        await before.subscribe("$share/ears/waitless/v1/east-kent/+/+/wait", qos=1)
    sent = {str(number).encode() for number in range(10)}

    settings = Settings(mqtt_share_group="ears")
    async with listening(broker, east_kent, settings, take), broker.connect("kcht") as kcht:
        async with asyncio.timeout(PATIENCE_S):
            await alive.wait()  # its own heartbeat
            for payload in sorted(sent):
                await kcht.publish(OWN, payload, qos=1)
        await kcht.publish(OWN, b"last", qos=1)
        await asyncio.sleep(0.5)

    assert heard >= sent
    # Nor is there anything for a provider that goes by its name.
    async with broker.connect("kcht", session=older) as kcht:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await anext(kcht.messages)


def test_a_session_has_one_name_for_as_long_as_its_password_lasts() -> None:
    named = name_session("east-kent", "1", "seven grey pigeons")

    assert named == name_session("east-kent", "1", "seven grey pigeons")
    assert named != name_session("east-kent", "2", "seven grey pigeons")
    assert name_session("east-kent", "1", None) == "waitless-ingest-east-kent-1"


async def test_retained_and_queued_messages_survive_a_restart(broker: Broker) -> None:
    async with broker.connect("ingest", session="waitless-ingest-1") as ingest:
        await ingest.subscribe("waitless/v1/east-kent/+/+/wait", qos=1)
    many = 2_000  # more than mosquitto keeps for an absent client by default
    async with broker.connect("kcht", inflight=many) as kcht:
        async with asyncio.TaskGroup() as publishing:
            for number in range(many):
                publishing.create_task(kcht.publish(OWN, b"%d" % number, qos=1))
        await kcht.publish(OWN, b"last", qos=1, retain=True)

    await asyncio.to_thread(broker.restart)

    async with broker.connect("ingest", session="waitless-ingest-1") as ingest:
        queued = await listen(ingest, until="last")
    assert len(queued) == many + 1
    async with broker.connect("ingest") as another:
        await another.subscribe("waitless/v1/#", qos=1)
        assert await listen(another, until="last") == [(OWN, b"last")]


async def test_no_password_is_logged(broker: Broker) -> None:
    async with broker.connect("kcht") as kcht:
        await kcht.publish(OWN, b"own", qos=1)

    assert "u'kcht'" in broker.said()
    assert broker.password("kcht") not in broker.said()
