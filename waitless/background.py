"""Background work of a process: it runs, or the process ends."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress

CANCEL_AGAIN_S = 1.0


@asynccontextmanager
async def running(works: Mapping[str, Coroutine[None, None, None]]) -> AsyncIterator[None]:
    """Run tasks in the background. If one dies, so does whoever entered: nothing dies silently."""
    async with asyncio.TaskGroup() as group:
        pending = {group.create_task(work, name=name) for name, work in works.items()}
        try:
            yield
        finally:
            # More than once: on Python 3.11 a library's own timeout can swallow a cancellation.
            while pending:
                for task in pending:
                    task.cancel()
                # When a task has died, its group cancels us too: the others come first.
                with suppress(asyncio.CancelledError):
                    _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
