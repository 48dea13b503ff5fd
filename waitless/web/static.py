"""The pages' own files and templates."""

from pathlib import Path

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from waitless.web.problems import Problem, RequestRefused

FOLDER = Path(__file__).parent / "static"
CONTENT_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}


class StaticFiles:
    """The few files that the pages load: read once, so that no request names a path."""

    def __init__(self) -> None:
        self._files = {
            path.name: (path.read_bytes(), CONTENT_TYPES[path.suffix])
            for path in FOLDER.iterdir()
            if path.suffix in CONTENT_TYPES
        }

    async def get(self, request: web.Request) -> web.Response:
        """One file."""
        try:
            body, content_type = self._files[request.match_info["name"]]
        except KeyError:
            raise RequestRefused(Problem.NOT_FOUND, "no such file") from None
        return web.Response(
            body=body,
            content_type=content_type,
            charset="utf-8",
            headers={
                "Cache-Control": "public, max-age=300",
                # The service worker stands here, and is for every page.
                "Service-Worker-Allowed": "/",
            },
        )


def open_templates() -> Environment:
    """The page templates: everything escaped, an unknown name an error."""
    return Environment(
        loader=PackageLoader("waitless.web"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
