"""Redis and the broker behind TLS, by an authority of their own: trusted, or refused and told."""

import gc
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.mqtt import MqttEndpoint
from tests.redis.conftest import hospital, until_shown
from tests.support.certificates import Certificates, make_certificates
from tests.support.clock import FakeClock
from tests.support.messages import observation
from tests.support.servers import Server, require_binary
from tests.support.service import eventually, get_json, serving
from waitless.app import create_app
from waitless.settings import Settings, SettingsFault


@pytest.fixture
def ours(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path / "ours")


@pytest.fixture
def theirs(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path / "theirs")


@pytest.fixture
def tls_redis(tmp_path: Path, ours: Certificates) -> Iterator[Server]:
    program = require_binary("redis-server", "redis-server")
    server = Server(
        lambda port: [
            program, "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1",
            "--tls-cert-file", str(ours.certificate), "--tls-key-file", str(ours.key),
            "--tls-ca-cert-file", str(ours.authority), "--tls-auth-clients", "no",
            "--dir", str(tmp_path), "--save", "",
        ],
        tmp_path,
    )  # fmt: skip
    yield server
    server.stop()


@pytest.fixture
def tls_mosquitto(tmp_path: Path, ours: Certificates) -> Iterator[Server]:
    program = require_binary("mosquitto", "mosquitto")
    settings = tmp_path / "tls.conf"

    def command(port: int) -> list[str]:
        settings.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n"
            f"certfile {ours.certificate}\nkeyfile {ours.key}\n"
        )
        return [program, "-c", str(settings)]

    server = Server(command, tmp_path)
    yield server
    server.stop()


async def test_a_wait_goes_from_a_broker_through_a_redis_both_behind_tls(
    tls_redis: Server, tls_mosquitto: Server, ours: Certificates
) -> None:
    clock = FakeClock(running=True)
    settings = Settings(
        redis_url=f"rediss://127.0.0.1:{tls_redis.port}/0?ssl_ca_certs={ours.authority}",
        mqtt_url=f"mqtts://127.0.0.1:{tls_mosquitto.port}",
        mqtt_ca_file=ours.authority,
    )
    endpoint = settings.find_mqtt()
    assert isinstance(endpoint, MqttEndpoint)
    async with (
        serving(create_app(settings, now=clock)) as patient,
        hospital(endpoint) as publish,
    ):
        await publish(observation(minutes=22, as_of=clock()))
        await until_shown(patient, 22)


async def test_a_redis_of_an_unknown_authority_is_an_absent_one_and_the_log_says_why(
    tls_redis: Server, theirs: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"rediss://127.0.0.1:{tls_redis.port}/0?ssl_ca_certs={theirs.authority}"
    with caplog.at_level(logging.WARNING):
        async with serving(create_app(Settings(redis_url=url))) as patient:
            told = await get_json(patient, "/v1/recommendations", place="Deal")
            assert told["degraded"]
            assert (await patient.get("/readyz")).status == 503

    assert "CERTIFICATE_VERIFY_FAILED" in caplog.text


async def test_a_broker_of_an_unknown_authority_is_not_listened_to_and_the_log_says_why(
    redis_url: str, tls_mosquitto: Server, theirs: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(
        redis_url=redis_url,
        mqtt_url=f"mqtts://127.0.0.1:{tls_mosquitto.port}",
        mqtt_ca_file=theirs.authority,
    )
    async with serving(create_app(settings)) as patient:

        async def lost() -> bool:
            feeds = (await get_json(patient, "/v1/feeds"))["feeds"]
            return ("lost", "broker_away") in {(one["state"], one["fault"]) for one in feeds}

        await eventually(lost)

    assert "CERTIFICATE_VERIFY_FAILED" in caplog.text
    caplog.clear()  # records hold the faults, and those what they came by
    gc.collect()  # a socket left open fails the test by its warning


def test_an_authority_s_file_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing of the kind")
    for name in ("ca.pem", "not-there.pem"):
        settings = Settings(mqtt_url="mqtts://127.0.0.1", mqtt_ca_file=tmp_path / name)
        with pytest.raises(SettingsFault, match="mqtt_ca_file"):
            settings.find_mqtt()
