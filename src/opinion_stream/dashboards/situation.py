"""舆情态势: volume and mood, bursts, what is most talked about."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from opinion_stream.dashboards import frame
from opinion_stream.dashboards.panels import Panel, Query, bars, curve, figure, rows, shares
from opinion_stream.dashboards.queries import AREA, CATEGORY, GRADE, increase, over_time, prom, rate, table
from opinion_stream.dashboards.style import (
    BLUE,
    CALM,
    DIRECTION_COLOURS,
    GREEN,
    GREY,
    NATURE_COLOURS,
    ORANGE,
    RED,
    RESPONSE,
    SITUATION,
    YELLOW,
    Link,
    graded,
    painted,
    scaled,
    steps,
    unit,
    width,
)
from opinion_stream.models.base import Nature

_LEDGER = "来源：台账（SQL），按发布时间。"
_LIVE = "来源：Prometheus，研判环节按处理时间计数。"
_MOOD = {nature.label: colour for nature, colour in NATURE_COLOURS.items()}
_HOURS = "v_mentions_hourly"


def build() -> Dashboard:
    """The dashboard."""
    found = frame.board(
        "舆情态势",
        SITUATION,
        "群众在说什么：各地区、各类别、各级媒体的声量和诉求性质，突发预警，热点事件。",
        frame.REGION,
        frame.OF_CATEGORY,
        frame.OF_GRADE,
        frame.OF_UNIT,
        since="now-7d",
        refresh="1m",
    )
    found.annotation(frame.grade_changes()).annotation(frame.responses())
    found.with_row(Row("总量"))
    for panel in _totals():
        found.with_panel(panel)
    found.with_row(Row("声量与诉求性质"))
    for panel in _volume():
        found.with_panel(panel)
    found.with_row(Row("预警与热点"))
    for panel in _matters():
        found.with_panel(panel)
    return found


def _totals() -> Iterator[Panel]:
    scope = (AREA, CATEGORY, "$__timeFilter(hour)")
    yield figure(
        "提及",
        f"时段内发布、已研判的提及数（含转发和复制）。{_LEDGER}",
        table("sum(mentions) as 提及", _HOURS, *scope),
        steps(base=BLUE),
        unit="suffix: 条",
        span=4,
        solid=False,
    )
    yield figure(
        "互动",
        f"这些提及的点赞、转发和评论数之和（采集到时的数）。{_LEDGER}",
        table("sum(interactions) as 互动", _HOURS, *scope),
        steps(base=BLUE),
        unit="suffix: 次",
        span=4,
        solid=False,
    )
    yield figure(
        "实际困难与重大问题占比",
        f"反映实际困难和重大问题的提及占全部提及的比例。{_LEDGER}",
        table(
            "1.0 * sum(case when nature in ('difficulty', 'serious_problem') then mentions else 0 end) "
            "/ nullif(sum(mentions), 0) as 占比",
            _HOURS,
            *scope,
        ),
        steps((0.4, YELLOW), (0.6, ORANGE), (0.8, RED)),
        unit="percentunit",
        span=4,
        solid=False,
        nothing="没有提及",
    )
    yield figure(
        "不实或误解",
        f"未经核实的说法和误解的提及数：只对应一件事，发布有依据的澄清。{_LEDGER}",
        table("sum(mentions) as 提及", _HOURS, *scope, "nature in ('unverified_claim', 'misunderstanding')"),
        steps((1, YELLOW), (50, ORANGE)),
        unit="suffix: 条",
        span=4,
        solid=False,
    )
    yield figure(
        "生效的预警",
        f"突发量或增长超出常态、尚未解除的预警数。{_LEDGER}",
        table("count(*) as 预警", "v_warnings", "status = 'open'", AREA),
        steps((1, ORANGE), base=CALM),
        unit="suffix: 条",
        span=4,
    )
    yield figure(
        "研判拿不准的比例",
        f"时段内研判环节拿不准类别、转人工的比例（目标不超过 15%）。{_LIVE}",
        prom(
            f"sum({increase('opinion_assessments_total', source='unsure')}) "
            f"/ sum({increase('opinion_assessments_total')})",
            instant=True,
        ),
        steps((0.15, YELLOW), (0.3, ORANGE)),
        unit="percentunit",
        decimals=1,
        span=4,
        solid=False,
        nothing="没有研判",
    )


def _volume() -> Iterator[Panel]:
    scope = (AREA, CATEGORY)
    yield curve(
        "每小时声量（按类别）",
        f"各类别每小时的提及数。{_LEDGER}",
        [over_time("hour", "category", "sum(mentions)", _HOURS, *scope)],
        unit="suffix: 条",
        bars=True,
    )
    yield curve(
        "每小时声量（按诉求性质）",
        f"各种诉求性质每小时的提及数：民意的冷暖。{_LEDGER}",
        [over_time("hour", "nature_label", "sum(mentions)", _HOURS, *scope)],
        unit="suffix: 条",
        bars=True,
        colours=_MOOD,
    )
    yield shares(
        "诉求性质",
        f"时段内各种诉求性质的提及数。{_LEDGER}",
        table(
            "nature_label as 性质, sum(mentions) as 提及",
            _HOURS,
            *scope,
            "$__timeFilter(hour)",
            end="group by 1 order by 2 desc",
        ),
        colours=_MOOD,
        span=8,
    )
    yield bars(
        "各级媒体",
        f"时段内各级媒体的提及数。{_LEDGER}",
        table(
            "media_tier_label as 媒体级别, sum(mentions) as 提及",
            _HOURS,
            *scope,
            "$__timeFilter(hour)",
            end="group by 1 order by 2 desc",
        ),
        steps(base=BLUE),
        unit="suffix: 条",
    )
    yield curve(
        "处理中的声量（按地区）",
        f"各地区每秒研判的提及数：看此刻在涨的是哪里。{_LIVE}",
        [
            prom(
                f"sum by (region_name) ({rate('opinion_mentions_by_region_total', region='$region')})",
                "{{region_name}}",
            )
        ],
        unit="suffix: 条/秒",
        span=8,
        height=9,
        stacked=True,
    )
    yield rows(
        "类别与地区",
        "各地区各类别的提及数和在办事件数，多的在前；点地区下钻。来源：台账（SQL）。",
        table(
            "region_name as 地区, category as 类别, mentions_24h as 近24小时, mentions_7d as 近7天, "
            "open_incidents as 在办事件, last_at as 最近, "
            "(select a.name from labels a where a.kind = 'region_area' and a.code = region_code) as area",
            "v_category_region",
            *scope,
            end="order by mentions_7d desc limit 100",
        ),
        columns={
            "近24小时": scaled((5, YELLOW), (20, ORANGE), (50, RED), name="suffix: 条"),
            "近7天": unit("suffix: 条"),
            "在办事件": scaled((1, BLUE), name="suffix: 件"),
        },
        links=(Link("地区", "只看这一地区和类别", SITUATION, (("region", "area"), ("category", "类别"))),),
        hide=("area",),
        span=12,
    )
    yield bars(
        "时段内研判的类别",
        f"时段内研判的提及数，拿不准、转人工的单列。{_LIVE}",
        _now("category"),
        steps(base=BLUE),
        unit="suffix: 条",
        span=6,
        names={"unsure": "拿不准", "other": "其他"},
    )
    yield bars(
        "时段内研判的诉求性质",
        f"时段内研判的提及数。{_LIVE}",
        _now("nature", "category"),
        steps(base=BLUE),
        unit="suffix: 条",
        span=6,
        names={nature.value: nature.label for nature in Nature},
    )


def _now(label: str, name: str = "") -> Query:
    counted = increase(f"opinion_mentions_by_{name or label}_total")
    return prom(f"sort_desc(sum by ({label}) ({counted}) > 0)", f"{{{{{label}}}}}", instant=True)


def _matters() -> Iterator[Panel]:
    yield rows(
        "突发与增长预警",
        f"时段内的预警：观测数与常态之比，及其理由；生效的在前。{_LEDGER}",
        table(
            "at as 时间, status_label as 状态, kind_label as 类型, region_name as 地区, category as 类别, "
            "observed as 观测, usual as 常态, factor as 倍数, reason as 理由",
            "v_warnings",
            "$__timeFilter(at)",
            AREA,
            end="order by status, at desc limit 100",
        ),
        columns={
            "时间": width(160),
            "观测": unit("suffix: 条"),
            "常态": unit("suffix: 条", 1),
            "倍数": scaled((2, YELLOW), (5, ORANGE), (10, RED), name="suffix: 倍", decimals=1),
            "理由": width(420),
        },
        height=6,
        nothing="时段内没有预警",
    )
    yield rows(
        "热点事件",
        "时段内有人发声的事件，提及多的在前（含已关闭的）；点事件名打开首条原文，点责任单位看其办理情况。来源：台账（SQL）。",
        table(
            "grade_label as 等级, title as 事件, region_name as 地区, category as 类别, nature_label as 性质, "
            "mentions as 提及, voices as 发声人数, interactions as 互动, media as 媒体, direction_label as 走势, "
            "expected_24h as 预计24小时, status_label as 状态, unit_name as 责任单位, url, unit_code",
            "v_incidents",
            "$__timeFilter(last_at)",
            "merged_into is null",
            AREA,
            CATEGORY,
            GRADE,
            end="order by mentions desc limit 50",
        ),
        height=12,
        columns={
            "等级": graded(),
            "事件": width(340),
            "走势": painted(DIRECTION_COLOURS),
            "性质": painted(_MOOD | {Nature.OTHER.label: GREY, Nature.THANKS.label: GREEN}),
            "预计24小时": unit("suffix: 条"),
        },
        links=(
            Link("事件", "打开首条原文"),
            Link("责任单位", "在“回应与督查”中看这个单位", RESPONSE, (("unit", "unit_code"),)),
        ),
        hide=("url", "unit_code"),
        nothing="时段内没有事件",
    )
