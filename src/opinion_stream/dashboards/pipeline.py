"""管道健康: whether the road itself works."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from opinion_stream.dashboards import frame
from opinion_stream.dashboards.panels import Panel, bars, curve, figure, rows
from opinion_stream.dashboards.pipeline_ledger import ledger_panels
from opinion_stream.dashboards.queries import increase, metric, prom, quantile, rate, table, total
from opinion_stream.dashboards.style import (
    BLUE,
    CALM,
    GREEN,
    ORANGE,
    PIPELINE,
    RED,
    STAGE_NAMES,
    TOPIC_NAMES,
    YELLOW,
    scaled,
    steps,
    width,
)

_FROM = "来源：Prometheus，各环节进程。"
_COLLECT = "来源：Prometheus，采集服务（opinion-stream collect）。"


def build() -> Dashboard:
    """The dashboard."""
    found = frame.board(
        "管道健康",
        PIPELINE,
        "流水线自己好不好：积压、时延、吞吐、死信、状态大小、信息来源、出口。",
        since="now-3h",
        refresh="15s",
        details=True,
    )
    for title, panels in (
        ("一眼看清", _totals()),
        ("吞吐与积压", _flow()),
        ("时延", _delays()),
        ("死信", _letters()),
        ("研判质量与状态", _state()),
        ("台账", ledger_panels()),
        ("信息来源与出入口", _doors()),
    ):
        found.with_row(Row(title))
        for panel in panels:
            found.with_panel(panel)
    return found


def _totals() -> Iterator[Panel]:
    yield figure(
        "就绪的环节",
        f"状态已恢复、正在消费的环节数；五个环节都应在。{_FROM}",
        prom(f"count(max by (stage) ({metric('opinion_worker_ready')}) == 1)"),
        steps((5, GREEN), base=RED),
        unit="suffix: 个",
        span=4,
    )
    yield figure(
        "积压",
        f"各环节尚未确认的记录数之和。{_FROM}",
        prom(total("opinion_consumer_lag_records")),
        steps((1_000, YELLOW), (10_000, ORANGE), (100_000, RED)),
        unit="suffix: 条",
        span=4,
        solid=False,
    )
    yield figure(
        "采集到定级时延",
        f"从进入采集主题到归入事件，近五分钟内九成五的提及不超过此数。{_FROM}",
        prom(f"max({quantile(0.95, 'opinion_delay_from_collection_seconds', 'stage')})"),
        steps((60, YELLOW), (300, ORANGE), (900, RED)),
        unit="s",
        decimals=1,
        span=4,
        solid=False,
        nothing="此刻没有数据流过",
    )
    yield figure(
        "每秒处理",
        f"采集环节每秒收下的记录数。{_FROM}",
        prom(f"sum({rate('opinion_records_in_total', stage='collection')})"),
        steps(base=BLUE),
        unit="suffix: 条/秒",
        decimals=1,
        span=4,
        solid=False,
    )
    yield figure(
        "新增死信",
        f"时段内写入的死信数（不含重放成功的）。{_FROM}",
        prom(f"sum({increase('opinion_dead_letters_total', state='open')})", instant=True),
        steps((1, YELLOW), (50, ORANGE), (500, RED)),
        unit="suffix: 条",
        span=4,
        solid=False,
    )
    yield figure(
        "未处置的死信",
        "尚未处置的死信数。来源：台账（SQL）。",
        table("count(*) as 死信", "v_dead_letters", "unsettled"),
        steps((1, YELLOW), (100, ORANGE), (1_000, RED)),
        unit="suffix: 条",
        span=4,
        solid=False,
    )


def _flow() -> Iterator[Panel]:
    yield curve(
        "收下的记录",
        f"各环节每秒收下的记录数。{_FROM}",
        [prom(f"sum by (stage) ({rate('opinion_records_in_total')})", "{{stage}}")],
        names=STAGE_NAMES,
        unit="suffix: 条/秒",
        span=8,
    )
    yield curve(
        "写出的记录",
        f"各主题每秒写出的记录数。{_FROM}",
        [prom(f"sum by (topic) ({rate('opinion_records_out_total')})", "{{topic}}")],
        names=TOPIC_NAMES,
        unit="suffix: 条/秒",
        span=8,
    )
    yield curve(
        "积压的记录",
        f"各环节尚未确认的记录数。{_FROM}",
        [prom(f"sum by (stage) ({metric('opinion_consumer_lag_records')})", "{{stage}}")],
        names=STAGE_NAMES,
        unit="suffix: 条",
        span=8,
        thresholds=steps((10_000, ORANGE), base=CALM),
    )


def _delays() -> Iterator[Panel]:
    yield curve(
        "从采集到处理完",
        f"九成五的提及从进入采集主题到这一环节处理完的用时（模拟时钟下按记录时间计）。{_FROM}",
        [prom(quantile(0.95, "opinion_delay_from_collection_seconds", "stage"), "{{stage}}")],
        names=STAGE_NAMES,
        unit="s",
        span=8,
    )
    yield curve(
        "从发布到处理完",
        f"九成五的提及从公开发布到这一环节处理完的用时：也含来源被采到之前的时间。{_FROM}",
        [prom(quantile(0.95, "opinion_delay_from_publication_seconds", "stage"), "{{stage}}")],
        names=STAGE_NAMES,
        unit="s",
        span=8,
    )
    yield curve(
        "每批用时",
        f"九成五的批次从首条记录到服务器确认的用时。{_FROM}",
        [prom(quantile(0.95, "opinion_batch_seconds", "stage"), "{{stage}}")],
        names=STAGE_NAMES,
        unit="s",
        span=8,
    )


def _letters() -> Iterator[Panel]:
    yield bars(
        "死信原因",
        "未处置的死信数，按环节和原因代码（含义见 docs/dead-letters.md）。来源：台账（SQL）。",
        table(
            "stage_label || ' · ' || kind as 原因, count(*) as 死信",
            "v_dead_letters",
            "unsettled",
            end="group by 1 order by 2 desc limit 15",
        ),
        steps((1, YELLOW), (50, ORANGE)),
        unit="suffix: 条",
        nothing="没有未处置的死信",
    )
    yield curve(
        "写入死信的速度",
        f"各环节每分钟写入的死信数：突然多起来，多半是来源改了格式。{_FROM}",
        [prom(f"60 * sum by (stage) ({rate('opinion_dead_letters_total', state='open')})", "{{stage}}")],
        unit="suffix: 条/分",
        span=6,
        height=9,
        names=STAGE_NAMES,
    )
    yield rows(
        "死信",
        "最近的死信及其处置；内容用 opinion-stream dlq show 看（权限另管），这里没有原文。来源：台账（SQL）。",
        table(
            "at as 时间, stage_label as 环节, kind as 类型, reason as 原因, state_label as 状态, attempts as 重放次数, "
            "topic_label as 来自",
            "v_dead_letters",
            end="order by unsettled desc, at desc limit 100",
        ),
        span=10,
        columns={"时间": width(120), "原因": width(300), "重放次数": scaled((1, YELLOW), (3, ORANGE))},
        nothing="没有死信",
    )


def _state() -> Iterator[Panel]:
    yield curve(
        "拿不准的比例",
        "研判拿不准类别、转人工的比例；虚线为 15% 的目标。来源：Prometheus，研判环节。",
        [
            prom(
                f"sum({rate('opinion_assessments_total', source='unsure')}) / sum({rate('opinion_assessments_total')})",
                "拿不准",
            )
        ],
        unit="percentunit",
        span=6,
        top=1,
        thresholds=steps((0.15, ORANGE), base=CALM),
    )
    yield curve(
        "研判置信度",
        "类别置信度的中位数和最低一成：持续下滑说明语言变了，该补词或重训。来源：Prometheus，研判环节。",
        [
            prom(quantile(0.5, "opinion_assessment_confidence_ratio"), "中位数"),
            prom(quantile(0.1, "opinion_assessment_confidence_ratio"), "最低一成", ref="B"),
        ],
        unit="percentunit",
        span=6,
        top=1,
    )
    yield curve(
        "状态大小",
        f"各环节持久状态的大小。{_FROM}",
        [prom(f"sum by (stage) ({metric('opinion_state_bytes')})", "{{stage}}")],
        names=STAGE_NAMES,
        unit="bytes",
        span=6,
    )
    yield curve(
        "进程内存",
        f"各进程占用的内存。{_FROM}",
        [prom(metric("process_resident_memory_bytes"), "{{job}} {{instance}}")],
        unit="bytes",
        span=6,
    )
    yield curve(
        "状态盘剩余",
        f"各环节状态所在磁盘的剩余比例；低于 10% 时须扩容。{_FROM}",
        [
            prom(
                f"min by (stage) ({metric('opinion_state_disk_free_bytes')}"
                f" / {metric('opinion_state_disk_size_bytes')})",
                "{{stage}}",
            )
        ],
        names=STAGE_NAMES,
        unit="percentunit",
        span=6,
        top=1,
        thresholds=steps((0.1, ORANGE), base=RED),
    )
    yield curve(
        "重复送达",
        f"重启或再均衡后再次送达、已跳过的记录，每秒。{_FROM}",
        [prom(f"sum by (stage) ({rate('opinion_records_repeated_total')})", "{{stage}}")],
        names=STAGE_NAMES,
        unit="suffix: 条/秒",
        span=6,
    )
    yield curve(
        "关闭而仍记得的事件",
        "已关闭、但迟到的提及仍可重新打开的事件数：状态有没有只增不减。来源：Prometheus，事件环节。",
        [prom(total("opinion_incidents_closed_remembered"), "已关闭")],
        unit="suffix: 件",
        span=6,
    )
    yield curve(
        "持有的分区",
        f"各环节持有的分区数：应等于设置的分区数，掉下去说明有进程没接上。{_FROM}",
        [prom(f"sum by (stage) ({metric('opinion_partitions_owned')})", "{{stage}}")],
        names=STAGE_NAMES,
        unit="suffix: 个",
        span=6,
    )


def _doors() -> Iterator[Panel]:
    yield curve(
        "来源轮询",
        f"每秒轮询次数，按结果：正常、部分失败、中断。{_COLLECT}",
        [prom(f"sum by (result) ({rate('opinion_source_polls_total')})", "{{result}}")],
        unit="suffix: 次/秒",
        span=6,
        colours={"ok": GREEN, "partial": YELLOW, "failed": RED},
        names={"ok": "正常", "partial": "部分失败", "failed": "中断"},
        height=6,
        nothing="没有采集服务在运行",
    )
    yield bars(
        "来源静默",
        f"没有新内容的时间与该来源平常最长间隔之比；到 1 即为静默：看不见不等于没有事。{_COLLECT}",
        prom(f"sort_desc(max by (source) ({metric('opinion_source_silence_ratio')}))", "{{source}}", instant=True),
        steps((0.7, YELLOW), (1, RED)),
        unit="suffix: 倍",
        span=6,
        height=6,
        nothing="没有采集服务在运行",
    )
    yield curve(
        "接口收下的提及",
        "HTTP 接口每秒收下和拒绝的提及数。来源：Prometheus，接口服务（opinion-stream intake）。",
        [
            prom(f"sum({rate('opinion_intake_accepted_total')})", "收下"),
            prom(f"sum({rate('opinion_intake_refused_total')})", "拒绝", ref="B"),
        ],
        unit="suffix: 条/秒",
        span=6,
        colours={"收下": GREEN, "拒绝": ORANGE},
        height=6,
        nothing="没有接口服务在运行",
    )
    yield curve(
        "送达",
        "每秒的通知和发布次数，按结果。来源：Prometheus，通知、发布服务（notify、publish）。",
        [prom(f"sum by (service, outcome) ({rate('opinion_deliveries_total')})", "{{service}} {{outcome}}")],
        unit="suffix: 次/秒",
        span=6,
        height=6,
        nothing="没有通知、发布服务在运行",
    )
