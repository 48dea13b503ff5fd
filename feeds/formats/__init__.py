"""One module per format: a payload's bytes to rows in which fields can be found.

Each module has the definition's `[rows]` table of its format and the document it opens. They all
answer the same questions (`feeds.formats.document`), so that nothing above knows the format.
"""

from feeds.formats.csv_rows import CsvRows
from feeds.formats.html_rows import HtmlRows
from feeds.formats.json_rows import JsonRows
from feeds.formats.text_rows import TextRows

Rows = JsonRows | CsvRows | HtmlRows | TextRows
"""The `[rows]` table: its `format` says which of these it is."""

__all__ = ["CsvRows", "HtmlRows", "JsonRows", "Rows", "TextRows"]
