"""The documents name everything that the code has: settings, routes, metrics, reasons."""

import re
from pathlib import Path

import pytest
from prometheus_client import Gauge

from feeds.model import RefusalReason
from routing.transit.changes import Unused
from routing.transit.reports import GtfsReason
from tests.support.metrics import Everything
from waitless.app import create_app
from waitless.audit import Action
from waitless.belief import Rule
from waitless.health import FeedState
from waitless.recommend.reasons import REASON_TEXTS, Reason
from waitless.recommend.suit import ExclusionReason
from waitless.settings import CONFIG, PREFIX, Settings
from waitless.signin.refusal import Why
from waitless.web.problems import Problem
from waitless.web.routes import REFUSED
from waitless.web.sign_in_words import SENTENCES, STATUSES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def words(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", [CONFIG, *(PREFIX + field.upper() for field in Settings.__struct_fields__)]
)
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in words("settings.md")


def test_no_setting_is_documented_that_is_not_there() -> None:
    known = {CONFIG, *(PREFIX + field.upper() for field in Settings.__struct_fields__)}
    told = {
        word.strip("`") for word in words("settings.md").split() if word.startswith("`WAITLESS")
    }

    assert told == known


@pytest.mark.parametrize("reason", list(RefusalReason))
def test_every_refusal_is_documented(reason: RefusalReason) -> None:
    assert f"| `{reason}` |" in words("feeds.md")


@pytest.mark.parametrize("reason", [*GtfsReason, *Unused])
def test_every_reason_not_to_use_a_timetables_row_or_change_is_documented(
    reason: GtfsReason | Unused,
) -> None:
    assert f"| `{reason}` |" in words("transit.md")


@pytest.mark.parametrize("word", [*Rule, *FeedState])
def test_every_rule_and_state_is_documented(word: str) -> None:
    assert f"| `{word}` |" in words("feeds.md")


@pytest.mark.parametrize("why", list(Why))
def test_every_reason_not_to_be_signed_in_is_told_and_documented(why: Why) -> None:
    assert SENTENCES[why]
    assert STATUSES[why]
    assert f"| `{why}` |" in words("operators.md")


@pytest.mark.parametrize("action", list(Action))
def test_every_action_of_the_audit_is_documented(action: Action) -> None:
    assert f"`{action}`" in words("operators.md")


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_sentence_and_is_documented(reason: Reason) -> None:
    assert REASON_TEXTS[reason]
    assert f"| `{reason}` |" in words("api.md")


@pytest.mark.parametrize("code", [*ExclusionReason, *(problem.code for problem in Problem)])
def test_every_exclusion_and_problem_is_documented(code: str) -> None:
    assert f"`{code}`" in words("api.md")


def test_every_route_is_documented() -> None:
    app = create_app(Settings())

    for route in app.router.routes():
        assert route.resource is not None
        name = route.resource.canonical
        assert name == REFUSED or f"`{name}`" in words("api.md")


def test_every_metric_is_documented() -> None:
    for metric in Everything().collect():
        name = metric.name + ("_total" if metric.type == "counter" else "")
        assert f"`{name}`" in words("metrics.md")


def test_every_metric_follows_the_conventions() -> None:
    base_units = ("_seconds", "_bytes", "_ratio", "_timestamp_seconds")
    for metric in Everything().collect():
        assert metric.documentation.strip(), metric.name
        assert not re.search(r"_(ms|milliseconds|kb|mb|percent|age)(_|$)", metric.name)
        assert "_age_" not in metric.name, "a timestamp goes on counting where an age stands still"
        if metric.type == "histogram":
            assert metric.name.endswith(base_units), metric.name


def test_every_label_comes_from_the_code_or_the_pack() -> None:
    bounded = {
        "feed", "facility", "state", "rule", "reason", "fate", "objective", "outcome", "whom",
        "kind", "how", "what", "action",
    }  # fmt: skip

    for wrapper in Everything().wrappers:
        assert set(wrapper._labelnames) <= bounded, wrapper  # noqa: SLF001


def test_every_gauge_says_whose_value_several_processes_tell() -> None:
    for wrapper in Everything().wrappers:
        if isinstance(wrapper, Gauge):
            assert wrapper._multiprocess_mode.startswith("live"), wrapper  # noqa: SLF001


def test_every_dependency_is_justified() -> None:
    told = words("dependencies.md")
    for line in (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines():
        if line.startswith('    "') and (">=" in line or "~=" in line):
            name = line.strip(' ",').split(">=")[0].split("~=")[0].split("[")[0]
            assert name in told, name


def test_the_architecture_fits_on_a_few_screens() -> None:
    assert len(words("architecture.md").splitlines()) <= 120


def test_requirements_hold_no_address() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text, path.name
        assert "--hash=sha256:" in text, path.name
