"""Change notices of a Redis that is there and cannot write."""

import shutil
from pathlib import Path

import pytest

from tests.support.redis_groups import ask, start_server, until
from waitless.redis_link import StoreAway, open_redis
from waitless.store import Store
from waitless.store.changes import Changes

LOOKED_AFTER_S = 0.1
"""How long a silent connection is trusted; 10 s in use."""


async def wait_on(changes: Changes) -> None:
    """Long enough for some PINGs."""
    for _ in range(50):
        await changes.wait(LOOKED_AFTER_S)


async def test_a_full_disk_is_weather_to_who_waits_for_notices(tmp_path: Path) -> None:
    """Redis refuses a PING then, as it refuses writes: who answers goes on, and asks again."""
    folder = tmp_path / "redis"
    server = start_server(folder)
    client = open_redis(f"redis://127.0.0.1:{server.port}/0")
    client.connection_pool.connection_kwargs["health_check_interval"] = LOOKED_AFTER_S
    try:
        async with Store(client, "east-kent").changes() as changes:
            assert not await changes.wait(2 * LOOKED_AFTER_S)
            ask(server.port, "CONFIG", "SET", "save", "3600 1")
            shutil.rmtree(folder)  # where it would save
            ask(server.port, "BGSAVE")
            until(lambda: "MISCONF" in ask(server.port, "PING"), "a Redis that cannot write")
            with pytest.raises(StoreAway, match="MISCONF"):
                await wait_on(changes)
    finally:
        await client.aclose()
        ask(server.port, "CONFIG", "SET", "save", "")  # it would not end unsaved
        server.stop()
