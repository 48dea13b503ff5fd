"""What a test was waiting for when its time was over: a loop's own stack does not say."""

import asyncio
from collections.abc import Iterator


def describe_tasks() -> str:
    """Every task of the loop that runs here, and where in the code each waits, innermost last."""
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:
        return "no event loop was running"
    return "\n".join(line for task in tasks for line in (repr(task), *_list_places(task)))


def _list_places(task: "asyncio.Task[object]") -> Iterator[str]:
    awaited: object = task.get_coro()
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is not None:
            code = frame.f_code
            yield f"    {code.co_filename}:{frame.f_lineno} in {code.co_qualname}"
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
