"""Plays the demo: starts the road, shows how far it is, prints the summary, and stays up with a ledger."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from opinion_stream.adapters.producer import BatchProducer
from opinion_stream.adapters.reading import progress, reader
from opinion_stream.cli.common import err, key_or_throwaway, out
from opinion_stream.demo.driver import Driver
from opinion_stream.demo.figures import read_figures
from opinion_stream.demo.ledger import DemoLedger
from opinion_stream.demo.report import as_json, as_text
from opinion_stream.demo.road import Road
from opinion_stream.demo.scenario import Routine, Step, load_routine, load_steps
from opinion_stream.domain.summary import Summary
from opinion_stream.errors import OpinionStreamError
from opinion_stream.policy import Policy, load_policy
from opinion_stream.settings import Settings, load_settings

_ASK = "select grade_label, title from v_open_incidents"


def play(
    settings: Settings,
    scenario: Path,
    step_minutes: int,
    started: float,
    *,
    leave: bool,
    summary: Path | None,
    keep: bool,
) -> None:
    """Play the scenario in that folder; the options are those of the command.

    `started`: of `time.perf_counter`, from when the seconds of the summary count. Raises OpinionStreamError when a
    mention was lost or a worker did not stop.
    """
    settings = _demo_settings(key_or_throwaway(settings))
    policy = load_policy(settings.config)
    steps = load_steps(scenario, step_minutes)
    run_dir = Path(tempfile.mkdtemp(prefix="opinion-stream-"))
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=err, transient=True) as shown:
        line = shown.add_task("准备")
        road = Road(settings, run_dir, metrics=True, on_step=lambda step: shown.update(line, description=step))
        road.start()
    try:
        found, not_done = asyncio.run(_play(road, policy, steps, load_routine(scenario)))
        seconds = time.perf_counter() - started
        out.print(as_text(found, seconds, not_done), markup=False)
        if summary is not None:
            summary.write_text(as_json(found, seconds, not_done) + "\n", encoding="utf-8")
        if not leave:
            # Only now: it reads all from the beginning, and need not slow the road down on its way here.
            with DemoLedger(road.settings, run_dir) as ledger:
                _stay(road, ledger)
    finally:
        clean = road.stop()
        if keep:
            out.print(f"日志与状态保留在 {run_dir}")
        else:
            shutil.rmtree(run_dir, ignore_errors=True)
    if not clean:
        raise OpinionStreamError("some workers did not stop by themselves and were ended; see --keep for their logs")
    if found.lost:
        raise OpinionStreamError(f"{len(found.lost)} mentions were lost, e.g. {found.lost[0]}; please report this")


def _demo_settings(settings: Settings) -> Settings:
    """Simulated time and short waits; on a Kafka that is not ours, topics of this run's own."""
    own = f"{settings.topic_prefix}-demo-{secrets.token_hex(3)}"
    prefix = own if settings.kafka_bootstrap else settings.topic_prefix
    changes = {
        "clock": "topic",
        "commit_seconds": 0.1,
        "batch_seconds": 0.02,
        "session_seconds": 6,
        "topic_prefix": prefix,
    }
    return load_settings(**{**settings.model_dump(), **changes})


async def _play(road: Road, policy: Policy, steps: list[Step], routine: Routine | None) -> tuple[Summary, list[str]]:
    settings = road.settings
    address = settings.broker()
    producer = BatchProducer(address, client_id="opinion-stream-demo")
    await producer.start()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        async with reader(address) as read, progress(address, settings.topic_prefix) as far:
            driver = Driver(settings, producer, read, far, road.workers().check, routine)
            await read.seek(driver.watched(), from_beginning=True)
            with Progress(*columns, console=err) as bar:
                line = bar.add_task("回放", total=sum(len(step.lines) for step in steps))

                def show(lines: int, now: datetime) -> None:
                    bar.update(line, advance=lines, description=f"回放 {now:%m-%d %H:%M}")

                await driver.play(steps, show)
        async with reader(address) as read:
            return await read_figures(settings, policy, read), driver.not_done
    finally:
        await producer.stop()


def _stay(road: Road, ledger: DemoLedger) -> None:
    """Stay up until Ctrl-C or SIGTERM."""
    address = road.settings.bootstrap()
    out.print(f"\n流水线仍在运行，消息服务在 {address}（按 Ctrl-C 停止）。在另一个终端可以：")
    out.print(f"  看主题  .venv/bin/opinion-stream consume incidents --from-beginning --bootstrap {address}")
    out.print(f"  看进度  .venv/bin/opinion-stream status --bootstrap {address}")
    if road.settings.topic_prefix != "opinion":
        out.print(f"  （先 export OPINION_TOPIC_PREFIX={road.settings.topic_prefix}）")
    out.print(
        "  看指标  "
        + "  ".join(f"{s.label} http://127.0.0.1:{port}/metrics" for s, port in road.metrics.items())
        + f"  台账 http://127.0.0.1:{ledger.port}/metrics"
    )
    out.print("  台账正在写入，几秒后可查：")
    out.print(f"  查台账  .venv/bin/opinion-stream ledger status --url {ledger.url}", soft_wrap=True)
    out.print(f"  用 SQL  sqlite3 {ledger.path} '{_ASK}'", soft_wrap=True)
    out.print(f"  看日志  {road.run_dir}")
    stop = threading.Event()
    before = {n: signal.signal(n, lambda *_: stop.set()) for n in (signal.SIGINT, signal.SIGTERM)}
    with _terminal_to_ourselves():
        runs = True
        while not stop.wait(0.5):
            road.workers().check()
            if runs and not (runs := ledger.check()):
                out.print(f"台账进程反复退出，不再启动；流水线照常运行，原因见 {ledger.log_file}")
    for number, handler in before.items():
        signal.signal(number, handler)
    out.print("正在停止……")


@contextmanager
def _terminal_to_ourselves() -> Iterator[None]:
    """Have Ctrl-C reach this process alone: `make run`, which waits for us, would call our clean stop an error."""
    if not sys.stdin.isatty() or os.getpgrp() == os.getpid():
        yield
        return
    terminal = sys.stdin.fileno()
    group = os.tcgetpgrp(terminal)
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # else taking the terminal would stop us
    os.setpgid(0, 0)
    os.tcsetpgrp(terminal, os.getpgrp())
    try:
        yield
    finally:
        os.tcsetpgrp(terminal, group)
        os.setpgid(0, group)
        signal.signal(signal.SIGTTOU, before)
