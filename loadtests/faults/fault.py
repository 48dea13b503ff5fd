"""What a fault is: what begins it, what ends it, and what is to be known of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from loadtests.faults.stage import Stage
from loadtests.faults.traffic import Traffic

Act = Callable[[Stage, Traffic], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault."""

    name: str
    begin: Act
    end: Act
    lasts_s: float = 0.0
    forgets: bool = False
    """The broker forgets what came since it last saved, or Redis what came since its copy was made:
    a loss of theirs, which is told and not judged."""
    clock_steps: bool = False
    """Times go back: then the history takes nothing older than its newest, and is not compared."""
    wants_disk: bool = False


async def nothing(_: Stage, __: Traffic) -> None:
    """No act."""
