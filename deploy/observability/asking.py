"""Asks the real servers what the committed dashboards ask, and keeps the answers."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import psycopg
from servers import Prometheus

from opinion_stream.dashboards.reading import Filling, Language, Place, Query, filled
from opinion_stream.errors import OpinionStreamError

RATE_SECONDS = 15
"""`$__rate_interval` at a scrape each second; Grafana takes at least four scrapes."""


@dataclass
class Answer:
    """What came back: the columns and rows of SQL, or series (labels, [(unix seconds, value)]) of Prometheus."""

    query: Query
    columns: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    series: list[tuple[dict[str, str], list[tuple[float, float]]]] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0

    @property
    def has_data(self) -> bool:
        """At least one value that is not null."""
        return any(value is not None for row in self.rows for value in row) or any(
            value == value for _, points in self.series for _, value in points
        )

    def plain(self) -> dict[str, Any]:
        """For a JSON file."""
        return asdict(self)


class Asker:
    """Holds the servers, the time shown and the variables' values."""

    def __init__(self, prometheus: Prometheus, reader_url: str, since: datetime) -> None:
        """`since`: when Prometheus began to scrape."""
        self._prometheus = prometheus
        self._db = psycopg.connect(reader_url, autocommit=True)
        self._since = since
        first, now = self._one("select min(published_at) from mentions"), self._one("select now from v_now")
        self.simulated = (first - timedelta(hours=1), now + timedelta(hours=1))
        self.values: dict[str, list[str]] = {"job": [".+"], "instance": [".+"]}

    def _one(self, text: str) -> datetime:
        found = self._db.execute(text).fetchone()  # type: ignore[arg-type]
        if found is None or found[0] is None:
            raise ValueError(f"nothing came of {text}")
        at: datetime = found[0]
        return at

    def ask(self, query: Query, values: Mapping[str, Sequence[str]] | None = None) -> Answer:
        """Errors of the server are told in the answer."""
        started = time.perf_counter()
        chosen = self.values if values is None else values
        answer = Answer(query)
        try:
            if query.language is Language.SQL:
                text = filled(query, Filling(chosen, *self.simulated))
                found = self._db.execute(text)  # type: ignore[arg-type]
                answer.columns = [column.name for column in found.description or ()]
                answer.rows = [[_plain(value) for value in row] for row in found.fetchall()]
            elif query.place is Place.VARIABLE:
                answer.rows = [[value] for value in self._labels(filled(query, self._live(chosen)))]
            else:
                answer.series = self._series(query, filled(query, self._live(chosen)))
        except (psycopg.Error, httpx.HTTPError, OpinionStreamError, KeyError, ValueError) as error:
            answer.error = f"{type(error).__name__}: {error}".strip()
        answer.seconds = time.perf_counter() - started
        return answer

    def _live(self, values: Mapping[str, Sequence[str]]) -> Filling:
        return Filling(values, self._since, datetime.now(UTC), RATE_SECONDS)

    def _labels(self, text: str) -> list[str]:
        found = re.fullmatch(r"label_values\((.+), (\w+)\)", text)
        if found is None:
            raise ValueError(f"not understood: {text}")
        answer: list[str] = self._prometheus.get(f"label/{found[2]}/values", **{"match[]": found[1]})
        return answer

    def _series(self, query: Query, text: str) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        if query.instant:
            data = self._prometheus.get("query", query=text)
            return [(s["metric"], [(s["value"][0], float(s["value"][1]))]) for s in data["result"]]
        until = time.time()
        step = max(1, int((until - self._since.timestamp()) / 240))
        data = self._prometheus.get("query_range", query=text, start=self._since.timestamp(), end=until, step=step)
        return [(s["metric"], [(at, float(value)) for at, value in s["values"]]) for s in data["result"]]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, datetime) else value
