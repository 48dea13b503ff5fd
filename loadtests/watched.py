"""`waitless` with every turn of its event loop timed: while one lasts, nobody else is answered.

`python -m loadtests.watched FILE serve --role api ...` runs `waitless serve ...`; when that has
ended, FILE holds the long turns as JSON. A turn is one callback of asyncio's own loop, for example
one step of a task.
"""

import asyncio
import atexit
import gc
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

LONG_MS = 2.0


@dataclass(frozen=True, slots=True)
class Hold:
    """One turn that was long."""

    at: float
    """When it began, seconds since 1970."""
    wall_ms: float
    cpu_ms: float
    """Of the loop's own thread: a turn that other work kept off the processor has less of it."""
    gc_ms: float
    """What of that was collecting garbage."""
    what: str
    """What ran: the task or function, and the route that was answered in it."""


class Watch:
    """Times turns from `begin` on, and keeps the long ones."""

    def __init__(self) -> None:
        self.holds: list[Hold] = []
        self.route: str | None = None
        self._collecting_ms = self._collecting_since = 0.0

    def begin(self) -> None:
        """Time every turn of every loop of this process."""
        run = asyncio.Handle._run  # noqa: SLF001 - there is no other way in

        def timed(handle: asyncio.Handle) -> None:
            self.route, self._collecting_ms = None, 0.0
            at, cpu = time.perf_counter(), time.thread_time()
            run(handle)
            wall_ms = (time.perf_counter() - at) * 1000
            if wall_ms > LONG_MS:
                cpu_ms = (time.thread_time() - cpu) * 1000
                began = time.time() - wall_ms / 1000
                what = f"{_name(handle)} {self.route or ''}".strip()
                self.holds.append(Hold(began, wall_ms, cpu_ms, self._collecting_ms, what))

        asyncio.Handle._run = timed  # type: ignore[method-assign,assignment] # noqa: SLF001
        gc.callbacks.append(self._collecting)

    def note_routes(self) -> None:
        """Note in each turn the route that was answered last."""
        from waitless.metrics import WebMetrics  # noqa: PLC0415 - after the timing has begun

        answered = WebMetrics.answered

        def noted(metrics: WebMetrics, route: str, *rest: object) -> None:
            self.route = route
            answered(metrics, route, *rest)  # type: ignore[arg-type]

        WebMetrics.answered = noted  # type: ignore[method-assign,assignment]

    def save(self, path: Path) -> None:
        """Write what was kept."""
        path.write_bytes(orjson.dumps([asdict(hold) for hold in self.holds]))

    def _collecting(self, phase: str, _: dict[str, int]) -> None:
        now = time.thread_time()
        if phase == "start":
            self._collecting_since = now
        else:
            self._collecting_ms += (now - self._collecting_since) * 1000


def load_holds(path: Path) -> list[Hold]:
    """What a watched process saved; it must have ended."""
    return [Hold(**told) for told in orjson.loads(path.read_bytes())]


def _name(handle: asyncio.Handle) -> str:
    callback = handle._callback  # type: ignore[attr-defined] # noqa: SLF001
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        return str(getattr(owner.get_coro(), "__qualname__", owner.get_name()))
    return str(getattr(callback, "__qualname__", callback))


def main() -> None:
    """Watch `waitless` run."""
    path = Path(sys.argv.pop(1))
    watch = Watch()
    watch.begin()
    watch.note_routes()
    atexit.register(watch.save, path)
    from waitless.cli import main as waitless  # noqa: PLC0415 - after the timing has begun

    waitless()


if __name__ == "__main__":
    main()
