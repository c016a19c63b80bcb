"""`make observability`: runs the scenario against real servers and asks them all that the dashboards ask.

Prometheus is scraped in real time, while the ledger holds the scenario's three simulated days; each query is asked
over its own time. Exit code 1 when a query is wrong, a panel without an excuse is empty, or a staged fault raises no
alarm.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import yaml
from around import Around
from asking import Answer, Asker
from servers import ROOT, Child, Paused, Postgres, Prometheus, ledger, until

from opinion_stream.adapters.embedded_broker import free_port
from opinion_stream.adapters.ledger.rows import SOURCES
from opinion_stream.adapters.producer import BatchProducer
from opinion_stream.adapters.reading import progress, reader
from opinion_stream.dashboards.reading import Place, boards, panels, queries
from opinion_stream.demo.driver import Driver
from opinion_stream.demo.road import Road, environment
from opinion_stream.demo.scenario import load_routine, load_steps
from opinion_stream.settings import load_settings
from opinion_stream.topics import Stage, full_name

SCENARIO = ROOT / "examples" / "qingyang-three-days"
EXPECTED = (("WorkerDown", Stage.REPORTING), ("StageDown", Stage.REPORTING))
WAIT_SECONDS = 3
"""In place of each rule's `for`, so that the alarm can be awaited; the expressions are the shipped ones."""


def main() -> int:
    """The whole proof."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / ".opinion-stream" / "observability.json")
    arguments = parser.parse_args()
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="opinion-observability-"))
    folder.chmod(0o755)  # PostgreSQL runs as a user of its own below it
    failed = True
    try:
        failed = _prove(folder, arguments.data)
    finally:
        if failed:
            _say(f"日志保留在 {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    _say(f"用时 {time.monotonic() - started:.0f} 秒")
    return int(failed)


def _prove(folder: Path, data: Path) -> bool:
    with ExitStack() as stack:
        _say("启动 PostgreSQL")
        (folder / "postgres").mkdir(mode=0o755)
        (folder / "road").mkdir()
        postgres = Postgres(folder / "postgres")
        stack.callback(postgres.stop)
        settings = load_settings(
            clock="topic",
            commit_seconds=0.1,
            batch_seconds=0.02,
            pseudonym_key=secrets.token_hex(32),
            config=ROOT / "config",
        )
        road = stack.enter_context(Road(settings, folder / "road", metrics=True, on_step=_say))
        port = free_port()
        service = ledger(postgres.url, environment(road.settings, folder / "road"), folder, port)
        stack.callback(service.stop)
        _say("启动采集、接口、发布服务")
        around = Around(environment(road.settings, folder / "road"), folder)
        stack.callback(around.stop)
        _say("启动 Prometheus")
        stages = {stage.value: number for stage, number in road.metrics.items()}
        prometheus = Prometheus(stages, {"ledger": port, **around.targets}, folder, WAIT_SECONDS)
        stack.callback(prometheus.stop)
        since = datetime.now(UTC)
        services = 1 + len(around.targets)
        until("all are scraped", lambda: _up(prometheus) == len(road.metrics) + services, around.check)
        around.work(1)
        around.taken()
        _say("回放三天的情景")
        ends = asyncio.run(_play(road, service))
        waited = until("the ledger has written all", lambda: _written(postgres.url, ends), service.check)
        _say(f"台账已写完（回放后又等了 {waited:.1f} 秒）")
        around.work(2)
        around.taken()
        time.sleep(2)  # the figures of the end are scraped
        asker = Asker(prometheus, postgres.reader_url, since)
        failed = _ask_all(asker, data)
        failed |= _stage_fault(road, prometheus)
        return failed


def _up(prometheus: Prometheus) -> int:
    return sum(value[1] == "1" for value in (s["value"] for s in prometheus.get("query", query="up")["result"]))


async def _play(road: Road, service: Child) -> dict[tuple[str, int], int]:
    """Play the scenario; where each partition that the ledger reads ends."""
    address, prefix = road.settings.broker(), road.settings.topic_prefix
    producer = BatchProducer(address, client_id="observability")
    await producer.start()

    def check() -> None:
        road.workers().check()
        service.check()

    try:
        async with reader(address) as read, progress(address, prefix) as far:
            driver = Driver(road.settings, producer, read, far, check, load_routine(SCENARIO))
            await read.seek(driver.watched(), from_beginning=True)
            await driver.play(load_steps(SCENARIO, minutes=180), lambda lines, now: None)
        async with reader(address) as read:
            names = {full_name(prefix, topic): topic.name for topic in SOURCES}
            found = await read.ends(list(names))
            return {(names[p.topic], p.partition): end for p, end in found.items()}
    finally:
        await producer.stop()


def _written(url: str, ends: dict[tuple[str, int], int]) -> bool:
    with psycopg.connect(url, options="-csearch_path=ledger") as db:
        stands = {(t, p): n for t, p, n in db.execute("select topic, partition, next_offset from ledger_offsets")}
    return all(stands.get(place, 0) >= end for place, end in ends.items())


def _ask_all(asker: Asker, data: Path) -> bool:
    """Ask everything, tell what came, keep it for the pictures; whether anything was amiss."""
    excused = {
        (entry["board"], entry["panel"]): entry["reason"]
        for entry in yaml.safe_load(Path(__file__).with_name("may-be-empty.yaml").read_text(encoding="utf-8"))
    }
    answers: list[Answer] = []
    faults: list[str] = []
    table: list[str] = []
    empty: set[tuple[str, str]] = set()
    everything = boards(ROOT / "deploy" / "grafana" / "dashboards")
    for board in everything:
        asked = list(queries(board))
        variables = [asker.ask(query) for query in asked if query.place is Place.VARIABLE]
        for answer in variables:
            if answer.query.title not in ("job", "instance"):
                at = answer.columns.index("__value") if "__value" in answer.columns else 0
                asker.values[answer.query.title] = [str(row[at]) for row in answer.rows]
        own = variables + [asker.ask(query) for query in asked if query.place is not Place.VARIABLE]
        one = {name: values[:1] for name, values in asker.values.items()}
        narrowed = [asker.ask(query, one) for query in asked if query.place is not Place.VARIABLE]
        faults += [_where(a) + a.error for a in (*own, *narrowed) if a.error]
        with_data = {(a.query.board, a.query.title) for a in own if a.query.place is Place.PANEL and a.has_data}
        without = [p["title"] for p in panels(board) if (board["uid"], p["title"]) not in with_data]
        empty |= {(board["uid"], title) for title in without}
        faults += [f"{board['title']} · {title}: 没有数据" for title in without if (board["uid"], title) not in excused]
        faults += [
            f"{_where(a)}没有数据" for a in own if a.query.place is not Place.PANEL and not a.has_data and not a.error
        ]
        table.append(_line(board["title"], len(panels(board)), own, len(without)))
        answers += own
    faults += [
        f"{board} · {panel}: 有数据了，请从 may-be-empty.yaml 删去"
        for board, panel in excused
        if (board, panel) not in empty
    ]
    for line in table:
        _say(line)
    for place, reason in excused.items():
        _say(f"可以没有数据：{' · '.join(place)}（{reason}）")
    for line in faults:
        _say(f"不对：{line}")
    data.parent.mkdir(parents=True, exist_ok=True)
    kept = {"time": [at.isoformat() for at in asker.simulated], "answers": [answer.plain() for answer in answers]}
    data.write_text(json.dumps(kept, ensure_ascii=False, default=str), encoding="utf-8")
    return bool(faults)


def _line(title: str, number: int, own: list[Answer], empty: int) -> str:
    kinds = [sum(a.query.place is place for a in own) for place in (Place.PANEL, Place.VARIABLE, Place.ANNOTATION)]
    return (
        f"{title}  面板 {number}，查询 {len(own)}（面板 {kinds[0]}、变量 {kinds[1]}、标注 {kinds[2]}），"
        f"有数据的面板 {number - empty}，返回 {sum(len(a.rows) for a in own)} 行、"
        f"{sum(len(a.series) for a in own)} 条序列，"
        f"最慢 {max(a.seconds for a in own) * 1000:.0f} 毫秒"
    )


def _where(answer: Answer) -> str:
    query = answer.query
    return f"{query.board} · {query.title} {query.ref}: "


def _stage_fault(road: Road, prometheus: Prometheus) -> bool:
    """Hang one worker; whether its alarms did not fire, or others did, or they did not end with it."""
    expected = {(name, stage.value) for name, stage in EXPECTED}
    before = prometheus.firing()
    if before:
        _say(f"故障前已有告警：{sorted(before)}")
    with Paused(road.workers().pid(Stage.REPORTING)):
        took = until(f"{expected} fire", lambda: expected <= prometheus.firing())
        more = prometheus.firing() - expected - before
    names = "、".join(sorted(name for name, _ in expected))
    _say(f"停住报送环节 {took:.1f} 秒后告警：{names}（各条规则的 for 改为 {WAIT_SECONDS} 秒，表达式不变）")
    if more:
        _say(f"同时告警：{sorted(more)}")
    over = until("they end", lambda: not expected & prometheus.firing())
    _say(f"恢复 {over:.1f} 秒后告警解除")
    return False


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
