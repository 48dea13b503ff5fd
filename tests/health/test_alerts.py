"""Alerts out: the log, and a real webhook that is well, slow, broken or away."""

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.clock import MONDAY_MORNING
from tests.support.servers import free_port
from tests.support.service import eventually
from waitless.alerts import ATTEMPTS, QUEUE_LENGTH, AlertSender, WebhookFault, check_webhook_url
from waitless.health import Alert, AlertKind, FeedState, Subject


class Hurry(random.Random):
    """Chance by which every retry comes at once."""

    def uniform(self, a: float, b: float) -> float:
        return min(a, b, 0.001)


def alert(number: int = 0, kind: AlertKind = AlertKind.RAISED) -> Alert:
    return Alert(
        kind=kind,
        subject=Subject.FEED,
        what=("ekhuft", "kcht"),
        state=FeedState.LOST,
        since=MONDAY_MORNING,
        text=f"trouble {number}",
    )


class Hook:
    """A webhook that answers as it is told, and keeps what it was sent."""

    def __init__(self, *answers: float) -> None:
        self.answers = list(answers)
        """A status, or, below 100, seconds to dawdle before 200; the last one for ever."""
        self.bodies: list[Any] = []
        self.headers: list[Any] = []

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(json.loads(await request.read()))
        self.headers.append(request.headers.copy())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer < 100:
            await asyncio.sleep(answer)
            return web.Response()
        return web.Response(status=int(answer), headers={"Location": "/elsewhere"})


@asynccontextmanager
async def listening(hook: Hook) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/secret/path", hook.take)
    app.router.add_route("*", "/elsewhere", hook.take)
    async with TestServer(app) as server:
        yield f"{server.make_url('/secret/path')}?token=hush"


@asynccontextmanager
async def sending(url: str | None, timeout_s: float = 5.0) -> AsyncIterator[AlertSender]:
    async with aiohttp.ClientSession() as session:
        sender = AlertSender(
            "east-kent", webhook_url=url, session=session, chance=Hurry(), timeout_s=timeout_s
        )
        task = asyncio.create_task(sender.run())
        yield sender
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def that(holds: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return holds()

    return check


async def test_a_webhook_is_sent_the_alert_as_json() -> None:
    hook = Hook(204)
    async with listening(hook) as url, sending(url) as sender:
        sender.offer(alert())
        await eventually(that(lambda: sender.sent == 1))

    assert hook.bodies == [
        {
            "kind": "raised",
            "what": ["ekhuft", "kcht"],
            "state": "lost",
            "since": "2026-11-23T10:00:00Z",
            "text": "trouble 0",
            "area": "east-kent",
        }
    ]
    assert hook.headers[0]["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("kind", "level"),
    [
        (AlertKind.RAISED, logging.WARNING),
        (AlertKind.REPEATED, logging.WARNING),
        (AlertKind.RECOVERED, logging.INFO),
    ],
)
async def test_every_alert_is_logged_with_or_without_a_webhook(
    caplog: pytest.LogCaptureFixture, kind: AlertKind, level: int
) -> None:
    caplog.set_level(logging.INFO, logger="waitless.alerts")
    async with sending(None) as sender:
        sender.offer(alert(kind=kind))

    records = [(one.levelno, one.getMessage()) for one in caplog.records]
    assert records == [(level, f"alert {kind}: trouble 0")]


async def test_a_webhook_that_breaks_for_a_moment_is_tried_again() -> None:
    hook = Hook(500, 429, 503, 200)
    async with listening(hook) as url, sending(url) as sender:
        sender.offer(alert())
        await eventually(that(lambda: sender.sent == 1))

    assert len(hook.bodies) == 4
    assert sender.failed == 0


async def test_a_webhook_that_stays_broken_is_given_up_and_the_next_alert_has_its_turn() -> None:
    hook = Hook(*[500] * ATTEMPTS, 200)
    async with listening(hook) as url, sending(url) as sender:
        sender.offer(alert(1))
        sender.offer(alert(2))
        await eventually(that(lambda: sender.sent == 1))

    assert sender.failed == 1
    assert [body["text"] for body in hook.bodies] == ["trouble 1"] * ATTEMPTS + ["trouble 2"]


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 410])
async def test_a_refusal_or_a_redirect_is_not_tried_again(status: int) -> None:
    hook = Hook(status)
    async with listening(hook) as url, sending(url) as sender:
        sender.offer(alert())
        await eventually(that(lambda: sender.failed == 1))

    assert len(hook.bodies) == 1


async def test_a_slow_webhook_is_cut_off_and_tried_again() -> None:
    hook = Hook(30.0, 200)
    async with listening(hook) as url, sending(url, timeout_s=0.1) as sender:
        sender.offer(alert())
        await eventually(that(lambda: sender.sent == 1))

    assert len(hook.bodies) == 2


async def test_a_webhook_that_is_away_is_given_up_after_some_attempts() -> None:
    async with sending(f"http://127.0.0.1:{free_port()}/hook") as sender:
        sender.offer(alert())
        await eventually(that(lambda: sender.failed == 1))

    assert sender.sent == 0


async def test_whoever_raises_is_never_held_up_and_the_oldest_give_way() -> None:
    hook = Hook(30.0)
    async with listening(hook) as url, sending(url) as sender:
        sender.offer(alert(0))
        await eventually(that(lambda: len(hook.bodies) == 1))
        for number in range(1, QUEUE_LENGTH + 8):
            sender.offer(alert(number))
        assert sender.dropped == 7
        hook.answers = [200]

    assert hook.bodies[0]["text"] == "trouble 0"


async def test_the_log_holds_neither_path_nor_query_of_a_webhook(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="waitless.alerts")
    hook = Hook(500)
    away = f"http://user:password@127.0.0.1:{free_port()}/secret/path?token=hush"
    async with listening(hook) as url, sending(url) as broken, sending(away) as lost:
        broken.offer(alert())
        lost.offer(alert())
        await eventually(that(lambda: broken.failed == lost.failed == 1))

    assert "status 500" in caplog.text
    for secret in ("secret", "hush", "password"):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook",
        "/hook",
        "ftp://example.org/hush",
        "file:///etc/hush",
        "http://",
        "https:///hush",
        "http://[hush",
        "http://example.org:hush/",
        "javascript:alert(1)",
    ],
)
def test_only_http_addresses_with_a_host_are_taken(url: str) -> None:
    with pytest.raises(WebhookFault) as caught:
        check_webhook_url(url)

    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/a?b=c", "https://example.org", "HTTPS://x"])
def test_http_addresses_are_taken(url: str) -> None:
    assert check_webhook_url(url).hostname
