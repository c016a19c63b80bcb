"""Reads from committed dashboards what they ask, and fills in their variables as Grafana does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any


class Language(StrEnum):
    """What a query is written in."""

    PROMQL = "promql"
    SQL = "sql"


class Place(StrEnum):
    """What asks."""

    PANEL = "panel"
    VARIABLE = "variable"
    ANNOTATION = "annotation"


@dataclass(frozen=True)
class Query:
    """One query of a dashboard. `title`: of the panel, variable or annotation; `instant`: of the end of the time."""

    board: str
    place: Place
    title: str
    ref: str
    language: Language
    text: str
    instant: bool = False


@dataclass(frozen=True)
class Filling:
    """What stands for the variables: chosen values, the time shown, and Grafana's intervals in seconds."""

    values: Mapping[str, Sequence[str]]
    since: datetime
    until: datetime
    rate_interval: int = 60

    @property
    def seconds(self) -> int:
        """The time shown."""
        return max(1, int((self.until - self.since).total_seconds()))


def boards(folder: Path) -> list[dict[str, Any]]:
    """The dashboards in a folder, by file name."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def panels(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those that show something, in order; rows are headings."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def queries(board: Mapping[str, Any]) -> Iterator[Query]:
    """All queries of a dashboard: variables, annotations, panels."""
    uid = board["uid"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            sql = "postgres" in variable["datasource"]["type"]
            language = Language.SQL if sql else Language.PROMQL
            yield Query(uid, Place.VARIABLE, variable["name"], "", language, variable["query"])
    for mark in board.get("annotations", {}).get("list", []):
        yield Query(uid, Place.ANNOTATION, mark["name"], "", Language.SQL, mark["target"]["rawSql"])
    for panel in panels(board):
        for target in panel["targets"]:
            sql = "rawSql" in target
            yield Query(
                uid,
                Place.PANEL,
                panel["title"],
                target["refId"],
                Language.SQL if sql else Language.PROMQL,
                target["rawSql"] if sql else target["expr"],
                bool(target.get("instant")),
            )


def filled(query: Query, filling: Filling) -> str:
    """The query as the server gets it. Raises KeyError for a variable without a value."""
    text = query.text
    if query.language is Language.SQL:
        text = re.sub(r"\$__timeFilter\(([^)]+)\)", lambda found: _between(found[1], filling), text)
        return re.sub(r"\$\{(\w+):sqlstring\}", lambda found: _quoted(filling.values[found[1]]), text)
    text = text.replace("$__rate_interval", f"{filling.rate_interval}s").replace("$__range", f"{filling.seconds}s")
    return re.sub(r"\$(\w+)", lambda found: _pattern(filling.values[found[1]]), text)


def _between(column: str, filling: Filling) -> str:
    since, until = (f"'{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'" for at in (filling.since, filling.until))
    return f"{column} BETWEEN {since} AND {until}"


def _quoted(values: Sequence[str]) -> str:
    return ",".join("'" + value.replace("'", "''") + "'" for value in values)


def _pattern(values: Sequence[str]) -> str:
    escaped = [re.sub(r"([\\^$.*+?()\[\]{}|])", r"\\\\\1", value) if value != ".+" else value for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
