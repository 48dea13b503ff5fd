"""`make fuzz`: spoilt bytes for every parser, and a table of what became of them.

Sittings run in processes of their own, so that a parser in C or C++ that crashes is told of and not
just gone. The same seed and count try the same bytes on every machine. What a parser raises beside
its named refusals fails the run; FUZZ_COUNT is how many mutations there are in all.
"""

import logging
import os
import sys
import time
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from tests.security.parsers import PARSERS, SEED, Raised, try_parser

COUNT = int(os.environ.get("FUZZ_COUNT", "200000"))
SITTING = 500
"""Mutations from one state of chance."""
PROCESSES = 2


def sit(name: str, number: int, count: int) -> tuple[Counter[str], str | None, float]:
    """One sitting: outcomes, what was raised (it ends the sitting), and how long it took."""
    logging.disable(logging.CRITICAL)
    began = time.perf_counter()
    try:
        outcomes, fault = try_parser(name, number, count), None
    except Raised as raised:
        outcomes, fault = Counter({"raised": 1}), str(raised)
    return outcomes, fault, time.perf_counter() - began


def list_sittings(count: int) -> list[tuple[str, int, int]]:
    """Every sitting as parser, number and mutations: `count` in all, or a few more."""
    shares = sum(parser.share for parser in PARSERS.values())
    found = []
    for name, parser in PARSERS.items():
        left, number = -(-count * parser.share // shares), 0
        while left > 0:
            found.append((name, number, min(left, SITTING)))
            left, number = left - SITTING, number + 1
    return found


def main() -> int:
    """Fuzz, print the table, and give the exit status."""
    tallies: dict[str, Counter[str]] = {name: Counter() for name in PARSERS}
    seconds: Counter[str] = Counter()
    faults: list[str] = []
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        sittings: dict[Future[tuple[Counter[str], str | None, float]], tuple[str, int, int]] = {
            pool.submit(sit, *one): one for one in list_sittings(COUNT)
        }
        for done in as_completed(sittings):
            name, number, _ = sittings[done]
            try:
                outcomes, fault, took_s = done.result()
            except BrokenProcessPool:
                faults.append(f"a process died; {name}, sitting {number}, was not finished")
                continue
            tallies[name] += outcomes
            seconds[name] += took_s
            if fault is not None:
                faults.append(fault)
    tell(tallies, seconds)
    for fault in faults[:20]:
        print(f"RAISED {fault}")
    return 1 if faults else 0


def tell(tallies: dict[str, Counter[str]], seconds: Counter[str]) -> None:
    """Print a row of every parser, and their sum."""
    columns = ("mutations", "taken", "refused", "raised")
    print(f"seed {SEED}\n| parser | {' | '.join(columns)} | seconds |\n|{' --- |' * 6}")
    for name, tally in [*tallies.items(), ("all", sum(tallies.values(), Counter[str]()))]:
        figures = (tally.total(), *(tally[column] for column in columns[1:]))
        took_s = seconds[name] if name in tallies else sum(seconds.values())
        print(f"| {name} | {' | '.join(f'{one:,}' for one in figures)} | {took_s:.0f} |")


if __name__ == "__main__":
    sys.exit(main())
