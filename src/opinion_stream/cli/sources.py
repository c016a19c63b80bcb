"""`opinion-stream sources status|list`: how the sources stand, and which there are."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from opinion_stream.cli.common import ConfigOption, out, print_table, settings_of
from opinion_stream.errors import SettingsError
from opinion_stream.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

    from opinion_stream.adapters.sources.status import SourceStatus
    from opinion_stream.policy import Policy
    from opinion_stream.policy.source import SourceBase

COLOURS = {"ok": "green", "late": "yellow", "failing": "red", "silent": "red", "off": "dim", "unknown": "yellow"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    sources = typer.Typer(help="监测来源 · How the sources stand, and which there are.", no_args_is_help=True)
    sources.command(
        "status",
        epilog="Examples:\n\nopinion-stream sources status\n\n"
        "opinion-stream sources status county-site --json\n\n"
        "opinion-stream sources status --watch\n\n"
        "*/10 * * * * opinion-stream sources status --json > status.json || alert-the-desk",
    )(status)
    sources.command("list", epilog="Examples:\n\nopinion-stream sources list\n\nopinion-stream sources list --json")(
        list_sources
    )
    app.add_typer(sources, name="sources")


def status(
    names: list[str] | None = typer.Argument(
        None, metavar="[SOURCE]", help="Names in sources.yaml; left out: all of them."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON array with every figure."),
    watch: bool = typer.Option(False, "--watch", help="Show it anew every few seconds, until Ctrl-C."),
    every: float = typer.Option(5.0, "--every", min=0.5, help="Seconds between two looks of --watch."),
    config: ConfigOption = None,
) -> None:
    """Tell how the sources stand, from what `collect` wrote below OPINION_STATE_DIR on this machine.

    Ends with 1 when an enabled source is not healthy: failing, late, silent, or never read. So cron or a monitoring
    system can use it; it tells of a `collect` that does not run, too. Needs no broker.
    """
    from opinion_stream.policy import load_policy

    if watch and as_json:
        raise SettingsError("--watch and --json do not go together: call it again for fresh JSON")
    settings = settings_of(config=config)
    policy = load_policy(settings.config)
    chosen = _chosen(policy, names or [])
    if watch:
        _watch(settings, policy, chosen, every)
        return
    found = _look(settings, policy, chosen)
    if as_json:
        typer.echo(json.dumps([one.as_json() for one in found], ensure_ascii=False, indent=2))
    else:
        print_table(_table(found))
        _print_reasons(found)
    if any(one.needs_attention for one in found):
        raise typer.Exit(1)


def list_sources(
    as_json: bool = typer.Option(False, "--json", help="One JSON array."), config: ConfigOption = None
) -> None:
    """List the sources of `sources.yaml`: kind, pace, expected rhythm, ground for reading."""
    from rich.table import Table

    from opinion_stream.policy import load_policy

    policy = load_policy(settings_of(config=config).config)
    sources = policy.sources.sources
    if as_json:
        rows = [
            {**source.model_dump(mode="json", include=_LISTED), "every_minutes": _every(policy, source)}
            for source in sources
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table("来源", "名称", "种类", "启用", "每隔（分）", "通常（小时）", "地区", "依据")
    for source in sources:
        expected = source.expected_every_hours
        table.add_row(
            *(source.name, source.title, source.kind, "是" if source.enabled else "否", f"{_every(policy, source):g}"),
            *(f"{expected:g}" if expected else "—", source.region_hint or "—", source.licence),
        )
    print_table(table)
    out.print(f"共 {len(sources)} 个来源，启用 {sum(source.enabled for source in sources)} 个")


_LISTED = {"name", "title", "kind", "enabled", "expected_every_hours", "region_hint", "licence"}


def _every(policy: Policy, source: SourceBase) -> float:
    return policy.sources.schedule_of(source).every_minutes


def _chosen(policy: Policy, names: Sequence[str]) -> list[SourceBase]:
    known: dict[str, SourceBase] = {source.name: source for source in policy.sources.sources}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SettingsError(f"{', '.join(unknown)}: not in sources.yaml; known: {', '.join(known) or 'none'}")
    return [known[name] for name in dict.fromkeys(names)] or list(known.values())


def _look(settings: Settings, policy: Policy, sources: Sequence[SourceBase]) -> list[SourceStatus]:
    from opinion_stream.adapters.sources.status import statuses

    return statuses(settings.state_dir, policy, sources, datetime.now(UTC))


def _watch(settings: Settings, policy: Policy, sources: Sequence[SourceBase], every: float) -> None:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    def picture() -> Group:
        found = _look(settings, policy, sources)
        at = datetime.now(UTC).astimezone().strftime("%H:%M:%S")
        return Group(_table(found), Text(f"{at}  每{every:g}秒更新，Ctrl-C 结束", style="dim"))

    try:
        with Live(picture(), console=out, auto_refresh=False) as live:
            while True:
                time.sleep(every)
                live.update(picture(), refresh=True)
    except KeyboardInterrupt:
        return


def _table(found: Sequence[SourceStatus]) -> Table:
    from rich.table import Table

    table = Table(
        "来源", "状态", "最近成功", "最近新内容", "滞后", "出错率", "静默/通常", "漏读/补回", "进度", "下次读取"
    )
    for one in found:
        colour = COLOURS[one.state.value]
        table.add_row(one.source.name, f"[{colour}]{one.state.label}[/{colour}]", *one.cells())
    return table


def _print_reasons(found: Sequence[SourceStatus]) -> None:
    for one in found:
        if one.needs_attention:
            out.print(f"{one.source.title}（{one.source.name}）{one.state.label}：{one.reason}", markup=False)
    watched = [one for one in found if one.source.enabled]
    bad = sum(one.needs_attention for one in found)
    out.print(f"启用 {len(watched)} 个来源，{bad} 个不正常" if bad else f"启用 {len(watched)} 个来源，全部正常")
