"""The event loop that a process runs on, by the setting `loop`."""

import asyncio
from typing import Literal

from waitless.settings import SettingsFault


def make_loop(name: Literal["auto", "asyncio", "uvloop"]) -> asyncio.AbstractEventLoop:
    """A new event loop.

    `auto` is asyncio's own: uvloop answers more requests a second, but its slowest one in a
    thousand is slower at saturation (decision 0011).

    Raises:
        SettingsFault: uvloop is asked for and not installed.
    """
    if name != "uvloop":
        return asyncio.new_event_loop()
    try:
        import uvloop  # noqa: PLC0415 - only where it is asked for
    except ImportError as fault:
        raise SettingsFault("loop: uvloop is not installed") from fault
    return uvloop.new_event_loop()
