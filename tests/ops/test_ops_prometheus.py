"""Rules and dashboards ask for what is told; alerts are raised, stay down, have a runbook."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.grafana.make_dashboards import FOLDER, render
from ops.prometheus.make_objectives import TARGET, make
from tests.support.metrics import Everything
from tests.support.servers import require_binary

ROOT = Path(__file__).parents[2]
OPS = ROOT / "ops/prometheus"
TOLD_BY_PROMETHEUS = {"up"}
_METRIC = re.compile(r"(?<![\w:.\"])(?:waitless[_:]|process_)[\w:]+")


def _rules() -> list[dict[str, Any]]:
    return [
        rule
        for path in sorted((OPS / "rules").glob("*.yml"))
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]


ALERTS = {rule["alert"]: rule for rule in _rules() if "alert" in rule}
RECORDED = {rule["record"] for rule in _rules() if "record" in rule}
UNIT_TESTS = sorted((OPS / "tests").glob("*.yml"))


def _promtool(*arguments: str | Path) -> None:
    program = require_binary("promtool", "prometheus")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _metrics_in(query: str) -> set[str]:
    found = set(_METRIC.findall(re.sub(r'"[^"]*"', '""', query)))
    assert found or re.search(r"\bup\b", query), f"no metric in {query}"
    return found


def test_prometheus_accepts_configuration_and_rules() -> None:
    _promtool("check", "config", OPS / "prometheus.yml")


@pytest.mark.parametrize("path", UNIT_TESTS, ids=lambda path: path.stem)
def test_every_rule_does_what_its_tests_say(path: Path) -> None:
    _promtool("test", "rules", path)


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_every_alert_is_tried_raised_and_silent(name: str) -> None:
    tried = [
        bool(one["exp_alerts"])
        for path in UNIT_TESTS
        for case in yaml.safe_load(path.read_text())["tests"]
        for one in case.get("alert_rule_test", [])
        if one["alertname"] == name
    ]

    assert True in tried
    assert False in tried


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_every_alert_says_what_and_has_a_runbook(name: str) -> None:
    alert = ALERTS[name]

    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert {"summary", "description", "runbook"} == set(alert["annotations"])
    assert alert["annotations"]["runbook"] == f"docs/operations.md#{name.lower()}"
    assert f"\n### {name}\n" in (ROOT / "docs/operations.md").read_text()


def test_every_runbook_belongs_to_an_alert() -> None:
    headings = re.findall(r"^### (\w+)$", (ROOT / "docs/operations.md").read_text(), re.MULTILINE)

    assert sorted(headings) == sorted(ALERTS)


def test_every_metric_that_rules_ask_for_is_told() -> None:
    known = Everything().list_names() | RECORDED

    for rule in _rules():
        assert _metrics_in(rule["expr"]) <= known, rule


def test_the_memory_that_is_warned_of_is_that_of_the_containers() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    for name in ("api", "ingest"):
        assert services[name]["deploy"]["resources"]["limits"]["memory"] == "1g"
    assert "0.85 * 2 ^ 30" in ALERTS["MemoryHigh"]["expr"]


def test_the_objectives_are_as_they_are_made() -> None:
    assert TARGET.read_text() == make()


def test_the_dashboards_are_as_they_are_made() -> None:
    assert {path.name: path.read_text() for path in FOLDER.glob("*.json")} == render()


def test_every_metric_that_dashboards_ask_for_is_told_and_every_one_is_shown() -> None:
    known = Everything().list_names() | RECORDED
    asked: set[str] = set()
    for text in render().values():
        for panel in json.loads(text)["panels"]:
            for target in panel.get("targets", []):
                asked |= _metrics_in(target["expr"])

    assert asked <= known
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    told = {re.sub(r"_(bucket|sum|count)$", "", name) for name in known - RECORDED}
    in_rules_alone = {"waitless_feed_expected", "waitless_facility_fresh_for_seconds"}
    assert told - shown <= {"process_virtual_memory_bytes", *in_rules_alone}


def test_panels_do_not_overlap_and_name_the_provisioned_source() -> None:
    source = yaml.safe_load(
        (ROOT / "ops/grafana/provisioning/datasources/prometheus.yml").read_text()
    )["datasources"][0]
    for text in render().values():
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(text)["panels"]:
            place = panel["gridPos"]
            cells = {
                (place["x"] + x, place["y"] + y)
                for x in range(place["w"])
                for y in range(place["h"])
            }
            assert not cells & taken
            taken |= cells
            if panel["type"] != "row":
                assert panel["datasource"]["uid"] == source["uid"]
