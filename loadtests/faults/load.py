"""The patients of a soak as a process of their own, and which fault each of their questions met."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from bisect import bisect_right
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from loadtests.faults.patients import Question, read_question

UNDISTURBED = "no fault"
PROGRAM = (sys.executable, "-m", "loadtests.faults.patients")
ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Mark:
    """When a fault was going on, by the monotonic clock; `ended_s` is infinite meanwhile."""

    fault: str
    began_s: float
    ended_s: float


@dataclass(slots=True)
class Asked:
    """What came of the questions that met one fault, or none."""

    answers_ms: list[float] = field(default_factory=list)
    """Of those that were answered, from due to answered."""
    passed_on: int = 0
    """Not answered by the first who was asked."""
    failed: Counter[str] = field(default_factory=Counter)
    """Answered by neither, or with an error: who said what, counted."""

    @property
    def asked(self) -> int:
        """All of them."""
        return len(self.answers_ms) + self.failed.total()


class Load:
    """What patients' process tells, from file to counts."""

    def __init__(self, path: Path, marks: Sequence[Mark]) -> None:
        """Nothing is told yet.

        Args:
            path: where the process's lines go.
            marks: the faults, in order of time; grows meanwhile.
        """
        self.seen: dict[str, Asked] = {}
        """By fault."""
        self.late_ms: list[float] = []
        self.status = 0
        """With which the process ended; not 0: it failed, and some were not asked."""
        self._path, self._marks = path, marks
        self._read_bytes = 0

    @asynccontextmanager
    async def asking(
        self, rate: float, ports: Mapping[str, int], begun: asyncio.Event
    ) -> AsyncIterator[None]:
        """The process, which asks from `begun` on, as long as the context lasts."""
        named = [f"{name}={port}" for name, port in ports.items()]
        with self._path.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *PROGRAM, str(rate), *named, stdin=PIPE, stdout=file, cwd=ROOT
            )
        assert process.stdin is not None  # noqa: S101 - a pipe
        starting = asyncio.create_task(_start(process.stdin, begun))
        try:
            yield
        finally:
            starting.cancel()
            if process.returncode is None:
                process.terminate()
            process.stdin.close()
            self.status = await process.wait()
            self.read()

    def read(self) -> None:
        """Take in what was told since the last time."""
        with self._path.open("rb") as file:
            file.seek(self._read_bytes)
            told = file.read()
        whole = told[: told.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        for line in whole.decode().splitlines():
            self._take(read_question(line))

    def _take(self, one: Question) -> None:
        self.late_ms.append(one.late_ms)
        fault, before = find_fault(one, self._marks)
        asked = self.seen.setdefault(fault, Asked())
        if one.failed:
            asked.failed[f"{one.failed} (after {before})" if before else one.failed] += 1
        else:
            asked.answers_ms.append(one.took_ms)
            asked.passed_on += one.asked > 1


def find_fault(question: Question, marks: Sequence[Mark]) -> tuple[str, str]:
    """The last fault that went on while a question was open.

    Returns:
        Its name and nothing; or, where none was, `UNDISTURBED` and the one before, if any.
    """
    over_s = question.due_s + question.took_ms / 1000
    begun = bisect_right(marks, over_s, key=lambda mark: mark.began_s)
    if not begun:
        return UNDISTURBED, ""
    last = marks[begun - 1]
    return (last.fault, "") if last.ended_s >= question.due_s else (UNDISTURBED, last.fault)


async def _start(to: asyncio.StreamWriter, begun: asyncio.Event) -> None:
    await begun.wait()
    to.write(b"\n")
