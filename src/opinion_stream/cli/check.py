"""`opinion-stream config check` and `opinion-stream doctor`: what is wrong before anything starts."""

from __future__ import annotations

import asyncio
import importlib
import os
import platform
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import typer

from opinion_stream.cli.common import BootstrapOption, ConfigOption, out, settings_of
from opinion_stream.errors import OpinionStreamError, PolicyError
from opinion_stream.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    config = typer.Typer(help="Look at the policy.", no_args_is_help=True)
    config.command("check", epilog="Example:\n\nopinion-stream config check --config examples/xidi")(check_config)
    app.add_typer(config, name="config")
    app.command("doctor")(doctor)


def check_config(config: ConfigOption = None) -> None:
    """Validate the policy folder; each problem with file, key and reason. Exit code 1 when there are any."""
    from opinion_stream.policy import load_policy

    folder = settings_of(config=config).config
    try:
        policy = load_policy(folder)
    except PolicyError as error:
        for problem in error.problems:
            out.print(problem, markup=False)
        out.print(f"{folder}: {len(error.problems)} 处问题", markup=False)
        raise typer.Exit(1) from error
    out.print(
        f"{folder}: 正确。{policy.jurisdiction.name}：地区 {len(policy.regions.regions)}，"
        f"单位 {len(policy.units.units)}，"
        f"一级分类 {len(policy.categories.categories)}，报送路线 {len(policy.routes.routes)}，"
        f"时限 {len(policy.deadlines.clocks)}，值班岗位 {len(policy.duty.posts)}",
        markup=False,
    )


def doctor(config: ConfigOption = None, bootstrap: BootstrapOption = None) -> None:
    """Say what is missing on this machine and the cure. Exit code 1 when something needed is missing."""
    settings = settings_of(bootstrap, config)
    checks: list[tuple[str, bool, Callable[[Settings], str]]] = [
        ("Python", True, _python),
        ("libraries", True, _libraries),
        ("policy", True, _policy),
        ("state folder", True, _state),
        ("pseudonym key", False, _key),
        ("embedded broker", False, _embedded),
        ("Kafka", False, _kafka),
        ("Java and Maven", False, _java),
    ]
    failed = False
    for name, needed, check in checks:
        try:
            out.print(f"[green]✓[/green] {name}: {check(settings)}")
        except OpinionStreamError as error:
            failed |= needed
            mark = "[red]✗[/red]" if needed else "[yellow]–[/yellow]"
            out.print(f"{mark} {name}: {error}")
    if failed:
        raise typer.Exit(1)


def _python(_: Settings) -> str:
    if sys.version_info[:2] not in ((3, 11), (3, 12)):
        raise OpinionStreamError(f"{platform.python_version()} is not supported; install Python 3.11 and `make setup`")
    return platform.python_version()


def _libraries(_: Settings) -> str:
    names = ("faust", "aiokafka", "rocksdict", "rjieba", "jieba", "opencc", "chinese_calendar", "cryptography")
    missing = []
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    if missing:
        raise OpinionStreamError(f"cannot be imported: {', '.join(missing)}; run `make setup`")
    return f"{len(names)} found"


def _policy(settings: Settings) -> str:
    from opinion_stream.policy import load_policy

    policy = load_policy(settings.config)
    return f"{settings.config} ({policy.jurisdiction.name})"


def _state(settings: Settings) -> str:
    folder = Path(settings.state_dir)
    nearest = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if not os.access(nearest, os.W_OK):
        raise OpinionStreamError(f"{nearest} is not writable; set OPINION_STATE_DIR to a folder that is")
    free = shutil.disk_usage(nearest).free / 2**30
    if free < 1:
        raise OpinionStreamError(f"{nearest} has {free:.1f} GiB free; RocksDB wants at least 1 GiB")
    return f"{folder} ({free:.0f} GiB free)"


def _key(settings: Settings) -> str:
    ring, today = settings.secret_key(), datetime.now(UTC).date()
    if ring.rotation_days is None:
        return "set (one key without a period; docs/privacy.md tells how to rotate keys)"
    key, overdue = ring.on(today), ring.overdue(today)
    if overdue:
        raise OpinionStreamError(
            f"key {key.id} is in force since {key.since}, {overdue} days longer than its period of "
            f"{ring.rotation_days} days: add a key with a `from` of the day after tomorrow or later (docs/privacy.md)"
        )
    return f"{len(ring.keys)} keys, {key.id} in force since {key.since}, to be rotated after {ring.rotation_days} days"


def _embedded(_: Settings) -> str:
    from opinion_stream.adapters.embedded_broker import find_broker

    return str(find_broker())


def _kafka(settings: Settings) -> str:
    from opinion_stream.adapters.admin import topic_states

    address = settings.bootstrap()
    states = asyncio.run(topic_states(settings))
    missing = [state.name for state in states if state.found == 0]
    if missing:
        raise OpinionStreamError(
            f"{address} answers; {len(missing)} topics are missing: run `opinion-stream topics apply`"
        )
    return f"{address} answers, all {len(states)} topics exist"


def _java(_: Settings) -> str:
    missing = [name for name in ("java", "mvn") if shutil.which(name) is None]
    if missing:
        raise OpinionStreamError(f"{', '.join(missing)} not found; only `make test-kafka` needs it (apt install maven)")
    return "found"
