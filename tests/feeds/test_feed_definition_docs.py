"""docs/feed-definitions.md: its examples run, and it names every key that there is."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import msgspec
import pytest

from feeds.definition import (
    FeedDefinition,
    HttpPoll,
    HttpPush,
    LocalFile,
    MqttTopic,
    load_definition,
)
from feeds.fields import Condition, Fields, FlagField, Position, StatusField, TimeField, WaitField
from feeds.formats import CsvRows, HtmlRows, JsonRows, TextRows
from feeds.times import AUTO, TimeForm, parse_time
from feeds.vocabulary.bands import parse_wait
from feeds.vocabulary.nulls import is_null
from waitless.commands.feeds import check_payload

WORDS = (Path(__file__).parents[2] / "docs" / "feed-definitions.md").read_text(encoding="utf-8")
EXAMPLES = WORDS.split("## Worked example: ")[1:]
STRUCTS: list[type[msgspec.Struct]] = [
    *(FeedDefinition, HttpPoll, HttpPush, MqttTopic, LocalFile),
    *(JsonRows, CsvRows, HtmlRows, TextRows),
    *(Fields, TimeField, WaitField, FlagField, StatusField, Position, Condition),
]


def block(text: str, *languages: str) -> str:
    for language in languages:
        match = re.search(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        if match is not None:
            return match[1]
    raise AssertionError(languages)


def contains(whole: object, part: object) -> bool:
    """Whether every member that the document shows is so in the real answer."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and contains(whole[key], part[key]) for key in part)
    return whole == part


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.partition("\n")[0])
def test_a_worked_example_gives_what_it_says(tmp_path: Path, example: str) -> None:
    path = tmp_path / "example.toml"
    path.write_text(block(example, "toml"), encoding="utf-8")
    payload = block(example, "json", "html", "text").encode()
    received = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)

    lines = [json.loads(line) for line in check_payload(load_definition(path), payload, received)]

    told = [json.loads(line) for line in block(example, "jsonl").splitlines()]
    assert len(lines) == len(told)
    for line, part in zip(lines, told, strict=True):
        assert contains(line, part), line


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_every_key_is_documented(struct: type[msgspec.Struct]) -> None:
    for key in struct.__struct_fields__:
        assert re.search(rf"`(\[\[?(rows\.)?|\{{ )?{key}\b", WORDS), key


@pytest.mark.parametrize("form", get_args(TimeForm))
def test_every_form_of_time_is_documented_with_an_example_that_is_read(form: TimeForm) -> None:
    assert f"`{form}`" in WORDS or form == "auto"
    friday = datetime(2025, 10, 31, 23, tzinfo=UTC)
    row = re.search(rf"^\| `{form}` \| (yes|no) \| (.*) \|$", WORDS, re.MULTILINE)
    if row is None:
        return
    assert (row[1] == "yes") is (form in AUTO)
    for text in re.findall(r"`([^`]*\d[^`]*)`", row[2]):
        parse_time(text, ZoneInfo("Europe/London"), forms=[form], now=friday)


def test_every_duration_that_is_documented_is_read() -> None:
    durations = re.search(r"^\*\*Durations\*\*(.*?)^Refused", WORDS, re.MULTILINE | re.DOTALL)
    assert durations is not None
    texts = re.findall(r"`([^`]+)`", durations[1])

    assert len(texts) > 20
    for text in texts:
        if text != "unit":
            parse_wait(text, "hours")


def test_every_null_that_is_documented_is_one() -> None:
    nulls = re.search(r"^\*\*No figure\*\*(.*?)^`No wait`", WORDS, re.MULTILINE | re.DOTALL)
    assert nulls is not None
    for text in re.findall(r"`([^`]+)`", nulls[1]):
        assert text in ("{}", "[]") or is_null(text), text
