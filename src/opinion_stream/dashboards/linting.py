"""What the public linter (grafana/dashboard-linter) is told to pass over, panel by panel, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from opinion_stream.dashboards.queries import SQL_TYPE

Board = Mapping[str, Any]

_HEAD = "# Made by `make dashboards` from src/opinion_stream/dashboards/linting.py. Do not edit.\n"
_NAMES = (
    f"The rule wants the variable named {SQL_TYPE}_datasource after the plugin, "
    "but a hyphen cannot stand in the name of a Grafana variable."
)
_CHOICES = (
    "The rule reads every query variable as PromQL; region, category, grade and unit come from the ledger by SQL. "
    "`make observability` runs each of them on a real PostgreSQL."
)
_SQL = "The rule reads the panel's SQL as PromQL; `make observability` runs it on a real PostgreSQL."
_UNITS = "A Chinese unit (suffix: ...), which Grafana knows and the rule's list of built-in units does not."


def exceptions(boards: Sequence[Board]) -> str:
    """The `.lint` file for these dashboards."""
    rules = {
        "template-datasource-rule": [{"dashboard": board["title"], "reason": _NAMES} for board in boards],
        "template-label-promql-rule": [
            {"dashboard": board["title"], "reason": _CHOICES} for board in boards if _asks_sql(board)
        ],
        "target-promql-rule": _panels(boards, _is_sql, _SQL),
        "panel-units-rule": _panels(boards, _has_suffix, _UNITS),
    }
    exclusions = {rule: {"entries": entries} for rule, entries in rules.items()}
    text: str = yaml.safe_dump({"exclusions": exclusions}, **_STYLE)
    return _HEAD + text


_STYLE: dict[str, Any] = {"allow_unicode": True, "sort_keys": False, "width": 1000}


def _panels(boards: Sequence[Board], holds: Any, reason: str) -> list[dict[str, str]]:
    return [
        {"dashboard": board["title"], "panel": panel["title"], "reason": reason}
        for board in boards
        for panel in board["panels"]
        if panel["type"] != "row" and holds(panel)
    ]


def _asks_sql(board: Board) -> bool:
    variables = board["templating"]["list"]
    return any(v["type"] == "query" and v["datasource"]["type"] == SQL_TYPE for v in variables)


def _is_sql(panel: Mapping[str, Any]) -> bool:
    return any("rawSql" in target for target in panel["targets"])


def _has_suffix(panel: Mapping[str, Any]) -> bool:
    looks = panel["fieldConfig"]
    own = [p["value"] for override in looks["overrides"] for p in override["properties"] if p["id"] == "unit"]
    return any(str(name).startswith("suffix:") for name in (looks["defaults"].get("unit", ""), *own))
