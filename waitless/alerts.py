"""Alerts out: to the log always, and to a webhook where one is configured."""

import asyncio
import logging
import random
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from urllib.parse import SplitResult, urlsplit

import aiohttp
import msgspec

from feeds.backoff import backoff_delays
from waitless.health import Alert, AlertKind, FeedState

log = logging.getLogger(__name__)

QUEUE_LENGTH = 100
TIMEOUT_S = 5.0
ATTEMPTS = 5
_TAKEN = range(200, 300)
_TOO_MANY, _BROKEN = 429, 500
_encode = msgspec.json.Encoder().encode


class WebhookFault(ValueError):
    """The webhook's address cannot be used. The address itself is not in the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDocument:
    """The JSON that a webhook is sent."""

    kind: AlertKind
    what: tuple[str, ...]
    state: FeedState
    since: datetime
    text: str
    area: str


class AlertSender:
    """Tells people of alerts without ever holding up whoever raises them.

    Attributes:
        sent: alerts that the webhook has taken.
        failed: alerts given up after their last attempt, or refused by the webhook.
        dropped: alerts that gave way to newer ones while the webhook was slow or away.
    """

    def __init__(
        self,
        area_id: str,
        *,
        webhook_url: str | None,
        session: aiohttp.ClientSession,
        chance: random.Random,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Open nothing yet.

        Raises:
            WebhookFault: the webhook's address cannot be used.
        """
        self.sent = 0
        self.failed = 0
        self.dropped = 0
        self._area_id = area_id
        self._url = None if webhook_url is None else check_webhook_url(webhook_url)
        self._session = session
        self._chance = chance
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._queue: asyncio.Queue[Alert] = asyncio.Queue(QUEUE_LENGTH)

    def offer(self, alert: Alert) -> None:
        """Log an alert and queue it; a full queue loses its oldest."""
        level = logging.INFO if alert.kind is AlertKind.RECOVERED else logging.WARNING
        log.log(level, "alert %s: %s", alert.kind, alert.text)
        if self._url is None:
            return
        if self._queue.full():
            self._queue.get_nowait()
            self.dropped += 1
        self._queue.put_nowait(alert)

    async def run(self) -> None:
        """Send what is offered, in order, until cancelled; at once done without a webhook."""
        if self._url is None:
            return
        while True:
            alert = await self._queue.get()
            if await self._send(alert, self._url):
                self.sent += 1
            else:
                self.failed += 1

    async def _send(self, alert: Alert, url: SplitResult) -> bool:
        """Whether the webhook took it, after a few attempts where trying again may help."""
        body = _encode(
            AlertDocument(
                kind=alert.kind,
                what=alert.what,
                state=alert.state,
                since=alert.since,
                text=alert.text,
                area=self._area_id,
            )
        )
        for delay in [*islice(backoff_delays(self._chance), ATTEMPTS - 1), None]:
            trouble, may_pass = await self._post(body, url)
            if trouble is None:
                return True
            if delay is None or not may_pass:
                log.error("webhook %s did not take an alert: %s", _shown(url), trouble)
                return False
            log.info("webhook %s: %s; again in %.1f s", _shown(url), trouble, delay)
            await asyncio.sleep(delay)
        return False  # pragma: no cover - the last delay is None

    async def _post(self, body: bytes, url: SplitResult) -> tuple[str | None, bool]:
        """What went wrong, None where nothing did, and whether it may pass."""
        try:
            async with self._session.post(
                url.geturl(),
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                if response.status in _TAKEN:
                    return None, False
                may_pass = response.status >= _BROKEN or response.status == _TOO_MANY
                return f"status {response.status}", may_pass
        except (aiohttp.ClientError, TimeoutError, OSError) as fault:
            return type(fault).__name__, True


def check_webhook_url(webhook_url: str) -> SplitResult:
    """The address in its parts.

    Raises:
        WebhookFault: it is no http or https address with a host.
    """
    try:
        url = urlsplit(webhook_url)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        raise WebhookFault("the webhook's address is no URL") from None
    if not usable:
        raise WebhookFault("the webhook's address must begin with http:// or https:// and a host")
    return url


def _shown(url: SplitResult) -> str:
    """An address for the log: paths and queries of webhooks are secrets, too."""
    port = "" if url.port is None else f":{url.port}"
    return f"{url.scheme}://{url.hostname}{port}"
