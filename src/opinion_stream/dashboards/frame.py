"""What all four dashboards share: data sources, variables to drill down by, annotations, links between them."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard as b
from grafana_foundation_sdk.models import dashboard as m

from opinion_stream.dashboards.queries import AREA, CATEGORY, GRADE, LEDGER, PROMETHEUS, SQL_TYPE, UNIT, SqlModel
from opinion_stream.dashboards.style import GREEN, ORANGE

TAG: Final = "政务舆情"
ZONE: Final = "Asia/Shanghai"
REGION, OF_UNIT, OF_CATEGORY, OF_GRADE = "region", "unit", "category", "grade"

_CHOICES: Final = {
    REGION: (
        "地区",
        "县（区）及以上；选一个县，含其所有乡镇",
        "select distinct n.name as __text, a.name as __value from labels a "
        "join labels n on n.kind = 'region' and n.code = a.name where a.kind = 'region_area' order by 2",
    ),
    OF_CATEGORY: (
        "类别",
        "一级类别",
        "select code as __value, name as __text from labels where kind = 'category' "
        "union select distinct category, category from incidents order by 1",
    ),
    OF_GRADE: (
        "等级",
        "风险等级：Ⅰ红 Ⅱ橙 Ⅲ黄 Ⅳ蓝",
        "select name as __text, code as __value from labels where kind = 'grade' order by sort",
    ),
    OF_UNIT: (
        "责任单位",
        "牵头办理的单位",
        "select name as __text, code as __value from labels where kind = 'unit' order by sort",
    ),
}


class _SqlTarget(m.AnnotationTarget):
    """The library's target of annotations knows Grafana's own store alone; ours is a query like a panel's."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._query = SqlModel(text, series=False, ref="Anno")

    def to_json(self) -> dict[str, object]:
        """See SqlModel."""
        return self._query.to_json()


class _Marks(b.AnnotationQuery):
    """Marks on the time axis from SQL: columns time, text, tags."""

    def __init__(self, name: str, colour: str, text: str) -> None:
        super().__init__()
        self.name(name).datasource(LEDGER).enable(True).icon_color(colour)
        self._internal.target = _SqlTarget(text)


def grade_changes() -> _Marks:
    """Each change of a grade but the first, with its reason."""
    return _Marks(
        "定级变动",
        ORANGE,
        "select at as time, change || '至' || grade_label || '：' || title as text, reason as tags "
        f"from v_grade_changes where change <> '首次定级' and $__timeFilter(at) and {AREA} and {CATEGORY} and {GRADE}",
    )


def responses() -> _Marks:
    """Each public response."""
    return _Marks(
        "公开回应",
        GREEN,
        "select published_at as time, unit_name || '：' || title as text, publication_label as tags "
        f"from v_responses where $__timeFilter(published_at) and {UNIT}",
    )


def board(
    title: str, uid: str, about: str, *choices: str, since: str, refresh: str, details: bool = False
) -> b.Dashboard:
    """An empty dashboard. `choices`: its variables; `details`: shows which process a figure is from."""
    found = b.Dashboard(title).uid(uid).description(about).tags([TAG]).readonly()
    found.timezone(ZONE).time(since, "now").refresh(refresh).tooltip(m.DashboardCursorSync.CROSSHAIR)
    found.timepicker(b.TimePicker().refresh_intervals(["15s", "30s", "1m", "5m", "15m", "1h"]))
    found.link(
        b.DashboardLink("政务舆情看板")
        .type(m.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(False)
        .keep_time(True)
        .include_vars(True)
        .tooltip("转到另一块看板，所选条件不变")
    )
    found.with_variable(_source("prometheus_datasource", "Prometheus data source", "prometheus"))
    found.with_variable(_source("postgres_datasource", "PostgreSQL data source", SQL_TYPE))
    for name in choices:
        found.with_variable(_choice(name))
    for name in ("job", "instance"):
        found.with_variable(_process(name, shown=details))
    return found


def _source(name: str, label: str, kind: str) -> b.DatasourceVariable:
    variable = b.DatasourceVariable(name).label(label).type(kind)
    return variable.hide(m.VariableHide.HIDE_VARIABLE)


def _all() -> m.VariableOption:
    return m.VariableOption(True, "All", "$__all")


def _choice(name: str) -> b.QueryVariable:
    label, about, text = _CHOICES[name]
    variable = b.QueryVariable(name).label(label).description(about).query(text).datasource(LEDGER)
    return variable.multi(True).include_all(True).current(_all()).refresh(m.VariableRefresh.ON_TIME_RANGE_CHANGED)


def _process(name: str, *, shown: bool) -> b.QueryVariable:
    inside = 'opinion_build_info{job=~"$job"}' if name == "instance" else "opinion_build_info"
    variable = b.QueryVariable(name).label(name.title()).datasource(PROMETHEUS)
    variable.query(f"label_values({inside}, {name})").multi(True).include_all(True).all_value(".+").current(_all())
    variable.hide(m.VariableHide.DONT_HIDE if shown else m.VariableHide.HIDE_VARIABLE)
    return variable.refresh(m.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(m.VariableSort.ALPHABETICAL_ASC)
