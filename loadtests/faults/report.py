"""The table of faults: for people, as Markdown and as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import orjson

from loadtests.faults.run import Row

HEADINGS = (
    "fault", "asked", "passed on", "failed", "waits", "told after s", "recovered after s",
    "acknowledged", "passed over", "lost", "doubled", "rules",
)  # fmt: skip

WORST = (
    "kind of fault", "faults", "asked", "failed", "told after s, longest",
    "recovered after s, longest", "acknowledged", "passed over", "lost", "doubled", "broken",
)  # fmt: skip
BALANCED = ("acknowledged", "passed_over", "lost", "doubled")


def list_cells(row: Row) -> tuple[str, ...]:
    """A row's cells, in the order of `HEADINGS`."""
    drawn = row.balance
    books = ("-",) * 4
    if drawn is not None:
        books = tuple(
            str(one) for one in (drawn.acknowledged, drawn.passed_over, drawn.lost, drawn.doubled)
        )
    return (
        row.fault, str(row.asked), str(row.passed_on), str(row.failed), str(row.waits),
        _seconds(row.told_s), _seconds(row.recovered_s), *books,
        "kept" if row.kept else "BROKEN",
    )  # fmt: skip


def print_row(row: Row) -> None:
    """A line as soon as it is known, and what was broken below it."""
    cells = list_cells(row)
    print(f"{cells[0]:<34}" + "".join(f"{one:>12}" for one in cells[1:]), flush=True)
    for what in row.broken:
        print(f"    {what}", flush=True)


def print_headings() -> None:
    """What stands above the lines."""
    print(f"{HEADINGS[0]:<34}" + "".join(f"{one[:11]:>12}" for one in HEADINGS[1:]), flush=True)


def save(rows: Sequence[Row], missing: Sequence[str], folder: Path) -> Path:
    """Write `faults.json` and `faults.md`; gives the latter's path.

    Args:
        rows: what was played.
        missing: why any was not.
        folder: is made where it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = {"faults": [asdict(row) | {"kept": row.kept} for row in rows], "not_run": missing}
    (folder / "faults.json").write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    lines = [
        *format_table(WORST, list_worst(rows)), "",
        *format_table(HEADINGS, map(list_cells, rows)), "",
        *(f"Not run: {one}" for one in missing),
        *(f"{row.fault}: {what}" for row in rows for what in row.broken),
    ]  # fmt: skip
    path = folder / "faults.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def list_worst(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """A line for each kind of fault: how many, the sums, and the longest times."""
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        how, _, where = row.fault.partition(": ")
        kinds.setdefault(f"{how}, two at once" if " + " in where else how, []).append(row)
    found = []
    for kind, alike in kinds.items():
        drawn = [row.balance for row in alike if row.balance is not None]
        sums = (sum(getattr(one, name) for one in drawn) for name in BALANCED)
        found.append((
            kind, str(len(alike)), str(sum(row.asked for row in alike)),
            str(sum(row.failed for row in alike)),
            _seconds(max((row.told_s for row in alike if row.told_s is not None), default=None)),
            _seconds(
                None if any(row.recovered_s is None for row in alike)
                else max(row.recovered_s or 0.0 for row in alike)
            ),
            *map(str, sums),
            str(sum(not row.kept for row in alike)),
        ))  # fmt: skip
    return found


def format_table(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table."""
    return [_line(headings), _line(["---"] * len(headings)), *map(_line, lines)]


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
