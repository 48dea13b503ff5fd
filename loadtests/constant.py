"""The reference: a bare aiohttp server that answers every address with one constant body."""

import sys

from aiohttp import web


def main() -> None:
    """Serve `python -m loadtests.constant PORT BYTES` until interrupted."""
    port, length = int(sys.argv[1]), int(sys.argv[2])
    body = b"x" * length

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=lambda _: None)


if __name__ == "__main__":
    main()
