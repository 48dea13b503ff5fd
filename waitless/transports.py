"""Every way by which waits, traffic and trip updates come in, from the pack and settings."""

import hashlib
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from feeds.addresses import PublicNames
from feeds.definition import FeedDefinition, HttpPoll, HttpPush, LocalFile, MqttTopic
from feeds.file_poll import FilePoller
from feeds.http_poll import HttpPoller
from feeds.model import Delivery
from feeds.mqtt import MqttEndpoint, MqttSubscriber
from feeds.timetable.definition import TripUpdatesDefinition
from feeds.traffic.definition import MqttTraffic, TrafficDefinition
from waitless.area.pack import Area
from waitless.ingest import BROKER
from waitless.settings import Settings

ROUNDS = 100_000
"""Of PBKDF2: some 50 ms, once, so that a weak password cannot be guessed from a log either."""
Sink = Callable[[Delivery], Awaitable[None]]
Definition = FeedDefinition | TrafficDefinition | TripUpdatesDefinition


def make_session(
    area: Area, settings: Settings, names: AbstractResolver | None = None
) -> aiohttp.ClientSession:
    """What all sources and the webhook are spoken to with, by `make_connector`'s arguments.

    It takes no cookies: one source could plant what is sent to another whose name ends alike.
    """
    connector = make_connector(area, settings, names)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


def make_connector(
    area: Area, settings: Settings, names: AbstractResolver | None = None
) -> aiohttp.TCPConnector:
    """What connects to HTTP sources and the webhook, and to nothing private by a name.

    Names that the operator vouches for: of definitions that say `private`, and the webhook's.

    Args:
        area: the area pack.
        settings: where alerts are posted.
        names: what looks names up; None for the machine's own way.
    """
    ways = [one.transport for one in _list_definitions(area)]
    urls = [URL(way.url) for way in ways if isinstance(way, HttpPoll) and way.private]
    if settings.alert_webhook is not None:
        with suppress(ValueError):  # told by who sends the alerts
            urls.append(URL(settings.alert_webhook))
    return aiohttp.TCPConnector(
        limit=0,  # so that a hundred hung sources cannot hold up the next
        resolver=PublicNames(
            aiohttp.ThreadedResolver() if names is None else names,
            [url.host for url in urls if url.host is not None],
        ),
    )


def make_transports(
    area: Area,
    *,
    session: aiohttp.ClientSession,
    mqtt: MqttEndpoint | None,
    settings: Settings,
    sink: Sink,
    now: Callable[[], datetime],
    chance: random.Random,
) -> dict[str, HttpPoller | FilePoller | MqttSubscriber]:
    """A transport for every definition that is fetched, and one for the broker, by feed.

    Args:
        area: the area pack.
        session: what HTTP sources are fetched with.
        mqtt: the broker; None where none is listened to.
        settings: names of this instance towards the broker.
        sink: where deliveries go.
        now: the clock.
        chance: spreads polls and retries.
    """
    transports: dict[str, HttpPoller | FilePoller | MqttSubscriber] = {}
    raw_topics: dict[str, str] = {}
    for definition in _list_definitions(area):
        match definition.transport:
            case HttpPoll():
                transports[definition.id] = HttpPoller(
                    definition, session=session, sink=sink, now=now, chance=chance
                )
            case LocalFile():
                transports[definition.id] = FilePoller(definition, sink=sink, now=now)
            case MqttTopic(topic=topic):
                raw_topics[topic] = definition.id
            case HttpPush() | MqttTraffic():
                pass  # it comes to us: by a route of our own, or a topic listened to anyway
    if mqtt is not None:
        plain = name_session(area.id, settings.instance, None)  # as older versions called it
        transports[BROKER] = MqttSubscriber(
            mqtt,
            area=area.id,
            identifier=name_session(area.id, settings.instance, mqtt.password),
            sink=sink,
            now=now,
            chance=chance,
            share_group=settings.mqtt_share_group,
            raw_topics=raw_topics,
            former=None if mqtt.password is None else plain,
        )
    return transports


def name_session(area_id: str, instance: str, password: str | None) -> str:
    """The identifier of our session with the broker: the same as long as the password is.

    Whoever connects under it, be it as another user, takes the session and what is queued in it
    over. So it has a part that nobody without our password can tell; in logs it gives none away.

    Args:
        area_id: whose topics are listened to.
        instance: tells processes apart.
        password: ours; None where the broker asks for none, and lets in anybody anyway.
    """
    name = f"waitless-ingest-{area_id}-{instance}"
    if password is None:
        return name
    own = hashlib.pbkdf2_hmac("sha256", password.encode(), name.encode(), ROUNDS, dklen=16)
    return f"{name}-{own.hex()}"


def _list_definitions(area: Area) -> list[Definition]:
    return [*area.feeds, *area.traffic, *area.trip_updates]
