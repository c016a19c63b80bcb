"""What the dashboards ask, filled in: valid SQL on a ledger's views, and nothing leaves its quotes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from opinion_stream.adapters.ledger.database import open_database, url_of
from opinion_stream.adapters.ledger.labels import write_labels
from opinion_stream.adapters.ledger.migrating import migrate
from opinion_stream.dashboards.files import FOLDER
from opinion_stream.dashboards.queries import AREA
from opinion_stream.dashboards.reading import Filling, Language, Place, Query, boards, filled, queries
from opinion_stream.policy import load_policy

ROOT = Path(__file__).parents[2]
SINCE, UNTIL = datetime(2026, 11, 9, tzinfo=UTC), datetime(2026, 11, 12, 8, tzinfo=UTC)
VALUES = {name: ["x", "y'z"] for name in ("region", "unit", "category", "grade")} | {"job": [".+"], "instance": ["a:1"]}
FILLING = Filling(VALUES, SINCE, UNTIL)
ASKED = list({(q.language, q.text): q for board in boards(ROOT / FOLDER) for q in queries(board)}.values())


def _in(language: Language) -> list[object]:
    return [pytest.param(q, id=f"{q.board}-{q.title}-{q.ref}") for q in ASKED if q.language is language]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Connection]:
    engine = open_database(url_of(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.sqlite'}"), "ledger")
    migrate(engine, "ledger")
    write_labels(engine, load_policy(ROOT / "config"))
    with engine.connect() as db:
        yield db
    engine.dispose()


@pytest.mark.parametrize("query", _in(Language.SQL))
def test_every_sql_query_runs_on_the_ledgers_views(ledger: sa.Connection, query: Query) -> None:
    found = ledger.exec_driver_sql(filled(query, FILLING)).fetchall()
    if query.place is Place.VARIABLE:
        assert len(found) >= 4


def test_a_county_takes_in_its_townships(ledger: sa.Connection) -> None:
    area = Query("", Place.PANEL, "", "", Language.SQL, AREA)
    condition = filled(area, Filling({"region": ["621002"]}, SINCE, UNTIL))
    regions = "(select code as region_code from labels where kind = 'region')"
    codes = ledger.exec_driver_sql(f"select region_code from {regions} where {condition}")
    found = {row[0] for row in codes}
    assert {"621002", "621002-xiaojin"} <= found
    assert not any(code.startswith("621021") for code in found)


@pytest.mark.parametrize("query", _in(Language.PROMQL))
def test_nothing_is_left_unfilled_in_promql(query: Query) -> None:
    text = filled(query, FILLING)
    assert "$" not in text
    if query.place is Place.PANEL:
        assert 'job=~".+"' in text
        assert 'instance=~"a:1"' in text


def test_time_and_intervals() -> None:
    sql = Query("", Place.PANEL, "", "", Language.SQL, "select 1 where $__timeFilter(at)")
    assert filled(sql, FILLING).endswith("at BETWEEN '2026-11-09T00:00:00Z' AND '2026-11-12T08:00:00Z'")
    promql = Query("", Place.PANEL, "", "", Language.PROMQL, "rate(a[$__rate_interval]) + increase(a[$__range])")
    assert filled(promql, FILLING) == "rate(a[60s]) + increase(a[288000s])"


def test_a_variable_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        filled(Query("", Place.PANEL, "", "", Language.SQL, "${region:sqlstring}"), Filling({}, SINCE, UNTIL))


@given(st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), min_size=1, max_size=5))
def test_chosen_values_stay_within_their_quotes(values: list[str]) -> None:
    query = Query("", Place.PANEL, "", "", Language.SQL, "select * from (values (${region:sqlstring}))")
    found = sqlite3.connect(":memory:").execute(filled(query, Filling({"region": values}, SINCE, UNTIL))).fetchone()
    assert list(found) == values
