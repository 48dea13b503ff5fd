"""How fast does ingest take a backlog, next to a bare aiomqtt subscriber that only counts?

Both have a persistent QoS 1 session at one mosquitto (in-flight window 100, as in production). The
same wait messages are published while neither is connected, so that the broker holds them for both;
then one after the other connects and drains its own. Publishing is therefore never inside a
measurement. The order changes from round to round.

The time runs from the first message in hand to the last one done with: for the bare subscriber
that is counted, for ingest it is acknowledged, after the Redis transaction that holds it. Ingest is
the production pipeline, put together as `waitless.app` does it: `MqttSubscriber`, `Desk` (decode
and belief), `Store` on a real Redis with its append-only file, and the pulse beside them. A round
in which not every message was believed does not count: it raises.
"""

import asyncio
import gc
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median

from matplotlib import figure as plotting
from redis.asyncio import Redis

from loadtests.benchmarks.figures import RESULTS, Figure
from loadtests.benchmarks.servers import Servers, running_servers
from loadtests.benchmarks.throughput.backlog import (
    AREA,
    forget_session,
    leave_session,
    make_messages,
    publish_all,
)
from loadtests.benchmarks.throughput.drain import BARE, OURS, SEED, drain_bare, drain_ours
from waitless.area.pack import Area, find_pack, load_area

PLOT = RESULTS / "ingest_throughput.png"
MESSAGES = 20_000
ROUNDS = 5
BAR = 0.35
DRAINED_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Round:
    """Messages per second of both, over the same messages."""

    bare_per_s: float
    ours_per_s: float
    published_per_s: float

    @property
    def ratio(self) -> float:
        """Ours over bare."""
        return self.ours_per_s / self.bare_per_s


def run() -> list[Figure]:
    """Measure, print every round, save the plot and give the figures."""
    logging.getLogger("waitless").setLevel(logging.ERROR)
    logging.getLogger("feeds").setLevel(logging.ERROR)
    area = load_area(find_pack(AREA))
    with running_servers() as servers:
        asyncio.run(_measure_round(area, servers, 0, MESSAGES // 4))  # warms both up
        rounds = []
        for number in range(1, ROUNDS + 1):
            one = asyncio.run(_measure_round(area, servers, number, MESSAGES))
            rounds.append(one)
            print(
                f"  round {number}: bare {one.bare_per_s:,.0f}/s, ingest {one.ours_per_s:,.0f}/s, "
                f"ratio {one.ratio:.3f} (published beforehand at {one.published_per_s:,.0f}/s)",
                flush=True,
            )
    _save_plot(rounds)
    reference = f"bare aiomqtt subscriber, {MESSAGES} messages, median of {ROUNDS} rounds"
    bare = median(one.bare_per_s for one in rounds)
    ours = median(one.ours_per_s for one in rounds)
    return [
        Figure(
            name="ingest_throughput.ratio",
            value=ours / bare,
            unit="ratio",
            bar=BAR,
            better="higher",
            reference=reference,
        ),
        Figure(
            name="ingest_throughput.worst_round_ratio",
            value=min(one.ratio for one in rounds),
            unit="ratio",
            better="higher",
            reference=reference,
        ),
        Figure(
            name="ingest_throughput.believed_per_s",
            value=ours,
            unit="msg/s",
            better="higher",
            reference=reference,
        ),
        Figure(
            name="ingest_throughput.bare_per_s",
            value=bare,
            unit="msg/s",
            better="higher",
            reference="itself",
        ),
    ]


async def _measure_round(area: Area, servers: Servers, number: int, count: int) -> Round:
    """Publish once, drain twice."""
    await _empty(servers)
    for identifier in (BARE, OURS):
        await leave_session(servers, identifier)
    messages = make_messages(area, count, random.Random(SEED + number))
    published_per_s = await asyncio.to_thread(publish_all, servers.mqtt_port, messages)
    del messages
    drains: dict[str, Callable[[], Awaitable[float]]] = {
        BARE: lambda: drain_bare(servers, count),
        OURS: lambda: drain_ours(area, servers, count),
    }
    speeds = {}
    for name in (BARE, OURS) if number % 2 else (OURS, BARE):
        gc.collect()
        speeds[name] = count / await asyncio.wait_for(drains[name](), DRAINED_WITHIN_S)
        await forget_session(servers, name)
    return Round(speeds[BARE], speeds[OURS], published_per_s)


async def _empty(servers: Servers) -> None:
    async with Redis.from_url(servers.redis_url) as redis:
        await redis.flushall()


def _save_plot(rounds: list[Round]) -> None:
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    sheet = plotting.Figure(figsize=(8, 4.5), layout="constrained")
    axes = sheet.subplots()
    numbers = range(1, len(rounds) + 1)
    axes.bar(
        [number - 0.2 for number in numbers],
        [one.bare_per_s for one in rounds],
        width=0.4,
        label="bare aiomqtt subscriber",
    )
    axes.bar(
        [number + 0.2 for number in numbers],
        [one.ours_per_s for one in rounds],
        width=0.4,
        label="ingest: decode, belief, Redis",
    )
    for number, one in zip(numbers, rounds, strict=True):
        axes.annotate(f"{one.ratio:.2f}", (number + 0.2, one.ours_per_s), ha="center", va="bottom")
    axes.axhline(
        BAR * median(one.bare_per_s for one in rounds), color="black", linestyle=":", label="bar"
    )
    axes.set_xlabel("round")
    axes.set_ylabel("messages per second")
    axes.set_title(f"Draining {MESSAGES:,} wait messages from the broker")
    axes.legend(fontsize="small")
    sheet.savefig(PLOT, dpi=150)


if __name__ == "__main__":
    for item in run():
        print(item.line())
