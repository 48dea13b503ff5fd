"""A million spoilt payloads through decode and belief: none may raise, every one is accounted for.

Real-shaped payloads - MQTT wait, status and probe messages of the east-kent pack, pushes in the NHS
capacity form, documents of the shipped feed definitions (`tests/data/feeds`) - are mutated by a
seeded generator, none to three mutations each, and go the production way: `Desk.take`, or
`decode_capacities` and `Desk.judge`. So that nothing explodes a step later, what comes out is
encoded as the store and the answers do it, log lines are formatted, and every sitting is
interrupted by a restart: belief and health are written, read back and gone on from.

A payload is accounted for when something counted it: an observation believed, held or ignored, a
refusal, a notice, a probe that came back; a push that is not the form at all is answered with 400,
which the web counts. What is believed must moreover be sane: a finite figure,
not below zero, not above the facility's hard limit. The seed decides everything, whatever the
number of processes: sitting n is the same on every machine. `FUZZ_COUNT=20000` makes a quick run.
"""

import multiprocessing
import os
import time

from loadtests.benchmarks.figures import Figure
from loadtests.benchmarks.fuzz.sitting import SEED, sit
from loadtests.benchmarks.fuzz.tally import Tally

COUNT = int(os.environ.get("FUZZ_COUNT", "1000000"))
SITTING = 2_000
"""Payloads that one set of desks gets; then everything starts anew."""
PROCESSES = 2
TOLD_EVERY_S = 20.0
FAULTS_SHOWN = 10


def run() -> list[Figure]:
    """Fuzz, print what became of everything, and give the figures."""
    sittings = [
        (number, min(SITTING, COUNT - number * SITTING)) for number in range(-(-COUNT // SITTING))
    ]
    tally, done, started = Tally(), 0, time.monotonic()
    told = started
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        for one in pool.imap_unordered(sit, sittings):
            tally.add(one)
            done += 1
            if time.monotonic() - told >= TOLD_EVERY_S or done == len(sittings):
                told = time.monotonic()
                _tell_progress(tally, min(COUNT, done * SITTING), told - started)
    _tell(tally)
    handled = sum(tally.payloads.values())
    raised, uncounted = sum(tally.faults.values()), _count(tally, "uncounted")
    reference = f"{COUNT:,} mutated payloads, seed {SEED}"
    return [
        Figure(
            name="fuzz_payloads.exceptions",
            value=raised,
            unit="payloads",
            bar=0,
            better="lower",
            reference=reference,
        ),
        Figure(
            name="fuzz_payloads.counted_share",
            value=(handled - uncounted) / COUNT,
            unit="share",
            bar=1.0,
            better="higher",
            reference=reference,
        ),
        Figure(
            name="fuzz_payloads.believed_share",
            value=_count(tally, "believed") / COUNT,
            unit="share",
            better="higher",
            reference="itself: without any, belief would go untried",
        ),
        Figure(
            name="fuzz_payloads.slowest",
            value=tally.slowest_s * 1000,
            unit="ms",
            better="lower",
            reference=f"itself: {tally.slowest[:60]}",
        ),
    ]


def _count(tally: Tally, outcome: str) -> int:
    return sum(n for name, n in tally.payloads.items() if name.endswith(f" {outcome}"))


def _tell_progress(tally: Tally, handled: int, took_s: float) -> None:
    print(
        f"  {handled:>9,} of {COUNT:,} payloads, {handled / took_s:,.0f}/s, "
        f"{sum(tally.faults.values())} exceptions",
        flush=True,
    )


def _tell(tally: Tally) -> None:
    for name, number in sorted(tally.payloads.items()):
        print(f"  {name:<28} {number:>9,}")
    words = (f"{name} {number:,}" for name, number in tally.observations.most_common())
    print(f"  in them: {', '.join(words)}")
    for place, number in tally.faults.most_common(FAULTS_SHOWN):
        print(f"  RAISED {number} x {place}\n    {tally.examples[place]}")


if __name__ == "__main__":
    for item in run():
        print(item.line())
