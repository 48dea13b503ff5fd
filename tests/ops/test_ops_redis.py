import re
from pathlib import Path

import yaml
from redis.asyncio import Redis

from tests.support.servers import Server, require_binary

ROOT = Path(__file__).parents[2]


async def test_what_redis_has_taken_survives_its_death(tmp_path: Path) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    program = require_binary("redis-server", "redis-server")
    # As compose does it where nobody sets the variable: ${NAME:-default}.
    options = [
        re.sub(r"\$\{\w+:-(.*)\}", r"\1", option)
        for option in compose["services"]["redis"]["command"][1:]
    ]
    local = ["--bind", "127.0.0.1", "--dir", str(tmp_path)]
    server = Server(lambda port: [program, *options, *local, "--port", str(port)], tmp_path)
    try:
        async with Redis(port=server.port) as redis:
            await redis.set("reading", "22")
            eviction = await redis.config_get("maxmemory*")

        server.kill()
        server.start()

        async with Redis(port=server.port) as redis:
            assert await redis.get("reading") == b"22"
    finally:
        server.stop()
    assert eviction["maxmemory-policy"] == "volatile-lru"
    assert int(eviction["maxmemory"]) == 1024 * 1024 * 1024
