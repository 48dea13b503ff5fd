"""How long do patients wait for an answer at 30, 50 and 70% of what one worker bears?

One answering process of a real service, idle feeds. Saturation is found with wrk, for the service
and for a bare aiohttp server with a constant body of the same size; then an open-loop Poisson
client asks both in turns at the same rates: shares of the service's saturation. Times count from
when a request was due; the client's own lateness is told beside. All on one machine, so the client
takes one core of it.
"""

import asyncio
import urllib.request
from random import Random

from loadtests.benchmarks.figures import Figure
from loadtests.calibrate import find_saturation
from loadtests.processes import AREA, running_constant, running_service
from loadtests.questions import Questions, load_population
from loadtests.steady import OpenLoop, Timings, quantile
from waitless.area.pack import find_pack, load_area

SHARES = (0.3, 0.5, 0.7)
ROUNDS, SLICE_S = 3, 4.0
CALIBRATION_S = 5
QUESTIONS = 2000
SEED = 20261122
MOST_RATE = 6000.0
"""More a second the client cannot send without being late itself."""


def run() -> list[Figure]:
    """Measure and give the figures."""
    chance = Random(SEED)
    questions = Questions(load_area(find_pack(AREA)), load_population())
    paths = [f"/v1/recommendations?{questions.draw(chance)}" for _ in range(QUESTIONS)]
    with (
        running_service() as service,
        running_constant(_mean_bytes(service.port, paths)) as constant_port,
    ):
        saturation = {
            port: find_saturation(port, paths, CALIBRATION_S)
            for port in (service.port, constant_port)
        }
        figures = [
            Figure(
                name="open_loop.saturation",
                value=saturation[service.port],
                unit="1/s",
                better="higher",
                reference=f"a constant body's {saturation[constant_port]:.0f}/s",
            )
        ]
        for share in SHARES:
            rate = min(MOST_RATE, share * saturation[service.port])
            timings = asyncio.run(_ask_in_turns(list(saturation), rate, paths, chance))
            figures += _figures(share, rate, timings[service.port], timings[constant_port])
    return figures


async def _ask_in_turns(
    ports: list[int], rate: float, paths: list[str], chance: Random
) -> dict[int, Timings]:
    clients = {port: OpenLoop(port) for port in ports}
    timings = {port: Timings() for port in ports}
    for _ in range(ROUNDS):
        for port, client in clients.items():
            await client.run(
                paths, rate=rate, seconds=SLICE_S, chance=chance, timings=timings[port]
            )
    for client in clients.values():
        client.close()
    for port, found in timings.items():
        if found.failed:
            raise RuntimeError(f"requests to port {port} failed: {found.failed}")
    return timings


def _figures(share: float, rate: float, ours: Timings, constant: Timings) -> list[Figure]:
    late = f"client late p99 {quantile(ours.late_ms, 0.99):.1f} ms"
    return [
        Figure(
            name=f"open_loop.{share:.0%}.p{point * 100:g}",
            value=quantile(ours.answers_ms, point),
            unit="ms",
            better="lower",
            reference=f"a constant body's {quantile(constant.answers_ms, point):.2f} ms; "
            f"{rate:.0f}/s, {len(ours.answers_ms)} answers, {late}",
        )
        for point in (0.5, 0.99, 0.999)
    ]


def _mean_bytes(port: int, paths: list[str]) -> int:
    """Of the answers to some of the questions."""
    asked = paths[:50]
    lengths = []
    for path in asked:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            lengths.append(len(answer.read()))
    return sum(lengths) // len(asked)


if __name__ == "__main__":
    for item in run():
        print(item.line())
