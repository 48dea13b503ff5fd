"""`waitless feeds replay`: a recorded series as a live feed."""

import asyncio
import logging
import math
import os
import random
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import orjson

from feeds.model import Observation
from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import ConnectionLost
from feeds.recordings import RecordingFault, load_recording
from feeds.replay import Replay, ReplayFault, encode_replayed, play_to_broker, schedule
from feeds.topics import is_slug
from waitless.settings import SettingsFault, load_settings


def _slug(_: click.Context, __: click.Parameter, text: str) -> str:
    if not is_slug(text):
        raise click.BadParameter(f"{text!r} is not a slug such as deal-utc")
    return text


def _finite(_: click.Context, __: click.Parameter, number: float | None) -> float | None:
    if number is not None and not math.isfinite(number):
        raise click.BadParameter(f"{number} is not finite")
    return number


def _facilities(_: click.Context, __: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, equals, facility_id = pair.rpartition("=")
        if not equals or not name or not is_slug(facility_id):
            raise click.BadParameter(f"{pair!r} is not NAME=ID with a slug for ID")
        found[name] = facility_id
    return found


@click.command()
@click.argument("recording", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--speed",
    type=click.FloatRange(0.01, 1e6),
    default=1.0,
    show_default=True,
    callback=_finite,
    help="60 plays an hour in a minute.",
)
@click.option("--to", "broker", metavar="URL", help="mqtt[s]://[user[:password]@]host[:port]")
@click.option("--area", default="east-kent", show_default=True, callback=_slug)
@click.option("--provider", default="replay", show_default=True, callback=_slug)
@click.option(
    "--facility",
    "facilities",
    multiple=True,
    metavar="NAME=ID",
    callback=_facilities,
    help="Play only this facility (its name or slug in the recording) as ID. Repeatable.",
)
@click.option(
    "--limit-hours",
    type=click.FloatRange(0, 1e6, min_open=True),
    callback=_finite,
    help="Only the recording's first hours.",
)
def replay(
    *,
    recording: Path,
    speed: float,
    broker: str | None,
    area: str,
    provider: str,
    facilities: dict[str, str],
    limit_hours: float | None,
) -> None:
    """Play a recorded series back as a live feed, labelled simulated.

    RECORDING is a .csv or .csv.gz file: facility, observed_at_utc, and wait_min, longest_wait_min
    or wait_lo_min and wait_hi_min. With --to, its readings are published over MQTT with their
    original gaps, the first one now. Without, the messages are printed at once as JSON lines, each
    with the seconds after which it would have been published.

    A service believes a provider only about that provider's own facilities: to be seen there,
    name both, as in --provider kcht --facility "Cumberland Centre=deal-utc".
    """
    try:
        observations = load_recording(recording, facilities)
        endpoint = None if broker is None else _endpoint(broker)
        if limit_hours is not None:
            observations = _first_hours(observations, limit_hours)
        if endpoint is None:
            _print(observations, speed, area, provider)
        else:
            _publish(observations, speed, endpoint, area, provider)
    except (RecordingFault, SettingsFault, ReplayFault) as fault:
        raise click.ClickException(str(fault)) from fault


def _endpoint(broker: str) -> MqttEndpoint | None:
    return load_settings(os.environ, mqtt_url=broker).find_mqtt()


def _first_hours(observations: Sequence[Observation], hours: float) -> list[Observation]:
    first, length = observations[0].as_of, timedelta(hours=hours)
    return [observed for observed in observations if observed.as_of - first < length]


def _print(observations: Sequence[Observation], speed: float, area: str, provider: str) -> None:
    start = _now()
    for observed in schedule(observations, start, speed):
        topic, payload = encode_replayed(observed, area=area, provider=provider)
        line = {
            "after_s": (observed.as_of - start).total_seconds(),
            "topic": topic,
            "message": orjson.Fragment(payload),
        }
        click.echo(orjson.dumps(line))


def _publish(
    observations: Sequence[Observation],
    speed: float,
    endpoint: MqttEndpoint,
    area: str,
    provider: str,
) -> None:
    logging.basicConfig(level="WARNING", format="%(message)s", stream=sys.stderr)
    with click.progressbar(
        length=len(observations),
        label=f"{provider} to {endpoint!r}",
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
    ) as bar:
        playing = Replay(observations, speed=speed, now=_now, heard=lambda _: bar.update(1))
        try:
            asyncio.run(
                play_to_broker(
                    playing,
                    endpoint,
                    area=area,
                    provider=provider,
                    chance=random.Random(),  # noqa: S311 - spreads retries only
                )
            )
        except ConnectionLost as fault:
            raise click.ClickException(f"{endpoint!r}: {fault}") from fault


def _now() -> datetime:
    return datetime.now(UTC)
