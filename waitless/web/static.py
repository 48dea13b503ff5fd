"""Where the pages' own files and templates are."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

STATIC_FOLDER = Path(__file__).parent / "static"


def open_templates() -> Environment:
    """The page templates: everything escaped, an unknown name an error."""
    return Environment(
        loader=PackageLoader("waitless.web"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
