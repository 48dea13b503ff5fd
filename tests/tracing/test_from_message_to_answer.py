"""One delivery, followed through two processes to the answer that shows it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from feeds.mqtt import MqttEndpoint
from tests.security.conftest import send
from tests.support.clock import FakeClock
from tests.support.collector import Collector, Told
from tests.support.messages import observation
from tests.support.servers import Server
from tests.support.service import eventually, get_json, serving
from tests.tracing.conftest import Area, Make, an_area
from waitless.app import Role, create_app
from waitless.keys import Role as KeyRole
from waitless.keys import make_key

JULY_5TH = datetime(2023, 7, 5, 17, 16, tzinfo=UTC)
"""Just after the recorded payload."""
STAGES = ["receive", "decode", "believe", "store", "renew board"]


def in_order(spans: list[Told]) -> bool:
    """Whether each begins once the one before it has begun, and none ends before it begins."""
    begun = [one.since_ns for one in spans]
    return begun == sorted(begun) and all(one.since_ns <= one.until_ns for one in spans)


async def test_a_message_is_followed_to_the_answer_that_shows_it(
    area: Area, collector: Collector
) -> None:
    await area.publish(observation(minutes=22, as_of=area.clock()))
    await area.shows(22)
    renewed = await collector.gets("renew board")
    answer = await get_json(area.patient, "/v1/recommendations", place="Deal")
    answered = await collector.gets("GET /v1/recommendations")

    root = await collector.gets("delivery", renewed.trace_id)
    spans = [collector.find(name, root.trace_id)[0] for name in STAGES]
    assert root.parent_id == ""
    assert all(one.parent_id == root.span_id for one in spans)
    *written, renewed = spans
    assert in_order([root, *written])
    # The process that answers may have begun to look before, for another notice.
    assert written[-1].since_ns <= renewed.until_ns <= answered.since_ns
    assert root.since_ns == spans[0].since_ns
    assert spans[3].until_ns <= root.until_ns
    assert spans[2].says["waitless.facilities"] == ["deal-utc"]
    epochs = [one.says["waitless.epoch"] for one in (*spans[3:], answered)]
    assert epochs == sorted(epochs)
    assert epochs[2] == answer["epoch"]
    assert answered.links == [(root.trace_id, {"waitless.facilities": ["deal-utc"]})]
    assert root.process["waitless.role"] == "ingest"
    assert renewed.process["waitless.role"] == answered.process["waitless.role"] == "api"
    assert renewed.process["service.instance.id"] != root.process["service.instance.id"]


async def test_an_answer_joins_its_callers_trace(area: Area, collector: Collector) -> None:
    trace_id, span_id = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    headers = {"traceparent": f"00-{trace_id}-{span_id}-01", "X-Request-ID": "from-the-app"}

    await area.patient.get("/v1/recommendations?place=Deal", headers=headers)

    answered = await collector.gets("GET /v1/recommendations", trace_id)
    assert answered.parent_id == span_id
    assert answered.says["waitless.request_id"] == "from-the-app"
    assert answered.says["http.response.status_code"] == 200


async def test_a_caller_that_records_nothing_is_not_told_of(
    area: Area, collector: Collector
) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-00"}

    await area.patient.get("/v1/recommendations?place=Deal", headers=headers)
    await area.patient.get("/v1/feeds")

    await collector.gets("GET /v1/feeds")
    assert collector.find("GET /v1/recommendations") == []


@pytest.mark.parametrize("given", ["nonsense", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", ""])
async def test_a_malformed_caller_begins_a_trace_of_its_own(
    area: Area, collector: Collector, given: str
) -> None:
    await area.patient.get("/v1/recommendations?place=Deal", headers={"traceparent": given})

    answered = await collector.gets("GET /v1/recommendations")
    assert answered.parent_id == ""
    assert int(answered.trace_id, 16) != 0


async def test_two_callers_in_one_request_are_none(area: Area, collector: Collector) -> None:
    one, other = (f"00-{digit * 32}-00f067aa0ba902b7-01" for digit in "ab")

    await area.patient.get(
        "/v1/recommendations?place=Deal", headers=[("traceparent", one), ("traceparent", other)]
    )

    assert (await collector.gets("GET /v1/recommendations")).parent_id == ""


async def test_a_value_that_is_held_says_by_which_rule_and_goes_no_further(
    area: Area, collector: Collector
) -> None:
    await area.publish(observation(minutes=72 * 60, as_of=area.clock()))

    believed = await collector.gets("believe")
    root = await collector.gets("delivery", believed.trace_id)
    said = {"waitless.facility": "deal-utc", "waitless.rule": "over_limit", "waitless.count": 1}
    assert believed.events == [("held", said)]
    assert believed.says["waitless.held"] == 1
    names = [one.name for one in collector.stages(root.trace_id)]
    assert sorted(names) == ["believe", "decode", "delivery", "receive"]


@pytest.mark.usefixtures("area")
async def test_a_message_that_is_refused_says_why(collector: Collector, mosquitto: Server) -> None:
    async with aiomqtt.Client("127.0.0.1", mosquitto.port) as stranger:
        await stranger.publish("waitless/v1/east-kent/kcht/deal-utc/wait", b"{", qos=1)

    decoded = await collector.gets("decode")
    root = await collector.gets("delivery", decoded.trace_id)
    assert root.says["waitless.feed"] == "kcht"
    assert decoded.events == [("refused", {"waitless.reason": "malformed", "waitless.count": 1})]
    assert decoded.says["waitless.observations"] == 0
    names = [one.name for one in collector.stages(root.trace_id)]
    assert sorted(names) == ["decode", "delivery", "receive"]


async def test_the_brokers_own_beat_has_no_trace(area: Area, collector: Collector) -> None:
    async def beaten() -> bool:
        board = await (await area.patient.get("/metrics")).text()
        return "waitless_heartbeat_timestamp_seconds 1." in board

    await eventually(beaten)
    await area.publish(observation(minutes=22, as_of=area.clock()))

    await collector.gets("store")
    assert len(collector.find("delivery")) == 1


async def test_a_delivery_that_waits_for_the_store_says_how_long(
    area: Area, collector: Collector, own_redis: Server
) -> None:
    await area.publish(observation(minutes=22, as_of=area.clock()))
    await area.shows(22)
    own_redis.kill()
    await area.publish(observation(minutes=25, as_of=area.clock()))

    async def tried() -> bool:
        text = await (await area.writer.get("/metrics")).text()
        return "waitless_store_retries_total 1.0" in text

    await eventually(tried)
    own_redis.start()
    await area.shows(25)

    async def told() -> bool:
        return any(one.events for one in collector.find("store"))

    await eventually(told)
    stored = next(one for one in collector.find("store") if one.events)
    assert {name for name, _ in stored.events} == {"store_away"}
    renewed = await collector.gets("renew board", stored.trace_id)
    assert in_order([*collector.find("believe", stored.trace_id), stored])
    assert stored.since_ns <= renewed.until_ns


async def test_a_pushed_wait_links_the_request_to_its_delivery(
    traced: Make, endpoint: MqttEndpoint, collector: Collector, tmp_path: Path
) -> None:
    key, lines = make_key("kcht", KeyRole.PROVIDER)
    (tmp_path / "keys.toml").write_text(lines)
    async with an_area(traced(keys_file=tmp_path / "keys.toml"), endpoint) as area:
        measured = (area.clock() - timedelta(minutes=2)).isoformat()
        services = [
            {"serviceId": "deal-utc", "waitingTimeMins": 35, "lastUpdated": measured},
            {"serviceId": "deal-utc", "waitingTimeMins": -1, "lastUpdated": measured},
        ]
        response = await area.writer.post(
            "/v1/capacities", json=services, headers={"Authorization": f"Bearer {key}"}
        )

        assert response.status == 207
        asked = await collector.gets("POST /v1/capacities")
        root = await collector.gets("delivery")
        await collector.gets("renew board", root.trace_id)

    assert asked.links == [(root.trace_id, {"waitless.feed": "kcht"})]
    [(refused, said)] = asked.events
    assert refused == "refused"
    assert said["waitless.reason"].startswith("VAL-")
    assert root.trace_id != asked.trace_id


async def test_a_polled_document_is_one_trace_with_all_that_became_of_its_rows(
    shared_data: Path, plymouth_pack: Path, traced: Make, collector: Collector
) -> None:
    payload = (shared_data / "feeds/uk_plymouth_uhp/facility_timeseries_response.json").read_bytes()

    async def facility(_: web.Request) -> web.Response:
        return web.Response(body=payload, content_type="application/json")

    source = web.Application()
    source.router.add_get("/facility", facility)
    async with TestServer(source) as hospital:
        definition = plymouth_pack / "feeds" / "plymouth.toml"
        text = definition.read_text()
        definition.write_text(text.replace("127.0.0.1:9", f"127.0.0.1:{hospital.port}"))
        clock = FakeClock(running=True)
        clock.move(seconds=-(clock() - JULY_5TH).total_seconds())
        settings = traced(area=str(plymouth_pack), mqtt_url=None)
        async with serving(create_app(settings, now=clock)):
            renewed = await collector.gets("renew board")
            believed = await collector.gets("believe", renewed.trace_id)
            decoded = await collector.gets("decode", renewed.trace_id)

    held = sum(said["waitless.count"] for _, said in believed.events)
    assert held == believed.says["waitless.held"] > 0
    assert {said["waitless.rule"] for _, said in believed.events} == {"dropout"}
    total = believed.says["waitless.believed"] + believed.says["waitless.held"]
    assert decoded.says["waitless.observations"] == total


async def test_a_process_that_starts_later_knows_the_trace_from_the_reading_alone(
    traced: Make, endpoint: MqttEndpoint, collector: Collector
) -> None:
    async with an_area(traced(), endpoint) as area:
        await area.publish(observation(minutes=22, as_of=area.clock()))
        await area.shows(22)
    root = await collector.gets("delivery")
    collector.spans.clear()

    later = FakeClock(running=True)
    async with serving(create_app(traced(), Role.API, now=later)) as patient:
        renewed = await collector.gets("renew board")
        await patient.get("/v1/recommendations?place=Deal")
        answered = await collector.gets("GET /v1/recommendations")

    assert renewed.trace_id == root.trace_id
    assert renewed.parent_id == root.span_id
    assert [trace_id for trace_id, _ in answered.links] == [root.trace_id]


async def test_the_fast_path_tells_the_same_of_its_answers(
    traced: Make, endpoint: MqttEndpoint, collector: Collector
) -> None:
    trace_id, span_id = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    question = "GET /v1/recommendations?place=Deal HTTP/1.1\r\nHost: here\r\n"
    joining = f"TraceParent: 00-{trace_id}-{span_id}-01\r\nX-Request-ID: quick\r\n"
    async with an_area(traced(fast_path=True), endpoint) as area:
        await area.publish(observation(minutes=22, as_of=area.clock()))
        await area.shows(22)
        root = await collector.gets("delivery")
        for _ in range(2):
            for headers in (joining, ""):
                asked = f"{question}{headers}\r\n".encode()
                assert (await send(area.patient, asked)).startswith(b"HTTP/1.1 200")

        async def told() -> bool:
            return len(collector.find("GET /v1/recommendations")) == 4

        await eventually(told)
        figures = await (await area.patient.get("/metrics")).text()

    joined = collector.find("GET /v1/recommendations", trace_id)
    assert len(joined) == 2
    for one in collector.find("GET /v1/recommendations"):
        assert one.says["http.response.status_code"] == 200
        assert [linked for linked, _ in one.links] == [root.trace_id]
    assert {one.parent_id for one in joined} == {span_id}
    assert {one.says["waitless.request_id"] for one in joined} == {"quick"}
    assert 'waitless_fast_path_requests_total{fate="answered"} 4.0' in figures


async def test_machines_questions_have_no_trace_and_strangers_paths_no_name(
    area: Area, collector: Collector
) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/v1/nothing/at/all", "/v1/facilities/x"):
        await area.patient.get(path)
    await area.patient.get("/v1/feeds")

    await collector.gets("GET /v1/feeds")
    names = {one.name for one in collector.spans}
    assert names == {"GET unmatched", "GET /v1/facilities/{id}", "GET /v1/feeds"}
