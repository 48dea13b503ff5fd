"""What every format offers: a document with rows, in both of which values can be found."""

import re
from collections.abc import Iterable
from typing import Annotated, Protocol

import msgspec

from feeds.fields import Condition, compile_pattern
from feeds.model import RefusalReason

ABSENT = object()
"""What finding gives where there is no such key, element or group: not even null."""


class RowFault(Exception):
    """A row, or the whole document, is refused: the reason, the field, and a sentence."""

    def __init__(self, reason: RefusalReason, field: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.field, self.detail = reason, field, detail


class Row(Protocol):
    """One row, whose values are found by path."""

    def find(self, path: str, attribute: str | None) -> object:
        """The value at a path: a text or a JSON value, None or `ABSENT`.

        Raises:
            RowFault: more than one value is there.
        """


class Document(Protocol):
    """A payload that was read."""

    def list_rows(self) -> Iterable[Row | RowFault]:
        """Every row in its order; a fault stands where a row cannot be one.

        Raises:
            RowFault: nothing like the rows that are meant is there.
        """

    def find(self, path: str, attribute: str | None) -> object:
        """A value of the whole document, as `Row.find`."""


class RowsTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the `[rows]` tables of all formats share."""

    drop: list[Condition] = []
    """Rows to leave out in silence: totals, headings. One condition that holds is enough."""
    require: list[Condition] = []
    """What every row must be, dropped ones included; a row that is not is refused as cut."""
    split: str | None = None
    """A separator by which one row carries several records, joined field by field."""
    minimum_rows: Annotated[int, msgspec.Meta(ge=1)] = 1
    complete: str | None = None
    """A regular expression that a payload which was not cut matches; the last row of one that
    does not is refused, because half of "3 hours 30 minutes" is a wait too."""

    def __post_init__(self) -> None:
        if self.split == "":
            raise ValueError("`split` is empty")
        if self.complete is not None:
            compile_pattern(self.complete)

    def is_cut(self, payload: bytes) -> bool:
        """Whether the end of a payload is missing, as far as the definition can tell."""
        if self.complete is None:
            return False
        return re.search(self.complete, payload.decode("utf-8", errors="replace")) is None

    def open(self, payload: bytes) -> Document:
        """Read a payload.

        Raises:
            RowFault: it is not of this format.
        """
        raise NotImplementedError

    def check_path(self, path: str) -> None:
        """See whether a locator's `path` can be used.

        Raises:
            ValueError: it cannot.
        """
        raise NotImplementedError

    def check_document(self, expression: str) -> None:
        """See whether a locator's `document` can be used.

        Raises:
            ValueError: it cannot.
        """
        raise NotImplementedError


def decode_text(payload: bytes, encoding: str) -> str:
    """A payload as text with plain line ends and without a byte order mark.

    Raises:
        RowFault: it is not in that encoding.
    """
    try:
        text = payload.decode(encoding)
    except (UnicodeDecodeError, ValueError) as fault:
        raise RowFault(RefusalReason.MALFORMED, "document", f"not {encoding}") from fault
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def check_encoding(encoding: str) -> None:
    """See whether Python knows a text encoding.

    Raises:
        ValueError: it does not.
    """
    try:
        b"\n\n\n\n".decode(encoding)
    except (LookupError, ValueError) as fault:
        raise ValueError(f"no text encoding {encoding!r}") from fault
