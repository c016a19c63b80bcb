"""回应与督查: who answers, in time or not, and what it helped."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from opinion_stream.dashboards import frame
from opinion_stream.dashboards.panels import Panel, bars, curve, figure, rows
from opinion_stream.dashboards.queries import AREA, CATEGORY, GRADE, UNIT, increase, metric, prom, quantile, table
from opinion_stream.dashboards.style import (
    BLUE,
    CALM,
    GREEN,
    GREY,
    LEVEL_NAMES,
    ORANGE,
    RED,
    RESPONSE,
    SITUATION,
    STATE_NAMES,
    YELLOW,
    Link,
    graded,
    painted,
    scaled,
    steps,
    unit,
    width,
)

_NOW = "来源：Prometheus，回应环节进程。"
_LEDGER = "来源：台账（SQL）。"
_RULE = "按时率以已到期的时限为分母：到期未办的算未按时，不等它办了再算。"
_TO_UNIT = Link("责任单位", "只看这个单位", RESPONSE, (("unit", "unit_code"),))
_SHARE = ((0.6, ORANGE), (0.8, YELLOW), (0.95, GREEN))


def build() -> Dashboard:
    """The dashboard."""
    found = frame.board(
        "回应与督查",
        RESPONSE,
        "各责任单位办得怎么样：受理和答复的按时率（到期未办也算）、用时、公开回应及其效果、督办。",
        frame.OF_UNIT,
        frame.REGION,
        frame.OF_CATEGORY,
        frame.OF_GRADE,
        since="now-30d",
        refresh="1m",
    )
    found.annotation(frame.grade_changes()).annotation(frame.responses())
    found.with_row(Row("总体"))
    for panel in _totals():
        found.with_panel(panel)
    found.with_row(Row("各单位"))
    for panel in _units():
        found.with_panel(panel)
    found.with_row(Row("任务"))
    for panel in _tasks():
        found.with_panel(panel)
    found.with_row(Row("公开回应与效果"))
    for panel in _effects():
        found.with_panel(panel)
    return found


def _totals() -> Iterator[Panel]:
    yield figure(
        "受理按时率",
        f"{_RULE}{_LEDGER}",
        table("1.0 * sum(accepted_in_time) / nullif(sum(accepted_of), 0) as 按时率", "v_unit_figures", UNIT),
        steps(*_SHARE, base=RED),
        unit="percentunit",
        decimals=1,
        span=4,
        nothing="还没有到期的时限",
    )
    yield figure(
        "答复按时率",
        f"{_RULE}{_LEDGER}",
        table("1.0 * sum(answered_in_time) / nullif(sum(answered_of), 0) as 按时率", "v_unit_figures", UNIT),
        steps(*_SHARE, base=RED),
        unit="percentunit",
        decimals=1,
        span=4,
        nothing="还没有到期的时限",
    )
    yield figure(
        "超时未办的时限",
        f"已经到期、至今没有办的时限数。{_LEDGER}",
        table("coalesce(sum(overdue), 0) as 时限", "v_unit_figures", UNIT),
        steps((1, RED), base=CALM),
        unit="suffix: 个",
        span=4,
    )
    yield figure(
        "公开回应数",
        f"时段内发布的公开回应数。{_NOW}",
        prom(f"sum({increase('opinion_answers_total', grade='$grade')})", instant=True),
        steps(base=GREEN),
        unit="suffix: 条",
        span=4,
        solid=False,
    )
    yield figure(
        "首次回应用时（九成在内）",
        f"从立项到首次公开回应，时段内九成的任务不超过此数（按直方图估算）。{_NOW}",
        prom(
            quantile(0.9, "opinion_answer_delay_seconds", window="$__range"),
            instant=True,
        ),
        steps((172_800, YELLOW), (604_800, ORANGE), (1_296_000, RED)),
        unit="dtdurations",
        span=4,
        solid=False,
        nothing="没有首次回应",
    )
    yield figure(
        "提醒与督办次数",
        f"时段内发出的提醒和督办数。{_NOW}",
        prom(f"sum({increase('opinion_supervision_notices_total')})", instant=True),
        steps((1, YELLOW), (20, ORANGE)),
        unit="suffix: 次",
        span=4,
        solid=False,
    )


def _units() -> Iterator[Panel]:
    yield rows(
        "各单位办理情况",
        f"与督查通报同一算法。{_RULE}受理、答复两列为按时数/到期数；用时为小时；点单位只看它。{_LEDGER}",
        table(
            "unit_name as 责任单位, received as 交办, accepted_share as 受理按时率, answered_share as 答复按时率, "
            "answered_in_time || '/' || answered_of as 答复按时, answered as 已答复, mean_hours as 平均用时, "
            "p90_hours as 九成用时, overdue as 超时未办, reopened as 重新办理, "
            "eased || '/' || eased_of as 回应见效, unit_code",
            "v_unit_figures",
            UNIT,
            end="order by overdue desc, answered_share nulls last, received desc",
        ),
        span=16,
        height=11,
        columns={
            "责任单位": width(220),
            "受理按时率": scaled((0, RED), *_SHARE, name="percentunit"),
            "答复按时率": scaled((0, RED), *_SHARE, name="percentunit"),
            "平均用时": unit("suffix: 小时", 1),
            "九成用时": unit("suffix: 小时", 1),
            "超时未办": scaled((1, RED), name="suffix: 个"),
        },
        links=(_TO_UNIT,),
        hide=("unit_code",),
        nothing="还没有交办的任务",
    )
    yield bars(
        "超时未办（按单位）",
        f"各单位到期未办的时限数。{_LEDGER}",
        table(
            "unit_name as 责任单位, overdue as 超时未办, unit_code",
            "v_unit_figures",
            UNIT,
            end="order by overdue desc, received desc limit 15",
        ),
        steps((1, ORANGE), (3, RED)),
        unit="suffix: 个",
        height=11,
        nothing="还没有交办的任务",
    )


def _tasks() -> Iterator[Panel]:
    yield curve(
        "任务（按状态）",
        f"各种状态的任务数。{_NOW}",
        [prom(f"sum by (state) ({metric('opinion_tasks')}) > 0", "{{state}}")],
        names=STATE_NAMES,
        unit="suffix: 件",
        span=8,
        stacked=True,
    )
    yield curve(
        "从首次发声到报送",
        "九成事件从公开出现到首次报送的用时，按等级。来源：Prometheus，报送环节进程。",
        [prom(quantile(0.9, "opinion_report_delay_seconds", "grade", "$__range"), "{{grade}}级")],
        unit="dtdurations",
        span=8,
        colours={"I级": RED, "II级": ORANGE, "III级": YELLOW, "IV级": BLUE},
    )
    yield curve(
        "提醒与督办",
        f"时段内累计，按类型。{_NOW}",
        [prom(f"sum by (level) ({increase('opinion_supervision_notices_total')})", "{{level}}")],
        names=LEVEL_NAMES,
        unit="suffix: 次",
        span=8,
        colours={"reminder": YELLOW, "missed": ORANGE, "second": RED},
    )
    yield rows(
        "未办结的任务",
        f"尚未办结归档的任务，等级高、立项早的在前；点事件看所在地区的态势。{_LEDGER}",
        table(
            "grade_label as 等级, title as 事件, unit_name as 责任单位, region_name as 地区, state_label as 状态, "
            "opened_at as 立项, answer_hours as 首次答复用时, responses as 公开回应, hops as 转办, unit_code, "
            "(select a.name from labels a where a.kind = 'region_area' and a.code = region_code) as area",
            "v_tasks",
            UNIT,
            AREA,
            CATEGORY,
            GRADE,
            "archived_at is null",
            "closed_at is null",
            end="order by grade_rank, opened_at limit 200",
        ),
        columns={
            "等级": graded(),
            "事件": width(340),
            "首次答复用时": unit("suffix: 小时", 1),
            "公开回应": unit("suffix: 条"),
            "转办": scaled((2, YELLOW), (3, ORANGE), name="suffix: 次"),
        },
        links=(Link("事件", "在“舆情态势”中看这一地区", SITUATION, (("region", "area"),)), _TO_UNIT),
        hide=("unit_code", "area"),
        nothing="没有未办结的任务",
    )
    yield rows(
        "任务流转",
        f"时段内任务的每一步：谁（岗位）、做了什么、状态怎么变。{_LEDGER}",
        table(
            "at as 时间, title as 事件, action_label as 操作, from_label as 原状态, to_label as 新状态, "
            "role_label as 岗位, note as 说明",
            "v_task_events",
            UNIT,
            "$__timeFilter(at)",
            end="order by at desc limit 300",
        ),
        span=12,
        columns={"时间": width(160), "说明": width(320)},
        nothing="时段内没有流转",
    )
    yield rows(
        "督办记录",
        f"时段内对各单位的提醒和督办。{_LEDGER}",
        table(
            "at as 时间, level_label as 类型, unit_name as 责任单位, title as 事件, clock_label as 时限, "
            "due_at as 到期, unit_code",
            "v_notices",
            UNIT,
            GRADE,
            "$__timeFilter(at)",
            end="order by at desc limit 200",
        ),
        span=12,
        columns={"时间": width(160), "类型": painted({"提醒": YELLOW, "督办": ORANGE, "再次督办": RED})},
        links=(_TO_UNIT,),
        hide=("unit_code",),
        nothing="时段内没有督办",
    )


def _effects() -> Iterator[Panel]:
    yield rows(
        "公开回应",
        f"时段内发布的公开回应；点标题打开原文。{_LEDGER}",
        table(
            "published_at as 发布时间, title as 标题, unit_name as 责任单位, publication_label as 发布渠道, "
            "nature_label as 性质, grade_label as 等级, url, unit_code",
            "v_responses",
            UNIT,
            "$__timeFilter(published_at)",
            end="order by published_at desc limit 200",
        ),
        span=12,
        columns={"发布时间": width(160), "标题": width(300), "等级": graded()},
        links=(Link("标题", "打开公开回应"), _TO_UNIT),
        hide=("url", "unit_code"),
        nothing="时段内没有公开回应",
    )
    yield rows(
        "回应的效果",
        f"发布前后同样时长内的声量和诉求（困难、问题、质疑）占比；样本太少的注明“不足”。{_LEDGER}",
        table(
            "published_at as 发布时间, title as 公开回应, unit_name as 责任单位, hours as 比较时长, before as 发布前, "
            "after as 发布后, critical_before as 诉求占比前, critical_after as 诉求占比后, "
            "case when not enough then '样本不足' when eased then '回落' else '未回落' end as 结论, unit_code",
            "v_effects",
            UNIT,
            "$__timeFilter(published_at)",
            end="order by published_at desc, hours limit 200",
        ),
        span=12,
        columns={
            "发布时间": width(160),
            "比较时长": unit("suffix: 小时"),
            "发布前": unit("suffix: 条"),
            "发布后": unit("suffix: 条"),
            "诉求占比前": unit("percentunit"),
            "诉求占比后": unit("percentunit"),
            "结论": painted({"回落": GREEN, "未回落": ORANGE, "样本不足": GREY}),
        },
        links=(_TO_UNIT,),
        hide=("unit_code",),
        nothing="时段内还没有量得出的效果",
    )
