"""Real processes: each sends what it does, and its last spans before it ends."""

import json
import signal
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
import pytest

from feeds.events import encode_event
from tests.support.collector import Collector
from tests.support.messages import observation
from tests.support.processes import serve
from tests.support.servers import Server, free_port
from tests.support.service import eventually

TOPIC = "waitless/v1/east-kent/kcht/deal-utc/wait"


@pytest.mark.timeout(240)
async def test_every_process_of_several_sends_its_own_and_logs_the_traces_id(
    tmp_path: Path, own_redis: Server, mosquitto: Server, collector: Collector
) -> None:
    environment = {
        "WAITLESS_REDIS_URL": f"redis://127.0.0.1:{own_redis.port}/0",
        "WAITLESS_MQTT_URL": f"mqtt://127.0.0.1:{mosquitto.port}",
        "WAITLESS_TRACES_URL": collector.url,
        "WAITLESS_TRACES_RATIO": "1",
        "WAITLESS_LOG_FORMAT": "json",
        "WAITLESS_LOG_LEVEL": "DEBUG",
        "WAITLESS_WRITER_PORT": str(free_port()),
    }
    with serve(tmp_path, "--workers", "1", **environment) as service:
        await service.becomes("ready", 120)
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as hospital:
            observed = observation(minutes=22, as_of=datetime.now(UTC))
            await hospital.publish(TOPIC, encode_event(observed, source="/tests"), qos=1)
            renewed = await collector.gets("renew board", within_s=30)
            await hospital.publish(TOPIC, b"{", qos=1)

        async def refused() -> bool:
            return any(one.events for one in collector.find("decode"))

        await eventually(refused, within_s=30)
        await service.get("/v1/feeds")
        service.signal(signal.SIGTERM)
        assert await service.ends() == 0
        lines = [json.loads(one) for one in service.log.read_text().splitlines() if one[0] == "{"]

    [root] = collector.find("delivery", renewed.trace_id)
    [asked] = collector.find("GET /v1/feeds")
    assert (root.process["waitless.role"], asked.process["waitless.role"]) == ("ingest", "api")
    assert asked.process["service.instance.id"] != root.process["service.instance.id"]
    assert [trace_id for trace_id, _ in asked.links] == [root.trace_id]
    refusing = next(one for one in collector.find("decode") if one.events)

    def logged(trace_id: str) -> list[str]:
        return [one["message"] for one in lines if one.get("trace_id") == trace_id]

    assert any(one.startswith("refused malformed") for one in logged(refusing.trace_id))
    assert asked.says["waitless.request_id"] in " ".join(logged(asked.trace_id))
