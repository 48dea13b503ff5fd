"""Reference servers: `python -m loadtests.benchmarks.hot.reference PORT REDIS_PORT NAME=FILE ...`.

A bare aiohttp application with constant bodies at `/NAME`, and at `/redis` the first of them
fetched from Redis for each request.
"""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from redis.asyncio import Redis

KEY = "hot-path-body"
_Handler = Callable[[web.Request], Awaitable[web.Response]]


def constant(body: bytes) -> _Handler:
    """A handler that does nothing but send a body."""

    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    return handler


def main() -> None:
    """Serve until killed."""
    port, redis_port, *named = sys.argv[1:]
    redis = Redis(port=int(redis_port))
    app = web.Application()
    bodies = {name: Path(path).read_bytes() for name, path in (one.split("=") for one in named)}
    for name, body in bodies.items():
        app.router.add_get(f"/{name}", constant(body))

    async def from_redis(_: web.Request) -> web.Response:
        return web.Response(body=await redis.get(KEY), content_type="application/json")

    async def fill(_: web.Application) -> None:
        await redis.set(KEY, next(iter(bodies.values())))

    app.router.add_get("/redis", from_redis)
    app.on_startup.append(fill)
    web.run_app(app, host="127.0.0.1", port=int(port), access_log=None, print=None)


if __name__ == "__main__":
    main()
