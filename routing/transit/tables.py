"""The tables of a GTFS feed, from a zip file or a folder, row by row, never more than allowed."""

import csv
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final, NoReturn, Self

from routing.transit.reports import GtfsFault

MOST_BYTES: Final = 2**30
"""Of one table, unpacked: Great Britain's rail has 19 MB, a whole country's buses some hundreds."""

_BOMB_BYTES: Final = 16 * 2**20
_BOMB_RATIO: Final = 200
"""Tables of real feeds pack 5 to 20 times; deflate gives 1,032 at most, to a file of one byte."""


class Row:
    """One row of a table: fields by name, without the spaces round them; "" where one is absent."""

    __slots__ = ("_cells", "_columns", "line")

    def __init__(self, columns: dict[str, int], cells: list[str], line: int) -> None:
        self._columns = columns
        self._cells = cells
        self.line = line

    def __getitem__(self, name: str) -> str:
        """Return one field."""
        place = self._columns.get(name, -1)
        return self._cells[place].strip() if 0 <= place < len(self._cells) else ""


class GtfsTables:
    """The tables of one feed; for use in `with`.

    Raises:
        GtfsFault: the file cannot be opened or is no zip file.
    """

    def __init__(
        self,
        path: Path,
        *,
        most_bytes: int = MOST_BYTES,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.path = path
        self._progress = progress
        self._most_bytes = most_bytes
        self._zip: zipfile.ZipFile | None = None
        if not path.is_dir():
            try:
                self._zip = zipfile.ZipFile(path)
            except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
                raise GtfsFault(f"{path}: cannot be opened as a zip file: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._zip is not None:
            self._zip.close()

    def has(self, file: str) -> bool:
        """Tell whether the feed has a table."""
        if self._zip is None:
            return (self.path / file).is_file()
        return file in self._zip.NameToInfo

    def read(self, file: str, required: Sequence[str]) -> Iterator[Row]:
        """Yield the rows of a table; of one that the feed does not have, none.

        Args:
            file: its name, such as `stops.txt`.
            required: columns that it must have.

        Raises:
            GtfsFault: it cannot be unpacked, is too big, is not CSV in UTF-8, or lacks a column.
        """
        self._progress(file)
        if not self.has(file):
            return
        line = 1
        try:
            with self._open(file) as raw:
                text = io.TextIOWrapper(io.BufferedReader(raw), encoding="utf-8-sig", newline="")
                reader = csv.reader(text, strict=True)
                columns = self._read_header(file, next(reader, []), required)
                line = reader.line_num + 1
                for cells in reader:
                    if cells:
                        yield Row(columns, cells, line)
                    line = reader.line_num + 1
        except (csv.Error, UnicodeDecodeError) as error:
            self._refuse(file, line, f"is not CSV in UTF-8: {error}", error)
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
            # RuntimeError and its NotImplementedError: encrypted, or packed in another way.
            self._refuse(file, line, f"cannot be unpacked: {error}", error)

    def _open(self, file: str) -> "_Bounded":
        if self._zip is None:
            return _Bounded((self.path / file).open("rb"), self._name(file), self._most_bytes)
        packed = self._zip.getinfo(file).compress_size
        most = min(self._most_bytes, max(_BOMB_BYTES, packed * _BOMB_RATIO))
        return _Bounded(self._zip.open(file), self._name(file), most)

    def _read_header(
        self, file: str, header: Sequence[str], required: Sequence[str]
    ) -> dict[str, int]:
        columns = {name.strip(): place for place, name in enumerate(header)}
        if len(columns) < len(header):
            self._refuse(file, 1, "names a column twice")
        if missing := [name for name in required if name not in columns]:
            self._refuse(file, 1, f"has no column {', '.join(missing)}")
        return columns

    def _refuse(
        self, file: str, line: int, problem: str, cause: BaseException | None = None
    ) -> NoReturn:
        raise GtfsFault(f"{self._name(file)}:{line}: {problem}") from cause

    def _name(self, file: str) -> str:
        return f"{self.path.name}/{file}"


class _Bounded(io.RawIOBase):
    """Reads no more than so many bytes, whatever the directory of the zip file claims."""

    def __init__(self, inner: IO[bytes], name: str, most_bytes: int) -> None:
        super().__init__()
        self._inner = inner
        self._name = name
        self._left = most_bytes
        self._most_bytes = most_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        data = self._inner.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise GtfsFault(f"{self._name}: unpacks to more than {self._most_bytes:,} bytes")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._inner.close()
        super().close()
