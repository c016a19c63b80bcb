"""What panels ask: PromQL of the metrics, SQL of the ledger's views, and the filters of the variables."""

from __future__ import annotations

from typing import Final, Self

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from grafana_foundation_sdk.models.prometheus import Dataquery as PromQuery
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SQL_TYPE: Final = "grafana-postgresql-datasource"
PROMETHEUS: Final = DataSourceRef("prometheus", "${prometheus_datasource}")
LEDGER: Final = DataSourceRef(SQL_TYPE, "${postgres_datasource}")

AREA: Final = "region_code in (select code from labels where kind = 'region_area' and name in (${region:sqlstring}))"
"""A region stands for all below it; `labels` says which county (or the level above) each belongs to."""
UNIT: Final = "unit_code in (${unit:sqlstring})"
CATEGORY: Final = "category in (${category:sqlstring})"
GRADE: Final = "grade in (${grade:sqlstring})"


class SqlModel(Dataquery):
    """A query of Grafana's PostgreSQL data source, which the library has no model of."""

    def __init__(self, text: str, *, series: bool, ref: str) -> None:
        self.text = text
        self.series = series
        self.ref_id = ref

    def to_json(self) -> dict[str, object]:
        """As Grafana's code editor stores it."""
        return {
            "refId": self.ref_id,
            "datasource": LEDGER,
            "editorMode": "code",
            "format": "time_series" if self.series else "table",
            "rawQuery": True,
            "rawSql": self.text,
        }


class Sql(Builder[SqlModel]):
    """Builds an `SqlModel`. With `series` it must give time, metric and value; else it gives a table."""

    def __init__(self, text: str, *, series: bool = False, ref: str = "A") -> None:
        self._model = SqlModel(" ".join(text.split()), series=series, ref=ref)

    def ref(self, name: str) -> Self:
        """Its letter in the panel."""
        self._model.ref_id = name
        return self

    def build(self) -> SqlModel:
        """See Builder."""
        return self._model


def table(columns: str, view: str, *conditions: str, end: str = "") -> Sql:
    """Rows of a view, those of which all conditions hold; `end`: order and limit."""
    return Sql(f"select {columns} from {view} {_where(conditions)} {end}")


def over_time(time: str, metric: str, value: str, view: str, *conditions: str) -> Sql:
    """Sums by time and metric."""
    where = _where((*conditions, f"$__timeFilter({time})"))
    return Sql(
        f'select {time} as "time", {metric} as metric, {value} as value from {view} {where} group by 1, 2 order by 1',
        series=True,
    )


def _where(conditions: tuple[str, ...]) -> str:
    return f"where {' and '.join(conditions)}" if conditions else ""


def metric(name: str, window: str = "", /, **labels: str) -> str:
    """A selector of the metric within the chosen jobs and instances; a value `$variable` stands for what was chosen.

    `window`: of a range, e.g. `$__range`.
    """
    own = (f'{label}{"=~" if value.startswith("$") else "="}"{value}"' for label, value in labels.items())
    inside = ", ".join(('job=~"$job"', 'instance=~"$instance"', *own))
    return f"{name}{{{inside}}}" + (f"[{window}]" if window else "")


def total(name: str, **labels: str) -> str:
    """The sum over all processes."""
    return f"sum({metric(name, **labels)})"


def rate(name: str, **labels: str) -> str:
    """Per second."""
    return f"rate({metric(name, '$__rate_interval', **labels)})"


def increase(name: str, **labels: str) -> str:
    """Over the whole time shown."""
    return f"increase({metric(name, '$__range', **labels)})"


def quantile(share: float, name: str, by: str = "", window: str = "$__rate_interval") -> str:
    """A quantile of a histogram in seconds, by a label or over all.

    Over the whole time shown with `window` = `$__range`.
    """
    labels = f"le, {by}" if by else "le"
    what = "rate" if window == "$__rate_interval" else "increase"
    buckets = metric(f"{name}_bucket", window)
    return f"histogram_quantile({share:g}, sum by ({labels}) ({what}({buckets})))"


def prom(expr: str, legend: str = "", *, instant: bool = False, ref: str = "A") -> Builder[PromQuery]:
    """A query of Prometheus, over the time shown or (`instant`) of its end."""
    query = prometheus.Dataquery().expr(expr).ref_id(ref).datasource(PROMETHEUS).legend_format(legend or "__auto")
    return query.instant().format(PromQueryFormat.TIME_SERIES) if instant else query.range()
