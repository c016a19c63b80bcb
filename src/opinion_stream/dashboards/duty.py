"""值班总览: what burns now."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from opinion_stream.dashboards import frame
from opinion_stream.dashboards.panels import Panel, curve, figure, rows
from opinion_stream.dashboards.queries import AREA, CATEGORY, GRADE, UNIT, increase, prom, table, total
from opinion_stream.dashboards.style import (
    BLUE,
    CALM,
    DIRECTION_COLOURS,
    DUTY,
    GRADE_COLOURS,
    GREEN,
    GREY,
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
from opinion_stream.models.base import Grade

_ROMAN = {Grade.I: "Ⅰ级", Grade.II: "Ⅱ级", Grade.III: "Ⅲ级", Grade.IV: "Ⅳ级"}
_NOW = "来源：Prometheus，各环节进程此刻的状态。"
_LEDGER = "来源：台账（SQL），随台账写入更新。"
_TO_INCIDENT = Link("事件", "在“舆情态势”中看这一地区和类别", SITUATION, (("region", "area"), ("category", "类别")))
_TO_SOURCE = Link("事件", "打开首条原文", "")
_TO_UNIT = Link("责任单位", "在“回应与督查”中看这个单位", RESPONSE, (("unit", "unit_code"),))
_AREA_OF = "(select a.name from labels a where a.kind = 'region_area' and a.code = region_code)"


def build() -> Dashboard:
    """The dashboard."""
    found = frame.board(
        "值班总览",
        DUTY,
        "此刻要管的事：在办事件、快到期和已超时的时限、没有签收的报送。",
        frame.REGION,
        frame.OF_CATEGORY,
        frame.OF_GRADE,
        frame.OF_UNIT,
        since="now-24h",
        refresh="30s",
    )
    found.annotation(frame.grade_changes()).annotation(frame.responses())
    found.with_row(Row("此刻"))
    for grade, colour in GRADE_COLOURS.items():
        found.with_panel(
            figure(
                f"{_ROMAN[grade]}在办事件",
                f"{grade.label}、尚未关闭的事件数；点击进入“舆情态势”。{_NOW}",
                prom(total("opinion_incidents_open", grade=grade.value)),
                steps((1, colour), base=CALM),
                unit="suffix: 件",
                to=f"/d/{SITUATION}?${{__url_time_range}}&var-grade={grade.value}",
            )
        )
    found.with_panel(
        figure(
            "快到期的时限",
            f"仍在计时、已发出首次提醒的时限数（提前多久提醒见 deadlines.yaml）。{_NOW}",
            prom(total("opinion_clocks", state="due_soon")),
            steps((1, YELLOW), (5, ORANGE), base=CALM),
            unit="suffix: 个",
        )
    )
    found.with_panel(
        figure(
            "已超时未办的时限",
            f"已经过期、至今没有办的时限数。{_NOW}",
            prom(total("opinion_clocks", state="overdue")),
            steps((1, RED), base=CALM),
            unit="suffix: 个",
            to=f"/d/{RESPONSE}?${{__url_time_range}}",
        )
    )
    found.with_panel(
        figure(
            "待签收的报送",
            f"已发出、未签收且未过签收时限的报送数。{_NOW}",
            prom(total("opinion_receipts_outstanding", grade="$grade")),
            steps((1, YELLOW), (5, ORANGE), base=CALM),
            unit="suffix: 份",
        )
    )
    found.with_panel(
        figure(
            "无人签收的报送",
            f"签收时限已过、上报链上再无可报对象的报送数：须立即电话联系。{_LEDGER}",
            table("count(*) as 报送数", "v_unreceipted", "exhausted"),
            steps((1, RED), base=CALM),
            unit="suffix: 份",
        )
    )
    found.with_row(Row("要办的事"))
    found.with_panel(_incidents()).with_panel(_clocks()).with_panel(_unreceipted())
    found.with_row(Row("时段内的变化"))
    for panel in _changes():
        found.with_panel(panel)
    return found


def _incidents() -> Panel:
    return rows(
        "在办舆情事件",
        f"未关闭的事件，等级高的在前、同级按最近发声时间。点事件名看所在地区和类别的态势，点责任单位看其办理情况。{_LEDGER}",
        table(
            "grade_label as 等级, title as 事件, region_name as 地区, category as 类别, unit_name as 责任单位, "
            "mentions as 提及, voices as 发声人数, direction_label as 走势, last_at as 最近发声, "
            f"task_state_label as 任务, url, unit_code, {_AREA_OF} as area",
            "v_open_incidents",
            AREA,
            CATEGORY,
            GRADE,
            UNIT,
            end="order by grade_rank, last_at desc limit 200",
        ),
        height=10,
        columns={"等级": graded(), "事件": width(360), "走势": painted(DIRECTION_COLOURS), "提及": unit("suffix: 条")},
        links=(_TO_INCIDENT, _TO_SOURCE, _TO_UNIT),
        hide=("url", "unit_code", "area"),
        nothing="没有在办事件",
    )


def _clocks() -> Panel:
    return rows(
        "时限（最急的在前）",
        f"仍在计时或已超时未办的时限，最急的在前；剩余小时为负数即已超时。依据列注明规定的出处。{_LEDGER}",
        table(
            "grade_label as 等级, title as 事件, unit_name as 责任单位, name as 时限, hours_left as 剩余小时, "
            "due_at as 到期, source as 依据, unit_code",
            "v_clocks_due",
            AREA,
            CATEGORY,
            GRADE,
            UNIT,
            end="order by due_at limit 200",
        ),
        span=12,
        columns={
            "等级": graded(),
            "剩余小时": scaled((0, ORANGE), (4, YELLOW), (24, CALM), base=RED, name="suffix: 小时", decimals=1),
        },
        links=(_TO_UNIT,),
        hide=("unit_code",),
        nothing="没有快到期或超时的时限",
    )


def _unreceipted() -> Panel:
    return rows(
        "未签收的报送",
        f"等待签收的报送，以及签收时限已过、再无可报对象的报送。{_LEDGER}",
        table(
            "grade_label as 等级, title as 事件, to_unit_name as 报送对象, to_role_label as 岗位, issued_at as 发出, "
            "hours_left as 剩余小时, status_label as 状态, reminder as 催报次数",
            "v_unreceipted",
            AREA,
            CATEGORY,
            GRADE,
            end="order by receipt_due_at limit 200",
        ),
        span=12,
        columns={
            "等级": graded(),
            "剩余小时": scaled((0, ORANGE), (1, CALM), base=RED, name="suffix: 小时", decimals=1),
        },
        nothing="报送均已签收",
    )


def _changes() -> Iterator[Panel]:
    by_grade = {f"{_ROMAN[grade]}": colour for grade, colour in GRADE_COLOURS.items()}
    yield curve(
        "在办事件数",
        f"各等级在办事件数的变化；橙色竖线为定级变动，绿色为公开回应。{_NOW}",
        [
            prom(total("opinion_incidents_open", grade=grade.value), name, ref=grade.value)
            for grade, name in _ROMAN.items()
        ],
        unit="suffix: 件",
        span=8,
        colours=by_grade,
    )
    yield curve(
        "时限状况",
        f"各种状况的时限数。{_NOW}",
        [
            prom(total("opinion_clocks", state=state), name, ref=state)
            for state, name in (("running", "计时中"), ("due_soon", "快到期"), ("overdue", "已超时未办"))
        ],
        unit="suffix: 个",
        span=8,
        colours={"计时中": BLUE, "快到期": ORANGE, "已超时未办": RED},
    )
    yield curve(
        "报送与签收",
        "时段内发出、签收、批示、退回和过期的报送数。来源：Prometheus，报送环节计数。",
        [
            prom(f"sum({increase('opinion_escalations_total', grade='$grade', status=status)})", name, ref=status)
            for status, name in _STATUSES.items()
        ],
        unit="suffix: 份",
        span=8,
        colours={"发出": BLUE, "签收": GREEN, "批示": GREEN, "退回": YELLOW, "过期上报": ORANGE, "无人签收": RED},
    )
    yield rows(
        "定级变动",
        f"时段内每次定级及理由，规则定级和人工定级都在内。{_LEDGER}",
        table(
            "at as 时间, grade_label as 等级, change as 变动, title as 事件, region_name as 地区, by_label as 定级方, "
            "reason as 理由",
            "v_grade_changes",
            "$__timeFilter(at)",
            AREA,
            CATEGORY,
            GRADE,
            end="order by at desc limit 200",
        ),
        span=12,
        columns={
            "等级": graded(),
            "时间": width(160),
            "变动": [*painted({"升级": RED, "降级": GREEN, "首次定级": GREY}), *width(90)],
            "理由": width(360),
        },
        nothing="时段内没有定级变动",
    )
    yield rows(
        "提醒与督办",
        f"时段内发出的提醒和督办。{_LEDGER}",
        table(
            "at as 时间, level_label as 类型, title as 事件, unit_name as 责任单位, clock_label as 时限, "
            "due_at as 到期, to_role_label as 发给, unit_code",
            "v_notices",
            "$__timeFilter(at)",
            UNIT,
            GRADE,
            end="order by at desc limit 200",
        ),
        span=12,
        columns={"时间": width(160), "类型": painted({"提醒": YELLOW, "督办": ORANGE, "再次督办": RED})},
        links=(_TO_UNIT,),
        hide=("unit_code",),
        nothing="时段内没有提醒和督办",
    )


_STATUSES = {
    "issued": "发出",
    "acknowledged": "签收",
    "instructed": "批示",
    "returned": "退回",
    "lapsed": "过期上报",
    "exhausted": "无人签收",
}
