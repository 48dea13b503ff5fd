"""Another process that does as it is told, one call after the other, and what memory it takes."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

ANSWERED_WITHIN_S: Final = 300.0
_STATUS: Final = Path("/proc/self/status")
_MIB_OF_KB: Final = 1 / 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of the process that asks, MiB."""

    resident: float
    own: float
    """Of that, what is not mapped from a file: files are shared with other processes."""
    peak: float
    """The most that was resident since the last `forget_peak`."""


def read_memory() -> Memory:
    """Ask the kernel."""
    lines = (line.split() for line in _STATUS.read_text(encoding="ascii").splitlines())
    sizes = {words[0]: words[1] for words in lines if len(words) > 1}
    names = ("VmRSS:", "RssAnon:", "VmHWM:")
    return Memory(*(int(sizes[name]) * _MIB_OF_KB for name in names))


def forget_peak() -> None:
    """Have the peak count from now (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


class Worker:
    """The near end of another process."""

    def __init__(self, process: BaseProcess, link: Connection) -> None:
        self._process = process
        self._link = link

    def call(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 - what the method returns
        """Call a method there and return what it returns."""
        self.begin(name, *arguments)
        return self.finish()

    def begin(self, name: str, *arguments: object) -> None:
        """Have a method called there; it is under way when this returns, or soon."""
        self._link.send((name, arguments))

    def finish(self) -> Any:  # noqa: ANN401 - what the method returns
        """Return what the method begun returns.

        Raises:
            RuntimeError: it raised, the process has ended, or there was no answer.
        """
        if not self._link.poll(ANSWERED_WITHIN_S):
            raise RuntimeError(f"no answer from {self._process.name}")
        try:
            fault, value = self._link.recv()
        except EOFError as end:
            raise RuntimeError(f"{self._process.name} has ended") from end
        if fault is not None:
            raise RuntimeError(f"{self._process.name}: {fault}")
        return value

    def nudge(self) -> None:
        """Tell the method under way that it is enough."""
        self._link.send(None)


@contextmanager
def working(make: Callable[..., object], *arguments: object) -> Iterator[Worker]:
    """A process, begun afresh (spawn), that makes an object and calls its methods.

    Args:
        make: importable; given the far end of the link and the arguments.
        arguments: for `make`.
    """
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(
        target=_serve, args=(make, far, arguments), name=make.__name__, daemon=True
    )
    process.start()
    far.close()
    try:
        yield Worker(process, near)
    finally:
        process.kill()
        process.join()


def _serve(make: Callable[..., object], link: Connection, arguments: tuple[object, ...]) -> None:
    made = make(link, *arguments)
    while True:
        name, given = link.recv()
        try:
            link.send((None, getattr(made, name)(*given)))
        except Exception as fault:  # noqa: BLE001 - told at the near end
            link.send((repr(fault), None))
