"""Writes the dashboards of Grafana, `dashboards/*.json`, from `panels.toml`.

python ops/grafana/make_dashboards.py
"""

import json
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FOLDER = HERE / "dashboards"
SOURCE = {"type": "prometheus", "uid": "waitless"}
WIDTH, HEIGHT, ACROSS = 8, 8, 3
"""Of a panel, in Grafana's units, of which a row has 24; and how many stand in a row."""


def render() -> dict[str, str]:
    """Every file's text by its name."""
    asked = tomllib.loads((HERE / "panels.toml").read_text(encoding="utf-8"))
    return {
        f"{dashboard['name']}.json": json.dumps(_make(dashboard), indent=2) + "\n"
        for dashboard in asked["dashboard"]
    }


def _make(dashboard: dict[str, Any]) -> dict[str, Any]:
    """A dashboard as Grafana reads it from a file."""
    panels: list[dict[str, Any]] = []
    y = 0
    for row in dashboard["row"]:
        place = {"x": 0, "y": y, "w": WIDTH * ACROSS, "h": 1}
        number = len(panels) + 1
        panels.append(
            {"type": "row", "title": row["title"], "id": number, "gridPos": place, "panels": []}
        )
        y += 1
        for index, panel in enumerate(row["panel"]):
            down, along = divmod(index, ACROSS)
            place = {"x": along * WIDTH, "y": y + down * HEIGHT, "w": WIDTH, "h": HEIGHT}
            panels.append(_make_panel(panel, len(panels) + 1, place))
        y += -(-len(row["panel"]) // ACROSS) * HEIGHT
    return {
        "uid": f"waitless-{dashboard['name']}",
        "title": dashboard["title"],
        "tags": ["waitless"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "links": [
            {"type": "dashboards", "title": "WaitLess", "tags": ["waitless"], "keepTime": True}
        ],
        "panels": panels,
    }


def _make_panel(panel: dict[str, Any], number: int, place: dict[str, int]) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "id": number,
        "title": panel["title"],
        "description": panel.get("why", ""),
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.get("unit", "short")}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
        "targets": [
            {"refId": chr(ord("A") + index), "expr": query, "legendFormat": name}
            for index, (name, query) in enumerate(panel["queries"].items())
        ],
    }


if __name__ == "__main__":
    for file, text in render().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
