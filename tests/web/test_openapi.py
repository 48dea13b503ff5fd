"""The OpenAPI document is valid, and the running service keeps to it."""

import asyncio

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

from tests.support.service import Patient, get_json
from waitless.app import Role, create_app
from waitless.settings import Settings

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
    assert routes - for_people == set(document["paths"])


async def test_the_service_keeps_to_the_document(patient: Patient) -> None:
    """Generated requests, valid and not, for every operation that ends by itself."""
    document = await get_json(patient, "/openapi.json")
    del document["paths"]["/v1/events"]
    for path in [path for path in document["paths"] if path.startswith(WRITER)]:
        del document["paths"][path]
    base = str(patient.make_url("")).rstrip("/")

    def exercise() -> int:
        cases = 0
        schema = schemathesis.openapi.from_dict(document)
        for result in schema.get_all_operations():
            operation = result.ok()

            @settings(
                max_examples=80,
                deadline=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
                derandomize=True,
            )
            @given(case=operation.as_strategy())
            def ask(case: schemathesis.Case) -> None:
                nonlocal cases
                cases += 1
                case.call_and_validate(base_url=base, checks=CHECKS)

            ask()
        return cases

    assert await asyncio.to_thread(exercise) > 200
