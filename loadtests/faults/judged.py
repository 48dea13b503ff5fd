"""What the writers' logs say became of each wait, life by life."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from loadtests.faults.traffic import Sent

BELIEVED, REPEATS, OUT_OF_ORDER = "believed", "duplicate", "out_of_order"
_JUDGED = re.compile(r"judged (\S+) at (\d{4}-\d\d-\d\d \S+): (\w+)$")

Life = tuple[Path, int]
"""A process's log, and which of its lives."""
Words = Mapping[tuple[str, int], Mapping[Life, str]]
"""By facility and time of measurement (ms): the first word on it in each life that had one."""


@dataclass(slots=True)
class Log:
    """A process's log, read on from time to time."""

    path: Path
    begins: Sequence[int]
    """Where in it each life begins, in bytes; grows."""
    read_bytes: int = field(default=0)

    def read_on(self) -> Iterator[tuple[int, str]]:
        """Which life, and a line of it, of those lines that are whole and new."""
        with self.path.open("rb") as file:
            file.seek(self.read_bytes)
            for line in file:
                if not line.endswith(b"\n"):
                    return  # being written
                life = sum(begin <= self.read_bytes for begin in self.begins)
                self.read_bytes += len(line)
                yield life, line.decode("utf-8", "replace").rstrip()


class Judged:
    """What became of each wait."""

    def __init__(self, logs: Sequence[Log]) -> None:
        self._logs = logs
        self._words: dict[tuple[str, int], dict[Life, str]] = {}

    def read_on(self) -> Words:
        """All words ever, with those that are new."""
        for log in self._logs:
            for life, line in log.read_on():
                found = _JUDGED.search(line)
                if found is not None:
                    at_ms = int(datetime.fromisoformat(found[2]).timestamp() * 1000)
                    lives = self._words.setdefault((found[1], at_ms), {})
                    lives.setdefault((log.path, life), found[3])
        return self._words


def was_passed_over(sent: Sent, words: Words, newest_ms: int) -> bool:
    """Whether a writer held a wait back when it first saw it, and rightly.

    What it first believed, it had to store: that the same comes again and is then a repeat, or out
    of order, explains nothing. Another life knows nothing of what was believed and not stored.

    Args:
        sent: an acknowledged wait that is not in the history.
        words: of all lives.
        newest_ms: the newest wait in its facility's history: only before it a wait is out of order.
    """
    return any(
        word not in (BELIEVED, REPEATS) and (word != OUT_OF_ORDER or newest_ms > sent.as_of_ms)
        for word in words.get((sent.facility_id, sent.as_of_ms), {}).values()
    )
