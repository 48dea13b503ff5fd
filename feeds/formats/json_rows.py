"""Rows of a JSON document, found by JMESPath."""

from collections.abc import Iterable, Mapping
from typing import Any

import jmespath
import orjson
from jmespath.functions import Functions, signature

from feeds.formats.document import ABSENT, RowFault, RowsTable
from feeds.model import RefusalReason

PARENT, KEY, VALUE = "_parent", "_key", "_value"


class JsonRows(RowsTable, tag="json", tag_field="format", forbid_unknown_fields=True, kw_only=True):
    """`path` gives the list of rows; several go step by step, each row keeping its `_parent`."""

    path: str | list[str]

    def __post_init__(self) -> None:
        super().__post_init__()
        for step in self.steps:
            try:
                self.check_path(step)
            except ValueError as fault:
                raise ValueError(f"{fault} - at `$.rows.path`") from fault
        if not self.steps:
            raise ValueError("`path` is empty - at `$.rows.path`")

    @property
    def steps(self) -> list[str]:
        """The JMESPaths from the document to the rows."""
        return [self.path] if isinstance(self.path, str) else self.path

    def open(self, payload: bytes) -> "JsonDocument":
        """Read a payload; see `RowsTable`."""
        try:
            return JsonDocument(orjson.loads(payload.removeprefix(b"\xef\xbb\xbf")), self.steps)
        except orjson.JSONDecodeError as fault:
            raise RowFault(RefusalReason.MALFORMED, "document", str(fault)) from fault

    def check_path(self, path: str) -> None:
        """See `RowsTable`."""
        try:
            jmespath.compile(path)
        except jmespath.exceptions.JMESPathError as fault:
            raise ValueError(f"{path!r} is not a JMESPath: {fault}") from fault

    def check_document(self, expression: str) -> None:
        """See `RowsTable`."""
        self.check_path(expression)


class JsonNode:
    """A JSON value in which others are found: a row, or the whole document."""

    def __init__(self, value: object) -> None:
        self._value = value

    def find(self, path: str, attribute: str | None) -> object:
        """See `Row`; JSON has no attributes."""
        del attribute
        return _search(path, self._value)


class JsonDocument(JsonNode):
    """A JSON document and the way to its rows."""

    def __init__(self, value: object, steps: list[str]) -> None:
        super().__init__(value)
        self._steps = steps

    def list_rows(self) -> Iterable[JsonNode]:
        """See `Document`. A path that gives one object gives one row."""
        rows = _rows_at(self._steps[0], self._value)
        for step in self._steps[1:]:
            rows = [
                _with_parent(child, parent) for parent in rows for child in _rows_at(step, parent)
            ]
        return map(JsonNode, rows)


def _rows_at(step: str, value: object) -> list[object]:
    found = _search(step, value)
    if isinstance(found, dict):
        return [found]
    if not isinstance(found, list):
        raise RowFault(RefusalReason.MISSING_FIELD, "rows", f"no rows at {step!r}")
    return found


def _with_parent(child: object, parent: object) -> object:
    return {**(child if isinstance(child, dict) else {VALUE: child}), PARENT: parent}


def _search(path: str, value: object) -> object:
    """What JMESPath finds; `ABSENT` where the last key of the path is not there at all."""
    expression = jmespath.compile(path)
    try:
        found: object = expression.search(value, options=_OPTIONS)
        if found is None and not _is_there(expression.parsed, value):
            return ABSENT
    except (jmespath.exceptions.JMESPathError, RecursionError, TypeError) as fault:
        raise RowFault(RefusalReason.WRONG_TYPE, path, str(fault)) from fault
    return found


def _is_there(node: Mapping[str, Any], value: object) -> bool:
    """Whether a null was found rather than nothing: told for plain paths (`a`, `a.b`)."""
    if node["type"] == "field":
        return isinstance(value, dict) and node["value"] in value
    if node["type"] == "subexpression":
        *outer, last = node["children"]
        for step in outer:
            if step["type"] != "field" or not isinstance(value, dict):
                return False
            value = value.get(step["value"])
        return _is_there(last, value)
    return False


class _Functions(Functions):
    """Two JMESPath functions for shapes that plain JMESPath cannot turn into rows."""

    @signature({"types": ["object"]})
    def _func_entries(self, mapping: dict[str, object]) -> list[object]:
        """`entries(@)`: an object's members as rows, each with its key as `_key`."""
        return [
            {**(value if isinstance(value, dict) else {VALUE: value}), KEY: key}
            for key, value in mapping.items()
        ]

    @signature({"types": ["object"]})
    def _func_columns(self, mapping: dict[str, object]) -> list[object]:
        """`columns({a: as, b: bs})`: lists side by side as rows; of one length, or a fault."""
        lists = [column for column in mapping.values() if isinstance(column, list)]
        if len(lists) != len(mapping) or len({len(column) for column in lists}) > 1:
            raise RowFault(RefusalReason.WRONG_COLUMNS, "rows", "columns of different lengths")
        return [dict(zip(mapping, values, strict=True)) for values in zip(*lists, strict=True)]


_OPTIONS = jmespath.Options(custom_functions=_Functions())
