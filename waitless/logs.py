"""The log's two forms: lines for people, and JSON lines for whatever collects them."""

import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

import orjson

from waitless.tracing.context import TRACE_ID

TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
FIELDS = ("request_id", "method", "route", "status", "duration_s")
"""What a record may have besides its message (`extra=`); others are not written."""


class JsonLines(logging.Formatter):
    """One JSON object a line: `time` (UTC), `level`, `logger`, `message`, `fault`, and `FIELDS`.

    Also `trace_id`, where it was written within a trace.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line; characters that JSON cannot hold are escaped."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": _plain(record.getMessage()),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        trace_id = TRACE_ID.get()
        if trace_id is not None:
            line["trace_id"] = trace_id
        if record.exc_info:
            line["fault"] = _plain(self.formatException(record.exc_info))
        return orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z).decode()


class TextLines(logging.Formatter):
    """One line a record, and then its fault's.

    What a message quotes can neither begin a line of its own nor steer a terminal.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's
        """The line; characters that are not printed stand in it as Python writes them."""
        line = super().formatMessage(record)
        return line if line.isprintable() else "".join(map(_escape, line))


def _escape(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]


def _plain(text: str) -> str:
    """Without the halves of surrogate pairs that undecodable bytes become."""
    return text.encode("utf-8", "backslashreplace").decode()


def start_logging(level: str, form: str, stream: TextIO | None = None) -> None:
    """Log to standard error, or where `stream` says.

    Args:
        level: the least that is written.
        form: `text` or `json`.
        stream: for tests.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines(TEXT))
    logging.basicConfig(level=level, handlers=[handler])
