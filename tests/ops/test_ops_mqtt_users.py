"""`ops/make-mqtt-users`, and what the real broker makes of its files."""

import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ops.test_ops_broker import ROOT, Broker, listen
from tests.support.servers import require_binary

EAST_KENT = ROOT / "waitless/areas/east_kent"
OWN_FORM = """
id = "deal-board"
[transport]
kind = "mqtt"
topic = "deal/board"
"""
TRAFFIC = """
id = "roadside"
[transport]
kind = "mqtt-traffic"
"""


@pytest.fixture
def packs(tmp_path: Path) -> list[Path]:
    """Two areas: the shipped one, with sources of its own, and one of a single provider."""
    kent, other = tmp_path / "kent", tmp_path / "elsewhere"
    for pack in (kent, other):
        for folder in ("feeds", "traffic"):
            (pack / folder).mkdir(parents=True)
    for name in ("area.toml", "facilities.toml"):
        shutil.copy(EAST_KENT / name, kent)
    (kent / "feeds/board.toml").write_text(OWN_FORM)
    (kent / "traffic/roadside.toml").write_text(TRAFFIC)
    (other / "area.toml").write_text('id = "elsewhere"\n')
    (other / "facilities.toml").write_text('[[facility]]\nprovider = "kcht"\n')
    return [kent, other]


@pytest.fixture
def broker(tmp_path: Path, packs: list[Path]) -> Iterator[Broker]:
    folder = tmp_path / "ops"
    folder.mkdir()
    broker = Broker(folder, *packs)
    yield broker
    broker.server.stop()


def make(tmp_path: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    require_binary("mosquitto_passwd", "mosquitto")
    for name in ("make-secrets", "make-mqtt-users"):
        shutil.copy(ROOT / "ops" / name, tmp_path)
    command = [str(tmp_path / "make-mqtt-users"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


async def test_each_user_writes_its_own_topics_and_nothing_else(broker: Broker) -> None:
    base = "waitless/v1/east-kent"
    allowed = {
        "kcht": [f"{base}/kcht/deal-utc/wait", f"{base}/kcht/status",
                 "waitless/v1/elsewhere/kcht/a/wait"],
        "ekhuft": [f"{base}/ekhuft/qeqm-ed/wait"],
        "deal-board": ["deal/board"],
        "roadside": [f"{base}/traffic/roadside"],
    }  # fmt: skip
    forbidden = {
        "kcht": [f"{base}/ekhuft/qeqm-ed/wait", f"{base}/ekhuft/status", f"{base}/kcht/a/b/wait",
                 f"{base}/probe/1", f"{base}/traffic/roadside", "deal/board", "elsewhere"],
        "ekhuft": [f"{base}/kcht/deal-utc/wait", "waitless/v1/elsewhere/ekhuft/a/wait"],
        "deal-board": [f"{base}/deal-board/deal-utc/wait", f"{base}/kcht/status"],
        "roadside": [f"{base}/traffic/other", f"{base}/probe/1", f"{base}/roadside/a/wait"],
    }  # fmt: skip
    async with broker.connect("ingest") as ingest:
        await ingest.subscribe([("waitless/v1/#", 1), ("deal/board", 1), ("elsewhere", 1)])
        for user, topics in allowed.items():
            async with broker.connect(user) as client:
                await client.subscribe("waitless/v1/#", qos=1)
                for topic in forbidden[user]:
                    await client.publish(topic, b"forged", qos=1, retain=True)
                for topic in topics:
                    await client.publish(topic, b"own", qos=1)
                await client.publish(topics[0], b"end", qos=1)
            heard = await listen(ingest, until="end")
            expected = [*((topic, b"own") for topic in topics), (topics[0], b"end")]
            assert heard == expected, user


def test_passwords_are_kept_and_the_file_is_the_broker_s(tmp_path: Path, packs: list[Path]) -> None:
    first = make(tmp_path, *packs)
    assert first.returncode == 0, first.stderr
    before = (tmp_path / "secrets/mosquitto_passwords").read_text()
    assert make(tmp_path, *packs[:1]).returncode == 0

    assert (tmp_path / "secrets/mosquitto_passwords").read_text() == before
    acl = tmp_path / "secrets/mosquitto.acl"
    assert stat.S_IMODE(acl.stat().st_mode) in {0o400, 0o444}
    assert "elsewhere" not in acl.read_text()
    for secret in (tmp_path / "secrets").glob("provider-*"):
        assert secret.read_text().strip() not in first.stdout + first.stderr + acl.read_text()


def test_the_shipped_pack_gives_every_provider_a_user(tmp_path: Path) -> None:
    assert make(tmp_path, EAST_KENT).returncode == 0

    acl = (tmp_path / "secrets/mosquitto.acl").read_text()
    for provider in ("kcht", "ekhuft"):
        assert f"user {provider}\ntopic write waitless/v1/east-kent/{provider}/+/wait\n" in acl
    assert "pattern" not in acl


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("facilities.toml", '[[facility]]\nprovider = "probe"'),
        ("facilities.toml", '[[facility]]\nprovider = "a\\ntopic write #"'),
        ("facilities.toml", '[[facility]]\nprovider = "+"'),
        ("facilities.toml", "[[facility]]\nprovider = 3"),
        ("facilities.toml", "[[facility]]"),
        ("facilities.toml", "no table at all"),
        ("area.toml", 'id = "+"'),
        ("area.toml", ""),
        ("feeds/a.toml", OWN_FORM.replace("deal/board", "#")),
        ("feeds/a.toml", OWN_FORM.replace("deal/board", "waitless/v1/east-kent/ekhuft/a/wait")),
        ("feeds/a.toml", OWN_FORM.replace("deal/board", "a\\ntopic write #")),
        ("feeds/a.toml", OWN_FORM.replace("deal/board", "$SYS/broker")),
        ("feeds/a.toml", OWN_FORM.replace("deal/board", "")),
        ("traffic/a.toml", TRAFFIC.replace("roadside", "ingest")),
    ],
)
def test_a_pack_that_would_open_too_much_is_refused_and_nothing_is_made(
    tmp_path: Path, packs: list[Path], file: str, text: str
) -> None:
    (packs[0] / file).write_text(text)

    done = make(tmp_path, packs[0])

    assert done.returncode == 1
    assert "make-mqtt-users: " in done.stderr
    assert file.rsplit("/", maxsplit=1)[-1] in done.stderr
    assert not (tmp_path / "secrets").exists()


@pytest.mark.parametrize("arguments", [[], ["--new"], ["--renew"]])
def test_without_a_pack_it_says_how(tmp_path: Path, arguments: list[str]) -> None:
    assert make(tmp_path, *arguments).returncode == 2
