"""Makes the views of `views.sql` anew: they hold no data, so every migration drops them and makes them again."""

from __future__ import annotations

import importlib.resources
import re

import sqlalchemy as sa

_NOW = {
    "sqlite": "create view v_now as select coalesce((select now from ledger_clock where id = 1), "
    "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) as now",
    "postgresql": "create view v_now as select coalesce((select now from ledger_clock where id = 1), now()) as now",
}
_HOURS = {
    "sqlite": r"((julianday(\1) - julianday(\2)) * 24)",
    "postgresql": r"(extract(epoch from (\1 - \2))::double precision / 3600)",
}
_HOUR = {
    "sqlite": r"(substr(\1, 1, 13) || ':00:00.000000Z')",
    "postgresql": r"date_trunc('hour', \1)",
}
_ARGUMENT = r"([a-z_.]+)"
_NAME = re.compile(r"create view ([a-z_]+) as")


def statements(dialect: str) -> list[str]:
    """One statement per view, each after those it reads."""
    text = importlib.resources.files(__package__).joinpath("views.sql").read_text(encoding="utf-8")
    text = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    text = re.sub(rf"hours_between\({_ARGUMENT}, {_ARGUMENT}\)", _HOURS[dialect], text)
    text = re.sub(rf"hour_of\({_ARGUMENT}\)", _HOUR[dialect], text)
    return [_NOW[dialect], *(part.strip() for part in text.split(";") if part.strip())]


def names() -> list[str]:
    """The names of the views, in the order in which they are made."""
    return [found[1] for statement in statements("sqlite") if (found := _NAME.search(statement))]


def drop_views(db: sa.Connection) -> None:
    """Drop them, those that read others first; no error where there are none."""
    for name in reversed(names()):
        db.exec_driver_sql(f"drop view if exists {name}")


def make_views(db: sa.Connection) -> None:
    """Make them all."""
    for statement in statements(db.dialect.name):
        db.exec_driver_sql(statement)
