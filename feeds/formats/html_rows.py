"""Rows of a web page, found by CSS selectors."""

from collections.abc import Iterable

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from feeds.fields import ROW
from feeds.formats.document import ABSENT, RowFault, RowsTable, check_encoding
from feeds.model import RefusalReason

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
        return HtmlDocument(parse_page(payload, self.encoding), self.select)

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

    def __init__(self, page: LexborHTMLParser, select: str) -> None:
        self._page = page
        self._select = select

    def list_rows(self) -> Iterable["HtmlRow"]:
        """See `Document`."""
        return [HtmlRow(node) for node in self._page.css(self._select)]

    def find(self, path: str, attribute: str | None) -> object:
        """See `Document`."""
        return _one_of(self._page.css(path), path, attribute)


class HtmlRow:
    """One row's element."""

    def __init__(self, node: LexborNode) -> None:
        self._node = node

    def find(self, path: str, attribute: str | None) -> object:
        """See `Row`: the text, or an attribute, of the one element that the selector finds."""
        nodes = [self._node] if path == ROW else self._node.css(path)
        return _one_of(nodes, path, attribute)


def parse_page(payload: bytes, encoding: str) -> LexborHTMLParser:
    """A page without what is not shown; bytes that are no text become question marks."""
    page = LexborHTMLParser(payload.decode(encoding, errors="replace"))
    page.strip_tags(_UNSEEN)
    return page


def _one_of(nodes: list[LexborNode], path: str, attribute: str | None) -> object:
    """The value of the one element there.

    Raises:
        RowFault: several are there and say different things: which is meant is not guessed.
    """
    values = {_value(node, attribute) for node in nodes}
    if len(values) > 1:
        raise RowFault(
            RefusalReason.AMBIGUOUS, path, f"{len(nodes)} elements at {path[:64]!r}, not one"
        )
    return values.pop() if values else ABSENT


def _value(node: LexborNode, attribute: str | None) -> str | None:
    if attribute is not None:
        return node.attributes.get(attribute)
    return " ".join(node.text(separator=" ").split())
