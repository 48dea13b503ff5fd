"""Rows of running text, found by regular expressions with named groups."""

import re
from collections.abc import Iterable
from typing import Literal

import msgspec

from feeds.fields import ROW, compile_pattern
from feeds.formats.csv_rows import search_text
from feeds.formats.document import ABSENT, RowFault, RowsTable, check_encoding, decode_text
from feeds.formats.html_rows import parse_page
from feeds.model import RefusalReason

MAX_TEXT = 256 * 1024
"""Patterns are tried at every place of the text, so it must not be long."""

_FLAGS = {"ignorecase": re.IGNORECASE, "dotall": re.DOTALL, "verbose": re.VERBOSE}


class TextRows(RowsTable, tag="text", tag_field="format", forbid_unknown_fields=True, kw_only=True):
    """Every match of a pattern is a row; `^` and `$` are the ends of lines.

    Patterns are the operator's own code: one with nested repetition (`(a+)+`) can take for ever.
    """

    pattern: str | list[str]
    flags: list[Literal["ignorecase", "dotall", "verbose"]] = msgspec.field(default_factory=list)
    encoding: str = "utf-8"
    from_html: bool = False
    """Whether the payload is a page, of which the shown text is read, each piece on its line."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_encoding(self.encoding)
        if not self.compile():
            raise ValueError("`pattern` is empty - at `$.rows.pattern`")

    def compile(self) -> list[re.Pattern[str]]:
        """The patterns.

        Raises:
            ValueError: one is no regular expression.
        """
        flags = re.MULTILINE
        for flag in self.flags:
            flags |= _FLAGS[flag]
        patterns = [self.pattern] if isinstance(self.pattern, str) else self.pattern
        return [compile_pattern(pattern, flags) for pattern in patterns]

    def open(self, payload: bytes) -> "TextDocument":
        """Read a payload; see `RowsTable`."""
        if self.from_html:
            root = parse_page(payload, self.encoding).root
            text = "" if root is None else root.text(separator="\n", strip=True)
        else:
            text = decode_text(payload, self.encoding)
        if len(text) > MAX_TEXT:
            raise RowFault(RefusalReason.TOO_LARGE, "document", f"{len(text)} letters of text")
        return TextDocument(self.compile(), text)

    def check_path(self, path: str) -> None:
        """See `RowsTable`: a group's name, in at least one of the patterns."""
        if path != ROW and not any(path in pattern.groupindex for pattern in self.compile()):
            raise ValueError(f"no group {path!r} in `pattern`")

    def check_document(self, expression: str) -> None:
        """See `RowsTable`: a regular expression with one group."""
        compile_pattern(expression, re.MULTILINE, groups=1)


class TextDocument:
    """A text and the patterns of its rows."""

    def __init__(self, patterns: list[re.Pattern[str]], text: str) -> None:
        self._patterns = patterns
        self._text = text

    def list_rows(self) -> Iterable["TextRow"]:
        """See `Document`."""
        matches = [match for pattern in self._patterns for match in pattern.finditer(self._text)]
        return [TextRow(match) for match in sorted(matches, key=lambda match: match.span())]

    def find(self, path: str, attribute: str | None) -> object:
        """See `Document`."""
        del attribute
        return search_text(path, self._text)


class TextRow:
    """One match."""

    def __init__(self, match: re.Match[str]) -> None:
        self._match = match

    def find(self, path: str, attribute: str | None) -> object:
        """See `Row`: a group that took no part is absent."""
        del attribute
        if path == ROW:
            return self._match[0]
        text = self._match.groupdict().get(path)
        return ABSENT if text is None else text
