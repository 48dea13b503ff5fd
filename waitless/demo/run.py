"""`waitless demo`: the whole service on this machine, with nothing to install."""

import asyncio
import secrets
import signal
import socket
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import click
from aiohttp import web

from feeds.mqtt import MqttEndpoint
from waitless.app import create_app, utc_now
from waitless.area.pack import Area, find_pack, load_area
from waitless.demo.broker import embedded_broker
from waitless.demo.model import Behaviour, LiveModel
from waitless.demo.publish import run_publishers, run_traffic
from waitless.demo.redis_server import RedisFault, private_redis
from waitless.demo.traffic import TrafficWorld
from waitless.demo.world import World
from waitless.keys import Role
from waitless.listening import listen
from waitless.settings import Settings
from waitless.signin.accounts import make_account
from waitless.simulate.policies import PolicyName

HOST = "127.0.0.1"
AREA = "east-kent"
ASK = "/v1/recommendations?place=CT14&need=wound"
OPERATOR = "demo"


def run_demo(*, port: int, speed: float, seed: int, behaviour: Behaviour) -> None:
    """Run until interrupted; everything it started ends with it.

    Args:
        port: where to serve on loopback; 0 takes any free port.
        speed: how many times faster than real the simulated world runs.
        seed: of the simulated world.
        behaviour: of the people in it.

    Raises:
        ClickException: the port is taken, or no Redis can be had.
    """
    listening = listen(HOST, port)
    asyncio.run(_demo(listening, speed, seed, behaviour))


async def _demo(listening: socket.socket, speed: float, seed: int, behaviour: Behaviour) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        # Played beside what follows, which mostly waits for others.
        worlds = asyncio.create_task(
            asyncio.to_thread(_build_worlds, Random(seed), speed, behaviour),  # noqa: S311 - a model
            name="demo.worlds",
        )
        stack.push_async_callback(_end, worlds)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="waitless-demo-"))
        try:
            redis_url = await stack.enter_async_context(private_redis(Path(folder)))
        except RedisFault as fault:
            raise click.ClickException(str(fault)) from fault
        endpoint = await stack.enter_async_context(embedded_broker())
        password = secrets.token_urlsafe(12)
        accounts = Path(folder) / "accounts.toml"
        accounts.write_text(make_account(OPERATOR, Role.OPERATOR, password), encoding="utf-8")
        runner = web.AppRunner(
            create_app(
                Settings(
                    area=AREA,
                    simulated=True,
                    redis_url=redis_url,
                    mqtt_url=f"mqtt://{endpoint.host}:{endpoint.port}",
                    accounts_file=accounts,
                ),
                hours_bind=speed <= 1,
            ),
            access_log=None,
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listening).start()
        address = f"http://{HOST}:{listening.getsockname()[1]}"
        publishing = asyncio.create_task(_publish(endpoint, worlds, speed), name="demo.publishers")
        stack.push_async_callback(_end, publishing)
        _greet(address, password, endpoint, speed, behaviour)
        waiting = asyncio.create_task(stopping.wait(), name="demo.stop")
        await asyncio.wait({waiting, publishing}, return_when=asyncio.FIRST_COMPLETED)
        click.echo("\nStopping everything that was started ...")


@dataclass(frozen=True, slots=True)
class _Worlds:
    """What is published, and the chance of when."""

    area: Area
    waits: World
    traffic: TrafficWorld
    chance: Random


def _build_worlds(chance: Random, speed: float, behaviour: Behaviour) -> _Worlds:
    area, start = load_area(find_pack(AREA)), utc_now()
    model = LiveModel(area, behaviour, chance.getrandbits(32), start)
    waits = World(area.facilities, area.calendar, chance, start, speed=speed, model=model)
    roads = Random(chance.getrandbits(64))  # noqa: S311 - a model
    return _Worlds(area, waits, TrafficWorld(area.roads, roads, start), chance)


async def _publish(endpoint: MqttEndpoint, building: asyncio.Task[_Worlds], speed: float) -> None:
    worlds = await building
    area, chance = worlds.area, worlds.chance
    async with asyncio.TaskGroup() as group:
        group.create_task(
            run_publishers(
                endpoint,
                area_id=area.id,
                facilities=area.facilities,
                world=worlds.waits,
                now=utc_now,
                chance=chance,
                speed=speed,
            )
        )
        group.create_task(
            run_traffic(endpoint, area_id=area.id, world=worlds.traffic, now=utc_now, chance=chance)
        )


async def _end(task: asyncio.Task[Any]) -> None:
    """Stop a part; if it had died by itself, say why."""
    task.cancel()
    outcomes = await asyncio.gather(task, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


def _greet(
    address: str, password: str, endpoint: MqttEndpoint, speed: float, behaviour: Behaviour
) -> None:
    faster = "" if speed == 1 else f" (the simulated world runs {speed:g} times faster)"
    click.echo(
        f"""
WaitLess is running. SIMULATED DATA: every wait and all traffic is invented{faster}.
{_describe(behaviour)}

  patients' page   {address}/
  operators' page  {address}/operator   name {OPERATOR}, password {password} (of this run alone)
  API              {address}/docs
  feed health      {address}/v1/feeds
  MQTT broker      {endpoint!r}

  curl -s '{address}{ASK}'

Ctrl-C ends everything this started."""
    )


def _describe(behaviour: Behaviour) -> str:
    if behaviour.policy is PolicyName.NONE or not behaviour.adoption:
        return "In its East Kent nobody has the app."
    return (
        f"In its East Kent {behaviour.adoption:.0%} of people with minor needs go where an app "
        f"sends them; it sends by the policy `{behaviour.policy}`."
    )
