"""管道健康 · 台账: whether the ledger keeps up, and what its database takes."""

from __future__ import annotations

from collections.abc import Iterator

from opinion_stream.dashboards.panels import Panel, curve
from opinion_stream.dashboards.queries import metric, prom, quantile, rate
from opinion_stream.dashboards.style import CALM, ORANGE, RED, TOPIC_NAMES, steps

_LEDGER = "来源：Prometheus，台账服务（opinion-stream ledger run）。"


def ledger_panels() -> Iterator[Panel]:
    """Behind, throughput, time per batch, faults."""
    nothing = "没有台账服务在运行"
    yield curve(
        "台账落后",
        f"已在主题上、还没有写入台账的记录数：落后时各看板的表格不是最新的，处置流程不受影响。{_LEDGER}",
        [prom(f"sum by (topic) ({metric('opinion_ledger_behind_records')})", "{{topic}}")],
        names=TOPIC_NAMES,
        unit="suffix: 条",
        span=6,
        height=7,
        thresholds=steps((5_000, ORANGE), base=CALM),
        nothing=nothing,
    )
    yield curve(
        "台账写入",
        f"台账每秒收下的记录数和写入的行数（一条记录可写多行）。{_LEDGER}",
        [
            prom(f"sum({rate('opinion_ledger_records_total')})", "记录"),
            prom(f"sum({rate('opinion_ledger_rows_written_total')})", "行", ref="B"),
        ],
        unit="suffix: 条/秒",
        span=6,
        height=7,
        nothing=nothing,
    )
    yield curve(
        "台账每批用时",
        f"从取到一批到数据库提交完成的用时，含等待重试；变长说明数据库慢了。{_LEDGER}",
        [
            prom(quantile(0.5, "opinion_ledger_batch_seconds"), "中位数"),
            prom(quantile(0.95, "opinion_ledger_batch_seconds"), "九成五", ref="B"),
        ],
        unit="s",
        span=6,
        height=7,
        nothing=nothing,
    )
    yield curve(
        "台账出错",
        f"每分钟数据库没有收下的次数（会重试）、读不懂而记入 unreadable 的记录数。{_LEDGER}",
        [
            prom(f"60 * sum({rate('opinion_ledger_database_failures_total')})", "数据库失败"),
            prom(f"60 * sum({rate('opinion_ledger_unreadable_records_total')})", "读不懂的记录", ref="B"),
        ],
        unit="suffix: 次/分",
        span=6,
        height=7,
        colours={"数据库失败": RED, "读不懂的记录": ORANGE},
        nothing=nothing,
    )
