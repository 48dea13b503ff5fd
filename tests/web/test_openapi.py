"""The OpenAPI document is valid, and the running service keeps to it."""

import asyncio
from collections import Counter

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.service import Patient, get_json, serving
from waitless.app import Role, create_app
from waitless.settings import Settings
from waitless.web.routes import REFUSED

WRITER = ("/v1/capacities", "/v1/operator")
"""Routes of the writing process, which have tests of their own."""
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)


async def test_the_document_is_openapi_3_1(patient: Patient) -> None:
    document = await get_json(patient, "/openapi.json")

    validate(document)
    assert document["openapi"].startswith("3.1")


async def test_every_public_route_is_described(patient: Patient, redis_url: str) -> None:
    document = await get_json(patient, "/openapi.json")
    app = create_app(Settings(redis_url=redis_url), Role.ALL)

    routes = {route.resource.canonical for route in app.router.routes() if route.resource}
    for_people = {"/", "/docs", "/openapi.json", "/metrics", "/static/{name}"}
    for_people |= {route for route in routes if route.startswith("/operator")}
    assert routes - for_people - {REFUSED} == set(document["paths"])


async def test_the_service_keeps_to_the_document(patient: Patient) -> None:
    """Generated requests, valid and not, for every operation that ends by itself."""
    statuses = await exercise(patient, examples=80)

    assert statuses.total() > 200
    assert statuses[429] == 0


async def test_the_service_keeps_to_the_document_where_clients_are_limited(redis_url: str) -> None:
    app = create_app(Settings(redis_url=redis_url, rate_limit=0.01, rate_burst=5), Role.API)
    async with serving(app) as patient:
        statuses = await exercise(patient, examples=12, under="/v1/")

    assert statuses.total() - statuses[429] == 4, "a burst of five: the document was the first"
    assert statuses[429] > 10


async def test_every_limited_operation_says_so_and_how_long_to_wait(patient: Patient) -> None:
    document = await get_json(patient, "/openapi.json")

    for path, operations in document["paths"].items():
        for operation in operations.values():
            responses = operation["responses"]
            if not path.startswith("/v1/"):
                assert "429" not in responses
                continue
            assert set(responses["429"]["headers"]) == {
                "RateLimit-Policy",
                "RateLimit",
                "Retry-After",
            }
            assert all("RateLimit" in response["headers"] for response in responses.values())


async def exercise(patient: Patient, *, examples: int, under: str = "/") -> Counter[int]:
    """Check generated requests against the document; gives how often each status came."""
    document = await get_json(patient, "/openapi.json")
    del document["paths"]["/v1/events"]
    for path in list(document["paths"]):
        if path.startswith(WRITER) or not path.startswith(under):
            del document["paths"][path]
    base = str(patient.make_url("")).rstrip("/")
    statuses: Counter[int] = Counter()

    def ask_all() -> None:
        schema = schemathesis.openapi.from_dict(document)
        for result in schema.get_all_operations():
            operation = result.ok()

            @settings(
                max_examples=examples,
                deadline=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
                derandomize=True,
            )
            @given(case=operation.as_strategy())
            def ask(case: schemathesis.Case) -> None:
                response = case.call_and_validate(base_url=base, checks=CHECKS)
                statuses[response.status_code] += 1

            ask()

    await asyncio.to_thread(ask_all)
    return statuses
