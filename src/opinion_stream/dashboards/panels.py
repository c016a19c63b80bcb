"""The four kinds of panels used, each with title, explanation, unit and a Chinese text for no data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import bargauge, common, piechart, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import DashboardLink, ThresholdsConfig
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as c
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, MatcherConfig
from grafana_foundation_sdk.models.dashboard import Panel as PanelModel
from grafana_foundation_sdk.models.piechart import PieChartLegendValues, PieChartType

from opinion_stream.dashboards.queries import LEDGER, PROMETHEUS, Sql
from opinion_stream.dashboards.style import Link, by_thresholds, fixed, hidden, linked, named, palette

Query = Builder[Dataquery]
Panel = Builder[PanelModel]
Columns = Mapping[str, list[DynamicConfigValue]]


def figure(
    title: str,
    about: str,
    query: Query,
    thresholds: ThresholdsConfig,
    *,
    unit: str = "none",
    span: int = 3,
    decimals: int = 0,
    nothing: str = "0",
    to: str = "",
    solid: bool = True,
) -> stat.Panel:
    """One number, large. `to`: the address that a click opens."""
    last = common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False)
    panel = stat.Panel().title(title).description(about).with_target(query).span(span).height(4)
    panel.datasource(LEDGER if isinstance(query, Sql) else PROMETHEUS)
    panel.unit(unit).decimals(decimals).no_value(nothing).thresholds(thresholds).color_scheme(by_thresholds())
    panel.reduce_options(last).graph_mode(c.BigValueGraphMode.AREA).text_mode(c.BigValueTextMode.VALUE)
    panel.color_mode(c.BigValueColorMode.BACKGROUND if solid else c.BigValueColorMode.VALUE)
    if isinstance(query, Sql):
        panel.graph_mode(c.BigValueGraphMode.NONE)
    if to:
        panel.data_links([DashboardLink(f"查看{title}").url(to)])
    return panel


def curve(
    title: str,
    about: str,
    queries: Sequence[Query],
    *,
    unit: str = "none",
    span: int = 12,
    height: int = 8,
    bars: bool = False,
    stacked: bool = False,
    colours: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    nothing: str = "所选时段内没有数据",
    thresholds: ThresholdsConfig | None = None,
    top: float | None = None,
) -> timeseries.Panel:
    """Series over time: lines, or (`bars`) stacked columns.

    `names`: Chinese names of series that are called by a label's value; `colours`: by a series' own name, before that;
    `thresholds`: drawn as dashed lines.
    """
    panel = timeseries.Panel().title(title).description(about).span(span).height(height).unit(unit).no_value(nothing)
    panel.datasource(LEDGER if isinstance(queries[0], Sql) else PROMETHEUS).targets(list(queries))
    panel.color_scheme(palette()).line_width(2).fill_opacity(12).show_points(c.VisibilityMode.NEVER).min(0)
    legend = common.VizLegendOptions().display_mode(c.LegendDisplayMode.LIST).placement(c.LegendPlacement.BOTTOM)
    panel.legend(legend.show_legend(True))
    panel.tooltip(common.VizTooltipOptions().mode(c.TooltipDisplayMode.MULTI).sort(c.SortOrder.DESCENDING))
    if bars:
        panel.draw_style(c.GraphDrawStyle.BARS).fill_opacity(80).line_width(0)
    if bars or stacked:
        panel.stacking(common.StackingConfig().mode(c.StackingMode.NORMAL).group("A"))
    if thresholds is not None:
        dashed = common.GraphThresholdsStyleConfig().mode(c.GraphTresholdsStyleMode.DASHED)
        panel.thresholds(thresholds).thresholds_style(dashed)
    if top is not None:
        panel.max(top)
    _dress(panel, names or {}, colours or {})
    return panel


def _dress(panel: timeseries.Panel | bargauge.Panel, names: Mapping[str, str], colours: Mapping[str, str]) -> None:
    for name in dict.fromkeys((*names, *colours)):
        look = [*(fixed(colours[name]) if name in colours else ()), *(named(names[name]) if name in names else ())]
        panel.override_by_name(name, look)


def rows(
    title: str,
    about: str,
    query: Sql,
    *,
    span: int = 24,
    height: int = 9,
    columns: Columns | None = None,
    links: Sequence[Link] = (),
    hide: Sequence[str] = (),
    nothing: str = "没有符合条件的记录",
) -> table.Panel:
    """A table. `columns`: looks by column; `hide`: columns that only links need."""
    panel = table.Panel().title(title).description(about).with_target(query).span(span).height(height)
    panel.datasource(LEDGER).unit("none").no_value(nothing).cell_height(c.TableCellHeight.SM).show_header(True)
    for name in hide:
        panel.override_by_name(name, hidden())
    by_column: dict[str, list[DynamicConfigValue]] = {name: list(look) for name, look in (columns or {}).items()}
    for name in dict.fromkeys(link.column for link in links):
        by_column.setdefault(name, []).extend(linked([link for link in links if link.column == name]))
    for name, look in by_column.items():
        panel.override_by_name(name, look)
    return panel


def bars(
    title: str,
    about: str,
    query: Query,
    thresholds: ThresholdsConfig,
    *,
    unit: str = "none",
    span: int = 8,
    height: int = 9,
    top: float | None = None,
    links: Sequence[Link] = (),
    names: Mapping[str, str] | None = None,
    nothing: str = "所选范围内没有数据",
) -> bargauge.Panel:
    """Horizontal bars, one per row (SQL) or series (Prometheus; `names` as for `curve`)."""
    sql = isinstance(query, Sql)
    every = common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(sql)
    panel = bargauge.Panel().title(title).description(about).with_target(query).span(span).height(height)
    panel.datasource(LEDGER if sql else PROMETHEUS).unit(unit).no_value(nothing).min(0)
    panel.thresholds(thresholds).color_scheme(by_thresholds()).reduce_options(every)
    panel.orientation(c.VizOrientation.HORIZONTAL).display_mode(c.BarGaugeDisplayMode.BASIC)
    if top is not None:
        panel.max(top)
    _dress(panel, names or {}, {})
    if links:
        panel.data_links([DashboardLink(link.title).url(link.url()) for link in links])
    return panel


def shares(
    title: str,
    about: str,
    query: Query,
    *,
    span: int = 6,
    height: int = 9,
    colours: Mapping[str, str] | None = None,
    unit: str = "suffix: 条",
    nothing: str = "所选时段内没有数据",
) -> piechart.Panel:
    """A ring of shares, one part per row (SQL) or series (Prometheus)."""
    sql = isinstance(query, Sql)
    legend = piechart.PieChartLegendOptions().display_mode(c.LegendDisplayMode.TABLE).show_legend(True)
    legend.placement(c.LegendPlacement.RIGHT).values([PieChartLegendValues.VALUE, PieChartLegendValues.PERCENT])
    panel = piechart.Panel().title(title).description(about).with_target(query).span(span).height(height)
    panel.datasource(LEDGER if sql else PROMETHEUS).unit(unit).decimals(0).no_value(nothing).color_scheme(palette())
    panel.pie_type(PieChartType.DONUT).legend(legend)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(sql))
    for name, colour in (colours or {}).items():
        panel.with_override(MatcherConfig("byName", name), fixed(colour))
    return panel
