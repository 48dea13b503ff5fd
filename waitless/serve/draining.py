"""Whether this process is about to end; if so, every answer closes its connection."""

from aiohttp import web


class Draining:
    """The switch, for all that answers."""

    on = False

    def close_after(self, _: web.Request, response: web.StreamResponse) -> None:
        """Just before an answer's headers are sent."""
        if self.on:
            response.headers["Connection"] = "close"
            response.force_close()


DRAINING = web.AppKey("draining", Draining)
"""Where an application has it, if it looks at it by itself."""
