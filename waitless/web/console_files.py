"""The operators' page's own files, on the process that writes: it need not have `/static`."""

from aiohttp import web

from waitless.web.problems import Problem, RequestRefused
from waitless.web.static import CONTENT_TYPES, FOLDER

NAMES = ("operator.css", "operator.js")


class ConsoleFiles:
    """Two files, read once."""

    def __init__(self) -> None:
        self._files = {name: (FOLDER / name).read_bytes() for name in NAMES}

    async def get(self, request: web.Request) -> web.Response:
        """One file."""
        name = request.match_info["name"]
        if name not in self._files:
            raise RequestRefused(Problem.NOT_FOUND, "no such file")
        response = web.Response(
            body=self._files[name],
            content_type=CONTENT_TYPES[f".{name.rpartition('.')[2]}"],
            charset="utf-8",
            headers={"Cache-Control": "no-cache"},
        )
        response.enable_compression()
        return response
