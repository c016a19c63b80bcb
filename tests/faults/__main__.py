"""Runs the fault suite: `python -m faults --minutes 10 --seed 1` (with `tests` on PYTHONPATH), or `make test-faults`.

Exit codes: 0 all promises hold; 1 one is broken (what was found is printed, logs are kept); 3 no Kafka or no Java here.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from faults.checker import Checker, Findings, read_all
from faults.fleet import Fleet
from faults.injector import Injector, Struck
from faults.kinds import DISK_BYTES, Scene
from faults.load import ROOT, Load, real_lines
from faults.node import Node
from faults.patient import clients, patiently
from faults.report import Run, text, write
from opinion_stream.adapters.admin import apply_topics
from opinion_stream.demo.road import environment
from opinion_stream.policy import load_policy
from opinion_stream.settings import Settings, load_settings
from opinion_stream.topics import Stage

SESSION_SECONDS = 10.0
LEFT = "run.json"
"""What a run leaves in its folder beside logs and data, for `--check`."""


def main() -> int:
    """The command."""
    options = _options()
    if options.check is not None:
        return _check_again(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that all is taken down
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="opinion-stream-faults-"))
    node = Node(folder / "kafka")
    try:
        node.start()
    except subprocess.CalledProcessError as error:
        shutil.rmtree(folder, ignore_errors=True)
        return 3 if error.returncode == 3 else 1
    holds = False
    try:
        with small_disks(folder / "run"):
            run = asyncio.run(_run(options, node, folder / "run"))
        holds = run.findings.hold
        print(text(run))
        if options.report is not None:
            write(run, options.report)
    finally:
        node.stop()
        if holds:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"logs, state and the broker's data are kept in {folder}", file=sys.stderr)
    return 0 if holds else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m faults",
        description="Strike faults on a real Kafka for a while, then prove that nothing was lost or doubled.",
        epilog="Examples: python -m faults --minutes 10; python -m faults --minutes 240 --seed 7 --faults 500",
    )
    parser.add_argument("--minutes", type=float, default=10, help="strike for so long (default 10)")
    parser.add_argument("--faults", type=int, default=0, help="and until so many were struck (default 0)")
    parser.add_argument("--seed", type=int, default=20161, help="the order of faults derives from it")
    parser.add_argument("--outage", type=float, default=60, help="seconds the broker stays away (default 60)")
    parser.add_argument("--pulse", type=int, default=25, help="mentions sent at once with each fault (default 25)")
    parser.add_argument("--per-step", type=int, default=15, help="messages added to each step (default 15)")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--only", default="", help="only faults whose name contains this, such as rebalance")
    parser.add_argument("--check", type=Path, help="strike nothing: check what an earlier run has kept in this folder")
    parser.add_argument("--report", type=Path, help="write the report to this file as well")
    return parser.parse_args()


def _check_again(options: argparse.Namespace) -> int:
    """The checker alone, over the data of a run that was kept; `--partitions` as it had them."""
    node = Node(options.check / "kafka")
    node.again()
    try:
        had = json.loads((options.check / LEFT).read_text(encoding="utf-8"))
        settings = _settings(node.address, had["seed"], options.partitions)
        findings = asyncio.run(_findings(settings, had["codes"], had["sent"]))
        struck = [Struck(**fault) for fault in had["struck"]]
        run = Run(had["seed"], had["minutes"], _load_words(), struck, findings, had["exits"])
        print(text(run))
        if options.report is not None:
            write(run, options.report)
    finally:
        node.stop()
    return 0 if findings.hold else 1


@contextmanager
def small_disks(folder: Path) -> Iterator[None]:
    """Give each worker's state a small disk of its own where that is allowed (root on Linux); all in one here."""
    disk = folder / "disks"
    disk.mkdir(parents=True)
    mounts: list[Path] = []
    original = Fleet.add

    def add(fleet: Fleet, stage: Stage) -> object:
        number = sum(worker.stage is stage for worker in fleet.workers.values()) + 1
        state = fleet.folder / f"{stage.value}-{number}" / "state"
        state.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(state)]
        if os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0:
            mounts.append(state)
        return original(fleet, stage)

    Fleet.add = add
    try:
        yield
    finally:
        Fleet.add = original
        for mount in mounts:
            subprocess.run(["umount", "-l", str(mount)], capture_output=True, check=False)


def _settings(address: str, seed: int, partitions: int) -> Settings:
    return load_settings(
        kafka_bootstrap=address,
        topic_prefix=f"faults-{seed}",
        pseudonym_key="a key for the tests only, not a secret",
        config=ROOT / "config",
        partitions=partitions,
        clock="topic",
        commit_seconds=0.2,
        batch_seconds=0.02,
        session_seconds=SESSION_SECONDS,
    )


async def _run(options: argparse.Namespace, node: Node, folder: Path) -> Run:
    settings = _settings(node.address, options.seed, options.partitions)
    await patiently(lambda: apply_topics(settings))
    fleet = Fleet(folder, environment(settings, folder))
    dice = random.Random(options.seed)
    began = time.monotonic()
    try:
        fleet.start()
        await asyncio.to_thread(fleet.wait_ready)
        print(f"{time.monotonic() - began:6.0f} s  all workers consume", flush=True)
        async with (
            clients(node.address, settings.topic_prefix) as (producer, watcher, far),
            clients(node.address, settings.topic_prefix) as (_, other, lags),
        ):
            load = Load(settings, producer, watcher, far, options.seed, options.per_step)
            playing = asyncio.ensure_future(load.play())
            scene = Scene(node, fleet, load, dice, SESSION_SECONDS, options.outage, options.pulse)
            injector = Injector(scene, other, lags, print, options.only)
            striking = asyncio.ensure_future(injector.run(options.minutes * 60, options.faults))
            done, _ = await asyncio.wait({playing, striking}, return_when=asyncio.FIRST_COMPLETED)
            load.stop = True
            for task in done:
                task.result()
            await playing
            print(
                f"{time.monotonic() - began:6.0f} s  at rest after {load.steps} steps, {load.sent} messages", flush=True
            )
        minutes = (time.monotonic() - began) / 60
    finally:
        codes = await asyncio.to_thread(fleet.stop)
    left = {
        "seed": options.seed,
        "minutes": minutes,
        "sent": load.sent,
        "codes": codes,
        "exits": _exits(fleet, codes),
        "struck": [asdict(fault) for fault in injector.struck],
    }
    (folder.parent / LEFT).write_text(json.dumps(left), encoding="utf-8")
    findings = await _findings(settings, codes, load.sent)
    return Run(options.seed, minutes, _load_words(), injector.struck, findings, _exits(fleet, codes))


async def _findings(settings: Settings, codes: dict[str, int], sent: int) -> Findings:
    print("        reading and checking everything ...", flush=True)
    records = await patiently(lambda: read_all(settings))
    findings = Checker(settings, load_policy(settings.config), records, sent).check()
    findings.add(
        "at the end every worker stops by itself with exit code 0",
        f"{len(codes)} workers",
        [f"{name}: {code}" for name, code in codes.items() if code],
    )
    return findings


def _load_words() -> str:
    return "real messages" if real_lines() else "copies of its messages (the real ones are not on this machine)"


def _exits(fleet: Fleet, codes: dict[str, int]) -> str:
    tally: Counter[int] = Counter(codes.values())
    for worker in fleet.workers.values():
        tally += worker.exits
    words = {0: "0 (in order)", 70: "70 (stopped itself to be safe)", -9: "SIGKILL"}
    return ", ".join(f"{words.get(code, code)}: {count}" for code, count in sorted(tally.items()))


if __name__ == "__main__":
    sys.exit(main())
