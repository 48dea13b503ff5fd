"""Patients by the hundred, open loop, whatever is being done to who answers them.

`python -m loadtests.faults.patients RATE NAME=PORT NAME=PORT`, a process of its own: a line for
each question, from the first line of its input on, until SIGTERM. Each asks one of the answering
processes and, where that one does not answer, the other, as nginx lets them; its time counts from
when its question was due to the last byte of the answer it got. `loadtests.faults.observer` holds
answers to the rules; here they are only counted.
"""

import asyncio
import math
import signal
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from loadtests.arrivals import poisson_times
from loadtests.processes import AREA
from loadtests.questions import Questions, load_population
from loadtests.steady import LOOPBACK, length_of, request_text
from waitless.area.pack import find_pack, load_area

ANSWERED_WITHIN_S = 3.0
"""Of each of the two."""
QUESTIONS = 2000
SEED = 20261122
FLUSHED_EVERY_S = 1.0
KEPT = 4
"""Connections to each process that stay open, as nginx keeps some: those of a burst are closed."""
_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Question:
    """One question and what became of it."""

    due_s: float
    """By this machine's monotonic clock, which all processes share."""
    late_ms: float
    """How much later it was sent: the client's own fault, and part of its time."""
    took_ms: float
    """From due to answered, or to given up."""
    asked: int
    """How many processes were asked."""
    failed: str
    """Who said what, of one that was answered by neither, or with an error; else empty."""

    def line(self) -> str:
        """As text; `read_question` reads it."""
        return f"{self.due_s:.3f} {self.late_ms:.1f} {self.took_ms:.1f} {self.asked} {self.failed}"


def read_question(line: str) -> Question:
    """What `Question.line` wrote."""
    due_s, late_ms, took_ms, asked, failed = line.rstrip("\n").split(" ", 4)
    return Question(float(due_s), float(late_ms), float(took_ms), int(asked), failed)


class Patients:
    """Who asks."""

    def __init__(
        self, ports: Mapping[str, int], paths: Sequence[str], tell: Callable[[Question], None]
    ) -> None:
        """Nobody asks yet.

        Args:
            ports: of 127.0.0.1, of those that answer, by name.
            paths: what is asked for, in turn.
            tell: is given each question when it is over.
        """
        self._ports = list(ports.items())
        self._texts = [request_text(path) for path in paths]
        self._tell = tell
        self._idle: dict[int, list[_Stream]] = defaultdict(list)

    @asynccontextmanager
    async def asking(self, rate: float, chance: Random) -> AsyncIterator[None]:
        """Ask so often a second (Poisson) while the context lasts; then wait for what is open."""
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(self._ask_on(group, rate, chance))
            yield
            asking.cancel()
        for _, writer in (one for idle in self._idle.values() for one in idle):
            writer.close()

    async def _ask_on(self, group: asyncio.TaskGroup, rate: float, chance: Random) -> None:
        began_s = time.monotonic()
        for number, at_s in enumerate(poisson_times(rate, math.inf, chance)):
            while (ahead_s := began_s + at_s - time.monotonic()) > 0:
                await asyncio.sleep(ahead_s)
            group.create_task(self._ask(number, began_s + at_s))

    async def _ask(self, number: int, due_s: float) -> None:
        late_ms = (time.monotonic() - due_s) * 1000
        turn, which = divmod(number, len(self._texts))
        said: list[str] = []
        for attempt in range(len(self._ports)):
            name, port = self._ports[(turn + which + attempt) % len(self._ports)]
            try:
                async with asyncio.timeout(ANSWERED_WITHIN_S):
                    status = await self._fetch(port, self._texts[which])
            except (OSError, EOFError, asyncio.LimitOverrunError) as fault:
                said.append(f"{name}: {type(fault).__name__}")
                continue
            if status == "200":
                said.clear()
            else:
                said.append(f"{name}: {status}")
            break
        took_ms = (time.monotonic() - due_s) * 1000
        self._tell(Question(due_s, late_ms, took_ms, attempt + 1, ", ".join(said)))

    async def _fetch(self, port: int, text: bytes) -> str:
        """The status of a whole answer, on a connection that was kept or on a new one."""
        while self._idle[port]:
            kept = self._idle[port].pop()
            if not kept[0].at_eof():
                break
            kept[1].close()
        else:
            kept = await asyncio.open_connection(LOOPBACK, port)
        reader, writer = kept
        try:
            writer.write(text)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(length_of(head))
        except BaseException:
            writer.transport.abort()
            raise
        if len(self._idle[port]) < KEPT:
            self._idle[port].append(kept)
        else:
            writer.close()
        return head[9:12].decode("latin-1")


async def main() -> None:
    """Ask from the first line of the input on, until SIGTERM."""
    rate, *named = sys.argv[1:]
    ports = {name: int(port) for name, _, port in (one.partition("=") for one in named)}
    chance = Random(SEED)
    questions = Questions(load_area(find_pack(AREA)), load_population())
    paths = [f"/v1/recommendations?{questions.draw(chance)}" for _ in range(QUESTIONS)]
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    await asyncio.to_thread(sys.stdin.readline)
    async with Patients(ports, paths, lambda one: print(one.line())).asking(float(rate), chance):
        while not ending.is_set():
            sys.stdout.flush()
            await asyncio.sleep(FLUSHED_EVERY_S)


if __name__ == "__main__":
    asyncio.run(main())
