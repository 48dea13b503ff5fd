"""What is counted of requests, and what is absent until it is known."""

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest

from tests.support.clock import MONDAY_MORNING
from tests.support.service import serving
from waitless.ledger.figures import LedgerMetrics
from waitless.metrics import WebMetrics
from waitless.request_counts import ANSWER_BUCKETS_S
from waitless.web.routes import Around, Routes


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


async def test_a_method_that_nobody_knows_is_counted_as_other(registry: CollectorRegistry) -> None:
    app = web.Application()
    routes = Routes(app, Around(WebMetrics(registry)))
    routes.refuse_others()
    async with serving(app) as client:
        for method in ("PROPFIND", "MKCOL", "PATCH"):
            await client.request(method, "/anywhere")

    counted = {
        sample.labels["method"]: sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "waitless_http_requests_total"
    }
    assert counted == {"other": 2, "PATCH": 1}


def test_fifty_milliseconds_is_a_bucket(registry: CollectorRegistry) -> None:
    metrics = WebMetrics(registry)
    for duration_s in (0.049, 0.05, 0.051):
        metrics.answered("/", "GET", 200, duration_s)

    within = registry.get_sample_value(
        "waitless_http_request_duration_seconds_bucket", {"route": "/", "le": "0.05"}
    )
    assert 0.05 in ANSWER_BUCKETS_S
    assert within == 2


def test_what_a_process_never_learns_it_does_not_tell(registry: CollectorRegistry) -> None:
    web_metrics, ledger = WebMetrics(registry), LedgerMetrics(registry)
    names = (
        b"waitless_travel_table_timestamp_seconds ",
        b"waitless_timetable_connections ",
        b"waitless_ledger_shared ",
    )
    text = generate_latest(registry)
    assert not any(name in text for name in names)

    web_metrics.travel_renewed(MONDAY_MORNING)
    web_metrics.timetables_renewed(0, {})
    ledger.shared(False)
    text = generate_latest(registry)
    assert all(name in text for name in names)
