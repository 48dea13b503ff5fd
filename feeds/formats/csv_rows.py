"""Rows of a delimited text, found by the names of their columns."""

import csv
import re
from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec

from feeds.fields import ROW, compile_pattern
from feeds.formats.document import ABSENT, RowFault, RowsTable, check_encoding, decode_text
from feeds.model import RefusalReason


class CsvRows(RowsTable, tag="csv", tag_field="format", forbid_unknown_fields=True, kw_only=True):
    """Columns are named by the first line, or by `columns` where the source names none."""

    delimiter: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"
    skip_lines: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    """Lines above the header."""
    columns: list[str] = msgspec.field(default_factory=list)
    """Names of the columns of a source without a header; a header line is then let pass."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_encoding(self.encoding)
        if len(set(self.columns)) != len(self.columns):
            raise ValueError("a name stands twice - at `$.rows.columns`")

    def open(self, payload: bytes) -> "CsvDocument":
        """Read a payload; see `RowsTable`."""
        return CsvDocument(self, decode_text(payload, self.encoding))

    def check_path(self, path: str) -> None:
        """See `RowsTable`: with `columns` given, a path must be one of them."""
        if self.columns and path not in (ROW, *self.columns):
            raise ValueError(f"no column {path!r} among `columns`")

    def check_document(self, expression: str) -> None:
        """See `RowsTable`: a regular expression with one group."""
        compile_pattern(expression, re.MULTILINE, groups=1)


class CsvDocument:
    """A delimited text."""

    def __init__(self, table: CsvRows, text: str) -> None:
        self._table = table
        self._text = text

    def list_rows(self) -> Iterable["CsvRow | RowFault"]:
        """See `Document`. A line with more or fewer columns than the header is a fault."""
        lines = self._lines()
        names = self._table.columns or self._header(next(lines, []))
        for line in lines:
            if line == names:
                continue
            if len(line) == len(names):
                yield CsvRow(dict(zip(names, line, strict=True)))
            elif line:
                yield RowFault(
                    RefusalReason.WRONG_COLUMNS, "row", f"{len(line)} columns, not {len(names)}"
                )

    def find(self, path: str, attribute: str | None) -> object:
        """See `Document`: the group of a regular expression in the whole text."""
        del attribute
        return search_text(path, self._text)

    def _lines(self) -> Iterator[list[str]]:
        text = self._text.split("\n")[self._table.skip_lines :]
        try:
            yield from csv.reader(
                (f"{line}\n" for line in text), delimiter=self._table.delimiter, strict=True
            )
        except csv.Error as fault:
            raise RowFault(RefusalReason.MALFORMED, "document", str(fault)) from fault

    @staticmethod
    def _header(line: list[str]) -> list[str]:
        names = [name.strip() for name in line]
        if not any(names):
            raise RowFault(RefusalReason.EMPTY, "document", "no header line")
        if len(set(names)) != len(names):
            raise RowFault(RefusalReason.WRONG_COLUMNS, "header", "a column's name stands twice")
        return names


class CsvRow:
    """One line, its cells by column."""

    def __init__(self, cells: dict[str, str]) -> None:
        self._cells = cells

    def find(self, path: str, attribute: str | None) -> object:
        """See `Row`: the cell of a column. A column that is not there is a fault, not a null."""
        del attribute
        if path == ROW:
            return " ".join(self._cells.values())
        if path not in self._cells:
            raise RowFault(RefusalReason.WRONG_COLUMNS, "header", f"no column {path[:64]!r}")
        return self._cells[path]


def search_text(expression: str, text: str) -> object:
    """The group of a regular expression's first match, `ABSENT` without one.

    Raises:
        RowFault: the expression matches more than once, with different texts.
    """
    found = {match[1] for match in re.finditer(expression, text, re.MULTILINE)}
    if len(found) > 1:
        raise RowFault(RefusalReason.AMBIGUOUS, "document", f"{expression[:64]!r} matches twice")
    return found.pop() if found else ABSENT
