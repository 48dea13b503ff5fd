"""One sitting of the fuzz, in a process of its own."""

import logging
import random
import time
import traceback
from functools import cache
from pathlib import Path

from loadtests.benchmarks.fuzz.lane import Lane
from loadtests.benchmarks.fuzz.lanes import make_lanes
from loadtests.benchmarks.fuzz.tally import Tally

ROOT = Path(__file__).resolve().parents[3]
SEED = 20261122
SHARES = {"message": 60, "push": 20, "document": 20}


def sit(task: tuple[int, int]) -> Tally:
    """The sitting of a number, with so many payloads."""
    number, count = task
    _be_quiet()
    chance = random.Random(f"{SEED}/{number}")
    tally = Tally()
    lanes = make_lanes(chance)
    kinds, weights = list(SHARES), list(SHARES.values())
    for turn in range(count):
        if turn == count // 2:
            _restart_all(lanes, tally)
        lane = chance.choice(lanes[chance.choices(kinds, weights)[0]])
        lane.advance()
        topic, payload = lane.make()
        started = time.perf_counter()
        try:
            outcome = lane.take(topic, payload, tally)
        except Exception as fault:  # noqa: BLE001 - any exception at all is the finding
            _note_fault(tally, fault, lane, topic, payload)
            lane.begin()
            continue
        took_s = time.perf_counter() - started
        if took_s > tally.slowest_s:
            tally.slowest_s = took_s
            tally.slowest = f"{lane.name} {len(payload)} bytes: {payload[:40]!r}"
        tally.payloads[f"{lane.kind} {outcome}"] += 1
    return tally


def _restart_all(lanes: dict[str, list["Lane"]], tally: Tally) -> None:
    for lane in (lane for some in lanes.values() for lane in some):
        try:
            lane.restart()
        except Exception as fault:  # noqa: BLE001 - the same
            _note_fault(tally, fault, lane, "restart", b"")
            lane.begin()


def _note_fault(tally: Tally, fault: Exception, lane: "Lane", topic: str, payload: bytes) -> None:
    ours = [
        frame
        for frame in traceback.extract_tb(fault.__traceback__)
        if "site-packages" not in frame.filename and frame.filename.startswith(str(ROOT))
    ]
    inner = [frame for frame in ours if "/loadtests/" not in frame.filename] or ours
    where = f"{Path(inner[-1].filename).relative_to(ROOT)}:{inner[-1].lineno}" if inner else "?"
    place = f"{type(fault).__name__} at {where}: {str(fault)[:100]}"
    tally.faults[place] += 1
    example = f"{lane.name} {topic!r} {len(payload)} bytes {payload[:300]!r}"
    if len(example) < len(tally.examples.get(place, example + " ")):
        tally.examples[place] = example


class _Formatting(logging.Handler):
    """Formats every line, so that a value that cannot be formatted is found; keeps none."""

    def emit(self, record: logging.LogRecord) -> None:
        self.format(record).encode()


@cache
def _be_quiet() -> None:
    root = logging.getLogger()
    root.handlers = [_Formatting()]
    root.setLevel(logging.INFO)
