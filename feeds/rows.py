"""A document to observations and refusals, as its feed definition says."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from feeds.definition import FeedDefinition
from feeds.fields import Condition
from feeds.finding import Finder
from feeds.formats.document import Row, RowFault
from feeds.model import Observation, Refusal, RefusalReason
from feeds.observe import Observer
from feeds.vocabulary.faults import quote


def decode_document(
    definition: FeedDefinition, payload: bytes, now: datetime
) -> Iterator[Observation | Refusal]:
    """Every row of a payload as an observation or a refusal, oldest measurement first.

    A payload without a single row, or without a facility that it must have, is itself a refusal:
    real sources answer 200 with nothing in it. Two rows that say different things of one
    facility at one time refuse each other.
    """
    reading = _Reading(definition)
    try:
        reading.read(payload, now)
    except RowFault as fault:
        reading.refuse(fault, fault.field)
    yield from reading.refusals
    yield from sorted(reading.list_agreed(), key=lambda observation: observation.as_of)
    yield from reading.list_disagreements()


class _Reading:
    """One document on its way through."""

    def __init__(self, definition: FeedDefinition) -> None:
        self.refusals: list[Refusal] = []
        self._definition = definition
        self._observed: dict[tuple[str, datetime], list[Observation]] = defaultdict(list)
        self._seen: set[str] = set()

    def read(self, payload: bytes, now: datetime) -> None:
        """Read every row.

        Raises:
            RowFault: the document as a whole cannot be read on.
        """
        most = self._definition.transport.max_bytes
        if len(payload) > most:
            raise RowFault(
                RefusalReason.TOO_LARGE, "document", f"{len(payload)} bytes; at most {most}"
            )
        rows = self._definition.rows
        document = rows.open(payload)
        finder = Finder(document)
        for condition in rows.require:
            if not condition.paths:
                _require(condition, document, finder)
        observer = Observer(self._definition, finder, now)
        count = self._read_rows(document.list_rows(), observer, cut=rows.is_cut(payload))
        if count < rows.minimum_rows:
            reason = RefusalReason.EMPTY if count == 0 else RefusalReason.INCOMPLETE
            raise RowFault(reason, "rows", f"{count} rows; at least {rows.minimum_rows}")
        missing = sorted(self._definition.expected_ids - self._seen)
        if missing:
            raise RowFault(
                RefusalReason.INCOMPLETE, "rows", f"{len(missing)} missing: {', '.join(missing)}"
            )

    def refuse(self, fault: RowFault, where: str) -> None:
        """Note a refusal."""
        self.refusals.append(
            Refusal(
                feed_id=self._definition.id,
                reason=fault.reason,
                where=where[:128],
                detail=fault.detail[:200],
            )
        )

    def list_agreed(self) -> list[Observation]:
        """One observation of each facility and time of which all rows say the same."""
        return [rows[0] for rows in self._observed.values() if all(row == rows[0] for row in rows)]

    def list_disagreements(self) -> Iterator[Refusal]:
        """A refusal for each facility and time of which rows say different things."""
        for (facility_id, as_of), rows in self._observed.items():
            if any(row != rows[0] for row in rows):
                yield Refusal(
                    feed_id=self._definition.id,
                    reason=RefusalReason.AMBIGUOUS,
                    where=facility_id,
                    detail=f"{len(rows)} different rows for {as_of.isoformat()}",
                )

    def _read_rows(self, rows: Iterable[Row | RowFault], observer: Observer, *, cut: bool) -> int:
        """Read each row as soon as the next is there; the last of a cut document is refused."""
        count = 0
        last: Row | RowFault | None = None
        for count, row in enumerate(rows, start=1):
            if last is not None:
                self._read_row(f"row {count - 1}", last, observer)
            last = row
        if cut:
            last = RowFault(RefusalReason.INCOMPLETE, "", "the end of the document is missing")
        if last is not None:
            self._read_row(f"row {count}", last, observer)
        return count

    def _read_row(self, where: str, row: Row | RowFault, observer: Observer) -> None:
        with self._refusing(where):
            if isinstance(row, RowFault):
                raise row
            for record in self._records(row):
                with self._refusing(where):
                    self._read_record(record, observer)

    @contextmanager
    def _refusing(self, where: str) -> Iterator[None]:
        try:
            yield
        except RowFault as fault:
            self.refuse(fault, f"{where}, {fault.field}" if fault.field else where)

    def _records(self, row: Row) -> list[Row]:
        """The records of a row: one, unless the definition says how several are joined.

        Raises:
            RowFault: the fields that are read have different numbers of parts.
        """
        separator = self._definition.rows.split
        if separator is None:
            return [row]
        paths = {
            path for _, field in self._definition.fields.list_locators() for path in field.paths
        }
        counts = {
            value.count(separator) + 1
            for path in paths
            if isinstance(value := row.find(path, None), str) and separator in value
        }
        if len(counts) > 1:
            raise RowFault(
                RefusalReason.WRONG_COLUMNS, "split", f"fields of {sorted(counts)} parts in one row"
            )
        parts = _Parts(row, separator)
        return [_PartRow(parts, number) for number in range(max(counts, default=1))]

    def _read_record(self, row: Row, observer: Observer) -> None:
        rows = self._definition.rows
        for condition in rows.require:
            if condition.paths:
                _require(condition, row, observer.finder)
        if any(condition.holds(observer.finder.find(condition, row)) for condition in rows.drop):
            return
        facility_id = observer.find_facility(row)
        if facility_id is None:
            return
        self._seen.add(facility_id)
        observation = observer.observe(facility_id, row)
        self._observed[facility_id, observation.as_of].append(observation)


def _require(condition: Condition, row: Row, finder: Finder) -> None:
    value = finder.find(condition, row)
    if not condition.holds(value):
        place = condition.document or " ".join(condition.paths)
        raise RowFault(
            RefusalReason.WRONG_COLUMNS, place[:64], f"{quote(value)} is not what `require` says"
        )


class _Parts:
    """The fields of a row that joins several records, each taken apart once for all of them."""

    def __init__(self, row: Row, separator: str) -> None:
        self._row = row
        self._separator = separator
        self._found: dict[tuple[str, str | None], object] = {}

    def find(self, path: str, attribute: str | None, number: int) -> object:
        if (path, attribute) not in self._found:
            value = self._row.find(path, attribute)
            if isinstance(value, str) and self._separator in value:
                value = _Joined(value.split(self._separator))
            self._found[path, attribute] = value
        value = self._found[path, attribute]
        return value.parts[number].strip() if isinstance(value, _Joined) else value


@dataclass(frozen=True, slots=True)
class _Joined:
    parts: list[str]


class _PartRow:
    """One record of such a row: the n-th part of every field that has parts."""

    def __init__(self, parts: _Parts, number: int) -> None:
        self._parts = parts
        self._number = number

    def find(self, path: str, attribute: str | None) -> object:
        return self._parts.find(path, attribute, self._number)
