"""The pages' own files and templates."""

import gzip
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from waitless.web.problems import Problem, RequestRefused
from waitless.web.ready import accepts_gzip

FOLDER = Path(__file__).parent / "static"
CONTENT_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
LEAFLET = ("leaflet.js", "leaflet.css")
"""What the map is drawn with, out of its package; loaded when somebody opens the map."""


class StaticFiles:
    """The few files that the pages load: read once, so that no request names a path."""

    def __init__(self, made: Mapping[str, bytes]) -> None:
        """Read them.

        Args:
            made: files that are no files, by name: what is drawn from the area pack.
        """
        leaflet = distribution("xstatic-leaflet")
        paths = [
            *FOLDER.iterdir(),
            *(Path(str(leaflet.locate_file(f"xstatic/pkg/leaflet/data/{one}"))) for one in LEAFLET),
        ]
        bodies = {path.name: path.read_bytes() for path in paths if path.suffix in CONTENT_TYPES}
        self._files = {name: _Kept(name, body) for name, body in {**bodies, **made}.items()}

    async def get(self, request: web.Request) -> web.Response:
        """One file."""
        try:
            kept = self._files[request.match_info["name"]]
        except KeyError:
            raise RequestRefused(Problem.NOT_FOUND, "no such file") from None
        gzipped = kept.gzipped is not None and accepts_gzip(
            request.headers.get("Accept-Encoding", "")
        )
        response = web.Response(
            body=kept.gzipped if gzipped else kept.body,
            headers={
                "Content-Type": kept.content_type,
                "Cache-Control": "public, max-age=300",
                "Vary": "Accept-Encoding",
                # The service worker stands here, and is for every page.
                "Service-Worker-Allowed": "/",
            },
        )
        if gzipped:
            response.headers["Content-Encoding"] = "gzip"
        return response


class _Kept:
    """A file as it is sent."""

    def __init__(self, name: str, body: bytes) -> None:
        content_type = CONTENT_TYPES[Path(name).suffix]
        packed = content_type.startswith("image/png")
        self.content_type = content_type if packed else f"{content_type}; charset=utf-8"
        self.body = body
        self.gzipped = None if packed else gzip.compress(body, mtime=0)
        """None where it is packed already."""


def open_templates() -> Environment:
    """The page templates: everything escaped, an unknown name an error."""
    return Environment(
        loader=PackageLoader("waitless.web"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
