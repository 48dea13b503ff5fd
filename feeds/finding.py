"""Finding what a locator means, in a row or in the whole document."""

import re

from feeds.fields import Locator, WaitField
from feeds.formats.document import ABSENT, Document, Row, RowFault
from feeds.model import RefusalReason
from feeds.vocabulary.faults import quote
from feeds.vocabulary.nulls import is_null

MAX_VALUE = 10_000
"""Letters of one value: more is not a field but a page glued into it."""


class Finder:
    """Finds values of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._found: dict[tuple[str, str | None], object] = {}
        """What the whole document has at a path and attribute: looked for once, not per row."""

    def find(self, locator: Locator, row: Row) -> object:
        """The value that a locator means, None where there is none; `pattern` is applied.

        Raises:
            RowFault: it is required and absent, several are there, or the pattern does not match.
        """
        if locator.constant is not None:
            return locator.constant
        if locator.document is not None:
            value = self._find_in_document(locator.document, locator.attribute)
        else:
            values = [row.find(path, locator.attribute) for path in locator.paths]
            value = values[0] if len(values) == 1 else _join(values)
        if value is ABSENT:
            if locator.required:
                raise RowFault(RefusalReason.MISSING_FIELD, "", "not in the row")
            return None
        if isinstance(value, str) and len(value) > MAX_VALUE:
            raise RowFault(RefusalReason.TOO_LARGE, "", f"{len(value)} letters")
        return _take_pattern(locator, value)

    def _find_in_document(self, path: str, attribute: str | None) -> object:
        if (path, attribute) not in self._found:
            try:
                found = self._document.find(path, attribute)
            except RowFault as fault:
                found = fault
            self._found[path, attribute] = found
        value = self._found[path, attribute]
        if isinstance(value, RowFault):
            raise RowFault(value.reason, value.field, value.detail)
        return value


def _join(values: list[object]) -> object:
    """Several values as one text; absent or null where any is, so that half a time is none."""
    for missing in (ABSENT, None):
        if any(value is missing for value in values):
            return missing
    return " ".join(str(value) for value in values)


def _take_pattern(locator: Locator, value: object) -> object:
    if locator.pattern is None or is_null(value, locator.null_texts):
        return value
    match = re.search(locator.pattern, str(value))
    if match is None:
        raise RowFault(
            RefusalReason.UNREADABLE_WAIT
            if isinstance(locator, WaitField)
            else RefusalReason.WRONG_TYPE,
            "",
            f"{quote(value)} does not match `pattern`",
        )
    return match[1]
