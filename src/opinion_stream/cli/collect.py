"""`opinion-stream collect`: reads the declared sources, round the clock or once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from opinion_stream.cli.common import BootstrapOption, ConfigOption, out, print_table, settings_of
from opinion_stream.errors import SettingsError
from opinion_stream.models.source import PollOutcome
from opinion_stream.settings import Settings

if TYPE_CHECKING:
    from opinion_stream.policy import Policy
    from opinion_stream.policy.sources import Source


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "collect",
        epilog="Examples:\n\nopinion-stream collect                            every enabled source, until SIGTERM\n\n"
        "opinion-stream collect county-site --once         one source, once: to try it out\n\n"
        "opinion-stream collect --once || echo a source failed",
    )(collect)


def collect(
    names: list[str] | None = typer.Argument(
        None, metavar="[SOURCE]", help="Names in sources.yaml, enabled or not; left out: all that are enabled."
    ),
    once: bool = typer.Option(False, "--once", help="Ask each source once, print a table, end: 1 if one failed."),
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """Read sources (`config/sources.yaml`) and send what is new to the inbound topic.

    Each source is read at its own pace; one that fails is tried again, ever less often, and stops no other.
    How far each was read is kept below OPINION_STATE_DIR, and moves on only when the broker has what was read.
    With OPINION_METRICS_PORT set, /metrics, /healthz and /readyz are served. See also `sources status`.
    """
    from opinion_stream.policy import load_policy

    settings = settings_of(bootstrap, config)
    policy = load_policy(settings.config)
    sources = chosen(policy, names or [])
    outcomes = asyncio.run(_collect(settings, policy, sources, once))
    if not once:
        return
    _print(policy, outcomes)
    if not all(outcome.ok for outcome in outcomes):
        raise typer.Exit(1)


def chosen(policy: Policy, names: Sequence[str]) -> list[Source]:
    """The sources of those names, or all enabled ones. Raises SettingsError for an unknown one or none."""
    known = {source.name: source for source in policy.sources.sources}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SettingsError(f"{', '.join(unknown)}: not in sources.yaml; known: {', '.join(known) or 'none'}")
    sources = [known[name] for name in dict.fromkeys(names)] or [s for s in known.values() if s.enabled]
    if not sources:
        raise SettingsError("sources.yaml: no source is enabled; set `enabled: true`, or name the sources to read")
    return sources


async def _collect(settings: Settings, policy: Policy, sources: Sequence[Source], once: bool) -> list[PollOutcome]:
    from opinion_stream.adapters.door import Pulse, open_door
    from opinion_stream.adapters.logs import set_up_logs
    from opinion_stream.adapters.signals import stop_on_signals
    from opinion_stream.adapters.sources.service import collector

    set_up_logs("error" if once else settings.log_level)
    async with collector(settings, policy, sources) as service:
        if once:
            return await service.once()
        stop, ready, pulse = stop_on_signals(), asyncio.Event(), Pulse()
        open_door(settings, service.watch.metrics.registry, pulse.alive, lambda: ready.is_set() and not stop.is_set())
        beating = asyncio.create_task(pulse.beat())
        await service.run(stop, on_ready=ready.set)
        beating.cancel()
    return []


def _print(policy: Policy, outcomes: Sequence[PollOutcome]) -> None:
    from rich.table import Table

    titles = {source.name: source.title for source in policy.sources.sources}
    table = Table("来源", "名称", "结果", "取得", "送入", "失败", "用时（秒）", "说明")
    for outcome in outcomes:
        figures = (str(outcome.fetched), str(outcome.sent), str(outcome.failed), f"{outcome.seconds:.1f}")
        result = ("部分失败" if outcome.failed else "成功") if outcome.ok else "失败"
        table.add_row(outcome.source, titles[outcome.source], result, *figures, outcome.error or "")
    print_table(table)
    sent, failed = sum(outcome.sent for outcome in outcomes), sum(not outcome.ok for outcome in outcomes)
    out.print(f"共读取 {len(outcomes)} 个来源，送入 {sent} 条，{failed} 个来源失败")
