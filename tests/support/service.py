"""The real service in the test's own loop, on a free port, and a patient to ask it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

Patient = TestClient[web.Request, web.Application]
PATIENCE_S = 60.0
"""How long a test waits for what will come: many times what it takes on a machine with nothing
else to do, for only what never comes is a failure."""


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[Patient]:
    async with TestClient(TestServer(app)) as client:
        yield client


async def get_json(client: Patient, path: str, **query: object) -> Any:
    response = await client.get(path, params={key: str(value) for key, value in query.items()})
    assert response.status == 200, await response.text()
    return await response.json()


async def eventually(
    what: Callable[[], Awaitable[bool]], *, within_s: float = PATIENCE_S, words: str = "it"
) -> None:
    """Wait until something holds; fail when it does not within the time."""
    try:
        async with asyncio.timeout(within_s):
            while not await what():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{words} did not come true within {within_s} s") from None


async def assert_problem(response: ClientResponse, status: int, code: str) -> dict[str, Any]:
    """Every refusal has one shape; this is the one place that knows it."""
    assert response.status == status, await response.text()
    assert response.content_type == "application/problem+json"
    document: dict[str, Any] = await response.json()
    assert document["code"] == code
    assert document["type"] == f"/docs#{code}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert "Traceback" not in str(document)
    return document
