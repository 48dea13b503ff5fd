"""A collector that is away, refuses or hangs costs nobody anything but the spans."""

import asyncio
import logging
import time
from http import HTTPStatus
from random import Random

import pytest
from prometheus_client import CollectorRegistry

from feeds.mqtt import MqttEndpoint
from tests.support.clock import MONDAY_MORNING
from tests.support.collector import Collector, collecting
from tests.support.messages import observation
from tests.support.service import eventually
from tests.tracing.conftest import Area, Make, an_area
from waitless.tracing import sender as sending
from waitless.tracing.context import make_ref
from waitless.tracing.figures import TraceMetrics
from waitless.tracing.sender import Sender
from waitless.tracing.span import Span

chance = Random(1)


def a_span(name: str = "test") -> Span:
    return Span(
        name=name, ref=make_ref(chance), parent=None, since=MONDAY_MORNING, until=MONDAY_MORNING
    )


class Sending:
    """A sender and what it counts."""

    def __init__(self, url: str) -> None:
        self.registry = CollectorRegistry()
        metrics = TraceMetrics(self.registry)
        self.sender = Sender(f"{url}/v1/traces", {}, chance=chance, metrics=metrics)
        self.sender.start()

    def count(self, fate: str) -> float:
        labels = {"fate": fate}
        return self.registry.get_sample_value("waitless_trace_spans_total", labels) or 0

    async def counts(self, fate: str, spans: int) -> None:
        async def counted() -> bool:
            return self.count(fate) == spans

        await eventually(counted, words=f"{spans} {fate}")


async def test_what_is_sent_is_counted(collector: Collector) -> None:
    one = Sending(collector.url)

    for _ in range(600):
        one.sender.send(a_span())

    await one.counts("sent", 600)
    assert len(collector.spans) == 600
    await one.sender.close()


async def test_what_is_left_is_sent_at_the_end(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "EVERY_S", 60.0)
    one = Sending(collector.url)
    one.sender.send(a_span("last"))

    await one.sender.close()

    assert [span.name for span in collector.spans] == ["last"]


async def test_after_the_end_spans_are_dropped_and_counted(collector: Collector) -> None:
    one = Sending(collector.url)
    await one.sender.close()

    one.sender.send(a_span())

    assert one.count("dropped") == 1


async def test_spans_of_a_collector_that_refuses_are_counted_and_told_once(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.status = HTTPStatus.BAD_REQUEST
    one = Sending(collector.url)
    with caplog.at_level(logging.INFO):
        for sent in range(1, 4):
            one.sender.send(a_span())
            await one.counts("dropped", sent)
        collector.status = HTTPStatus.OK
        one.sender.send(a_span())
        await one.counts("sent", 1)
        await one.sender.close()

    told = [record.getMessage() for record in caplog.records]
    assert told == ["traces are not taken", "the collector takes traces again"]


async def test_a_collector_that_hangs_holds_nobody_up(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MOST_WAITING", 300)
    monkeypatch.setattr(sending, "CLOSED_WITHIN_S", 0.5)
    collector.hangs = True
    one = Sending(collector.url)

    slowest = 0.0
    for _ in range(1000):
        began = time.perf_counter()
        one.sender.send(a_span())
        slowest = max(slowest, time.perf_counter() - began)
    assert one.count("dropped") == 700
    began = time.perf_counter()
    await one.sender.close()

    assert time.perf_counter() - began < 3
    assert one.count("dropped") == 1000
    assert slowest < 1


async def test_the_loop_goes_on_while_the_last_spans_are_not_taken(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "CLOSED_WITHIN_S", 0.5)
    collector.hangs = True
    one = Sending(collector.url)
    one.sender.send(a_span())
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.01)

    counting = asyncio.create_task(count())
    await one.sender.close()
    counting.cancel()

    assert turns > 5


async def test_the_service_answers_as_ever_while_the_collector_is_away(
    traced: Make, endpoint: MqttEndpoint
) -> None:
    away = Collector()
    async with an_area(traced(traces_url=away.url), endpoint) as area:
        await publish_and_ask(area, 22)

        async def dropped() -> bool:
            text = await (await area.patient.get("/metrics")).text()
            return 'waitless_trace_spans_total{fate="dropped"}' in text

        await eventually(dropped, within_s=15)
        async with collecting(away):
            await publish_and_ask(area, 25)
            await away.gets("GET /v1/recommendations", within_s=15)


async def publish_and_ask(area: Area, minutes: float) -> None:
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    await area.publish(observation(minutes=minutes, as_of=area.clock()))
    await area.shows(minutes)
    asked = await area.patient.get("/v1/recommendations?place=Deal", headers=headers)
    assert asked.status == 200


async def test_none_are_chosen_where_the_ratio_is_none_whatever_a_caller_says(
    traced: Make, endpoint: MqttEndpoint, collector: Collector
) -> None:
    async with an_area(traced(traces_ratio=0.0), endpoint) as area:
        await publish_and_ask(area, 22)

    assert collector.spans == []
