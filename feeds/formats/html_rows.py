"""Rows of a web page, found by CSS selectors."""

from collections.abc import Iterable
from functools import cached_property

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from feeds.fields import ROW
from feeds.formats.document import ABSENT, RowFault, RowsTable, check_encoding
from feeds.formats.html_depth import find_depth
from feeds.model import RefusalReason

MOST_ROWS_AROUND = 20
"""Rows that may stand around a row, on average; tables that lay a page out hold tables."""
MOST_ALIKE = 20
"""Elements that one field may find, all of them saying the same."""
MOST_SIBLINGS = 2_000
"""Elements in one element where a selector counts them (`:nth-child`), each anew from the first."""
_UNSEEN = ["script", "style", "template", "noscript"]


class HtmlRows(RowsTable, tag="html", tag_field="format", forbid_unknown_fields=True, kw_only=True):
    """`select` finds the element of each row."""

    select: str
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_encoding(self.encoding)
        self.check_path(self.select)

    def open(self, payload: bytes) -> "HtmlDocument":
        """Read a payload; see `RowsTable`."""
        return HtmlDocument(parse_page(payload, self.encoding), self.select, len(payload))

    def check_path(self, path: str) -> None:
        """See `RowsTable`."""
        if path == ROW:
            return
        try:
            LexborHTMLParser("<p>").css(path)
        except SelectolaxError as fault:
            raise ValueError(f"{path!r} is not a CSS selector") from fault

    def check_document(self, expression: str) -> None:
        """See `RowsTable`."""
        self.check_path(expression)


class HtmlDocument:
    """A parsed page."""

    def __init__(self, page: LexborHTMLParser, select: str, size: int) -> None:
        self._page = page
        self._select = select
        self._size = size

    def list_rows(self) -> Iterable["HtmlRow"]:
        """See `Document`. A row is read with all that is in it, rows included."""
        rows, left = self.select(self._page, self._select), MOST_ROWS_AROUND * self._size
        for row in rows:
            left -= len(row.html or "")
            if left < 0:
                raise RowFault(RefusalReason.TOO_DEEP, "rows", "rows within rows within rows")
        return [HtmlRow(node, self) for node in rows]

    def find(self, path: str, attribute: str | None) -> object:
        """See `Document`."""
        return _one_of(self.select(self._page, path), path, attribute)

    def select(self, within: LexborHTMLParser | LexborNode, path: str) -> list[LexborNode]:
        """The elements that a selector finds.

        Raises:
            RowFault: it counts siblings, and there are too many.
        """
        if ":nth-" in path and self._most_siblings > MOST_SIBLINGS:
            detail = f"{self._most_siblings} elements side by side"
            raise RowFault(RefusalReason.TOO_LARGE, "document", detail)
        return within.css(path)

    @cached_property
    def _most_siblings(self) -> int:
        """The most elements that stand in one, wherever that is on the page."""
        most, waiting = 0, [self._page.root]
        while waiting:
            node = waiting.pop()
            children = [] if node is None else list(node.iter())
            most = max(most, len(children))
            waiting += children
        return most


class HtmlRow:
    """One row's element."""

    def __init__(self, node: LexborNode, document: HtmlDocument) -> None:
        self._node = node
        self._document = document

    def find(self, path: str, attribute: str | None) -> object:
        """See `Row`: the text, or an attribute, of the one element that the selector finds."""
        nodes = [self._node] if path == ROW else self._document.select(self._node, path)
        return _one_of(nodes, path, attribute)


def parse_page(payload: bytes, encoding: str) -> LexborHTMLParser:
    """A page without what is not shown; bytes that are no text become question marks.

    Raises:
        RowFault: it is nested so deeply that parsing would take too long.
    """
    text = payload.decode(encoding, errors="replace")
    find_depth(text.encode(errors="replace"))
    page = LexborHTMLParser(text)
    page.strip_tags(_UNSEEN)
    return page


def _one_of(nodes: list[LexborNode], path: str, attribute: str | None) -> object:
    """The value of the one element there.

    Raises:
        RowFault: several are there and say different things: which is meant is not guessed.
    """
    values = {_value(node, attribute) for node in nodes[:MOST_ALIKE]}
    if len(values) > 1 or len(nodes) > MOST_ALIKE:
        raise RowFault(
            RefusalReason.AMBIGUOUS, path, f"{len(nodes)} elements at {path[:64]!r}, not one"
        )
    return values.pop() if values else ABSENT


def _value(node: LexborNode, attribute: str | None) -> str | None:
    if attribute is not None:
        return node.attributes.get(attribute)
    return " ".join(node.text(separator=" ").split())
