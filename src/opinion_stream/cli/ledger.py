"""`opinion-stream ledger`: the ledger's service, and the commands that look after its database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from opinion_stream.cli.common import BootstrapOption, ConfigOption, err, out, print_table, settings_of
from opinion_stream.errors import LedgerError
from opinion_stream.settings import Settings, load_settings

if TYPE_CHECKING:
    import sqlalchemy as sa

    from opinion_stream.adapters.ledger.places import Where

UrlOption = Annotated[
    str | None,
    typer.Option("--url", help="sqlite:///PATH or postgresql://… [env: OPINION_LEDGER_URL, default: below state_dir]"),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    ledger = typer.Typer(
        name="ledger",
        help="台账：所有事项写入 SQL，供值班、通报和看板使用 · every event in SQL.",
        no_args_is_help=True,
        epilog="Examples:\n\nopinion-stream ledger migrate\n\nopinion-stream ledger run\n\n"
        "OPINION_LEDGER_URL=postgresql://ledger@db/opinion opinion-stream ledger rebuild --replace\n\n"
        "opinion-stream ledger export --out ledger-2026-11/",
    )
    ledger.command("run")(run)
    ledger.command("migrate")(migrate)
    ledger.command("rebuild")(rebuild)
    ledger.command("verify")(verify)
    ledger.command("export")(export)
    ledger.command("prune")(prune)
    ledger.command("status")(status)
    app.add_typer(ledger)


def run(
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
    url: UrlOption = None,
    migrate: bool = typer.Option(True, help="Bring the schema up to date first."),
) -> None:
    """Write what comes on the topics into the ledger, until SIGTERM or Ctrl-C."""
    settings = _settings(url, bootstrap, config)
    settings.broker()
    place = _where(settings)
    if migrate:
        _migrate(settings, place)
    asyncio.run(_serve(settings, place, names_rules=migrate))


async def _serve(settings: Settings, place: Where, names_rules: bool) -> None:
    """`names_rules`: the names in it are of the policy at hand, which the figures then tell."""
    from opinion_stream.adapters.door import watched_door
    from opinion_stream.adapters.ledger.clock import SimulatedClock, forget_clock
    from opinion_stream.adapters.ledger.metrics import LedgerMetrics
    from opinion_stream.adapters.ledger.migrating import check_revision
    from opinion_stream.adapters.ledger.service import Ledger
    from opinion_stream.adapters.ledger.writing import Writer
    from opinion_stream.adapters.logs import set_up_logs
    from opinion_stream.adapters.signals import stop_on_signals
    from opinion_stream.agents.worker_metrics import describe_process
    from opinion_stream.policy import load_policy

    set_up_logs(settings.log_level)
    stop = stop_on_signals()
    with place.opened() as engine:
        check_revision(engine)
        simulated = settings.clock == "topic"
        if not simulated:
            forget_clock(engine)
        metrics = LedgerMetrics()
        describe_process(metrics.registry, "ledger", load_policy(settings.config) if names_rules else None)
        service = Ledger(settings, Writer(engine), SimulatedClock(engine) if simulated else None, metrics)
        async with watched_door(settings, metrics.registry, service.ready):
            await service.run(stop)


def migrate(config: ConfigOption = None, url: UrlOption = None) -> None:
    """Make the tables and views, or bring them up to date; write the Chinese names of this policy into `labels`."""
    settings = _settings(url, config=config)
    place = _where(settings)
    before, after = _migrate(settings, place)
    said = "新建" if before is None else f"原版本 {before}"
    out.print(f"台账已就绪：{place}，版本 {after}（{said}）", markup=False)


def _migrate(settings: Settings, place: Where) -> tuple[str | None, str]:
    from opinion_stream.adapters.ledger.labels import write_labels
    from opinion_stream.adapters.ledger.migrating import migrate
    from opinion_stream.policy import load_policy

    policy = load_policy(settings.config)
    with place.opened() as engine:
        revisions = migrate(engine, place.schema)
        write_labels(engine, policy)
    return revisions


def rebuild(
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
    url: UrlOption = None,
    replace: bool = typer.Option(False, "--replace", help="Let it take the place of the ledger in use."),
    lossy: bool = typer.Option(False, "--lossy", help="Even if the topics no longer hold all that the old one has."),
) -> None:
    """Build a new ledger from the topics, beside the one in use (file or schema with the ending `rebuild`).

    The old one is kept beside it when the new one takes its place.
    """
    from opinion_stream.adapters.ledger.places import put_in_place
    from opinion_stream.adapters.ledger.pruning import carry_over, lost

    settings = _settings(url, bootstrap, config)
    place = _where(settings)
    new = place.beside("rebuild")
    new.empty()
    _migrate(settings, new)
    number = asyncio.run(_fill(settings, new))
    fewer: dict[str, tuple[int, int]] = {}
    if place.exists():
        with _ready(place) as old, new.opened() as made:
            carry_over(old, made)
            fewer = lost(old, made)
    verdict = _proven(new)
    out.print(f"已由主题重建：{number} 条记录，{new}，审计指纹 {verdict}", markup=False)
    for name, (before, after) in fewer.items():
        out.print(f"提示：{name} 原有 {before} 行，重建后 {after} 行，其余已超过主题的保存期", markup=False)
    if replace and fewer and not lossy:
        raise LedgerError("重建后的台账较原来的少，未启用；确需启用的加 --lossy（原台账仍会保留）")
    if replace:
        kept = put_in_place(new, place, datetime.now(UTC))
        out.print(f"已启用新台账 {place}；原台账保留为 {kept}", markup=False)


async def _fill(settings: Settings, new: Where) -> int:
    from opinion_stream.adapters.ledger.rebuilding import fill
    from opinion_stream.adapters.ledger.writing import Writer
    from opinion_stream.adapters.reading import reader

    columns = (TextColumn("重建台账"), BarColumn(), TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn())
    async with reader(settings.broker()) as read:
        with new.opened() as engine, Progress(*columns, TimeRemainingColumn(), console=err) as progress:
            bar = progress.add_task("rebuild", total=None)
            return await fill(
                settings, read, Writer(engine), lambda done, of: progress.update(bar, completed=done, total=of)
            )


def _proven(place: Where) -> str:
    from opinion_stream.adapters.ledger.proving import prove

    with place.opened(read_only=True) as engine:
        verdict = prove(engine)
    if not verdict.holds:
        raise LedgerError(f"{place}: 审计校验未通过，请运行 opinion-stream ledger verify 查看")
    return verdict.fingerprint


def verify(url: UrlOption = None) -> None:
    """Prove the audit: every chain, its guard, and that nothing is missing. Exit code 1 when it does not hold."""
    from opinion_stream.adapters.ledger.proving import prove

    told = Progress(TextColumn("校验审计链"), TextColumn("{task.completed} 条"), console=err, transient=True)
    with _ready(_where(_settings(url))) as engine, told as progress:
        bar = progress.add_task("verify", total=None)
        verdict = prove(engine, lambda links: progress.update(bar, completed=links))
    if verdict.broken is not None:
        broken = verdict.broken
        out.print(f"审计链断裂：{broken.subject} 第 {broken.seq} 条：{broken.why}", markup=False)
    if not verdict.guarded:
        out.print("审计表的防改触发器缺失或已停用", markup=False)
    for words in verdict.missing:
        out.print(f"审计中缺少：{words}", markup=False)
    if not verdict.holds:
        raise typer.Exit(1)
    out.print(f"审计完好：{verdict.subjects} 条链，{verdict.links} 条记录；指纹 {verdict.fingerprint}", markup=False)


def export(
    folder: Path = typer.Option(..., "--out", "-o", help="Folder to write TABLE.jsonl into; made if it is not there."),
    url: UrlOption = None,
) -> None:
    """Write every table of content as sorted canonical JSON Lines: equal ledgers give equal bytes."""
    from opinion_stream.adapters.ledger.export import export

    table = Table("表", "行数")
    with _ready(_where(_settings(url))) as engine:
        export(engine, folder, lambda name, rows: table.add_row(name, str(rows)))
    print_table(table)
    out.print(f"已写入 {folder}", markup=False)


def prune(
    config: ConfigOption = None,
    url: UrlOption = None,
    dry_run: bool = typer.Option(False, "--dry-run", help="Count what would go; delete nothing."),
) -> None:
    """Delete what is older than `ledger.yaml` says; each deletion is recorded in the audit."""
    from opinion_stream.adapters.ledger.pruning import count, due, prune
    from opinion_stream.policy import load_policy

    settings = _settings(url, config=config)
    policy = load_policy(settings.config).ledger
    place = _where(settings)
    now = datetime.now(UTC)
    with _ready(place, read_only=dry_run) as engine:
        done = count(engine, due(policy, now)) if dry_run else prune(engine, policy, now)
    table = Table("表", "保存天数", "应删行数" if dry_run else "已删行数")
    for name, days in policy.keep_days.model_dump().items():
        table.add_row(name, "长期" if days is None else str(days), str(done.get(name, 0)))
    print_table(table)


def status(url: UrlOption = None) -> None:
    """Revision, rows by table, and how far each topic has been read."""
    import sqlalchemy as sa

    from opinion_stream.adapters.ledger import schema as s
    from opinion_stream.adapters.ledger.migrating import revision_of

    place = _where(_settings(url))
    rows, read = Table("表", "行数", "说明"), Table("主题", "分区", "已读到")
    with _ready(place) as engine, engine.connect() as db:
        out.print(f"台账：{place}，版本 {revision_of(db)}", markup=False)
        for table in s.METADATA.sorted_tables:
            number = db.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            rows.add_row(table.name, str(number), table.comment or "")
        offsets = sa.select(s.OFFSETS).order_by(s.OFFSETS.c.topic, s.OFFSETS.c.partition)
        for row in db.execute(offsets):
            read.add_row(row.topic, str(row.partition), str(row.next_offset))
    print_table(rows)
    print_table(read)


def _settings(url: str | None, bootstrap: str | None = None, config: Path | None = None) -> Settings:
    settings = settings_of(bootstrap, config)
    return settings if url is None else load_settings(**{**settings.model_dump(), "ledger_url": url})


def _where(settings: Settings) -> Where:
    from opinion_stream.adapters.ledger.places import where

    return where(settings)


@contextmanager
def _ready(place: Where, *, read_only: bool = True) -> Iterator[sa.Engine]:
    """The ledger, let go of at the end. Raises LedgerError with the cure when there is none."""
    from opinion_stream.adapters.ledger.migrating import check_revision

    if not place.exists():
        raise LedgerError(f"{place}: 没有台账，请先运行 opinion-stream ledger migrate (there is no ledger yet)")
    with place.opened(read_only=read_only) as engine:
        check_revision(engine)
        yield engine
