"""The log's two forms."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import given
from hypothesis import strategies as st

from waitless.logs import TEXT, JsonLines, TextLines, start_logging


@contextmanager
def bare_root() -> Iterator[None]:
    """The root logger as in a process that has just begun."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def write(form: str) -> str:
    stream = io.StringIO()
    with bare_root():
        start_logging("INFO", form, stream)
        extra = {"request_id": "abc", "status": 200, "secret": "not for the log"}
        logging.getLogger("waitless.access").info("answered %d", 1, extra=extra)
        logging.getLogger("waitless.access").debug("not asked for")
    return stream.getvalue()


def test_a_record_is_one_json_object_with_its_request_id() -> None:
    line = json.loads(write("json"))

    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "waitless.access",
        "message": "answered 1",
        "request_id": "abc",
        "status": 200,
    }


def test_lines_for_people_stay_as_they_were() -> None:
    assert write("text").endswith(" INFO    waitless.access: answered 1\n")


@given(st.text(st.characters()))
def test_what_a_message_quotes_neither_begins_a_line_nor_steers_a_terminal(text: str) -> None:
    record = logging.LogRecord("a", logging.INFO, "f.py", 1, "refused %s", (text,), None)

    assert TextLines(TEXT).format(record).isprintable()


def test_a_fault_in_lines_for_people_keeps_its_own_lines() -> None:
    info = (ValueError, ValueError("no"), None)
    record = logging.LogRecord("a", logging.ERROR, "f.py", 1, "failed", (), info)

    assert TextLines(TEXT).format(record).endswith("failed\nValueError: no")


def test_a_fault_is_told_with_what_it_says() -> None:
    fault = ValueError("a feed's fault\nin two lines")
    info = (ValueError, fault, None)
    record = logging.LogRecord("a", logging.ERROR, "f.py", 1, "failed", (), info)

    assert "ValueError: a feed's fault" in json.loads(JsonLines().format(record))["fault"]


@given(st.text(st.characters()), st.characters(categories=["Cs"]))
def test_any_text_stays_one_line(text: str, surrogate: str) -> None:
    record = logging.LogRecord("a", logging.INFO, "f.py", 1, "%s", (text + surrogate,), None)

    line = JsonLines().format(record)

    assert "\n" not in line
    told = (text + surrogate).encode("utf-8", "backslashreplace").decode()
    assert json.loads(line)["message"] == told
