"""`opinion-stream dlq`: records that could not be processed: list, show, replay, discard."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import orjson
import typer

from opinion_stream.cli.common import BootstrapOption, ConfigOption, err, out, print_table, settings_of
from opinion_stream.domain.dead_letters.codes import CODES
from opinion_stream.domain.dead_letters.decisions import (
    UNSETTLED,
    Choice,
    chosen,
    why_not_discard,
    why_not_replay,
)
from opinion_stream.errors import OpinionStreamError
from opinion_stream.models.control import DeadLetterState
from opinion_stream.topics import BY_NAME, Stage

if TYPE_CHECKING:
    from rich.text import Text

    from opinion_stream.adapters.dead_letters import Window
    from opinion_stream.domain.dead_letters.standing import Standing
    from opinion_stream.settings import Settings

IdsArgument = Annotated[
    list[str] | None, typer.Argument(help="Ids (d-…) or their beginnings. Left out: all that the filters mean.")
]
StageOption = Annotated[list[Stage] | None, typer.Option("--stage", help="Only of this stage; repeat for several.")]
ReasonOption = Annotated[
    list[str] | None, typer.Option("--reason", help="Only with this reason code; repeat for several.")
]
TopicOption = Annotated[list[str] | None, typer.Option("--topic", help="Only from this topic, with or without prefix.")]
StateOption = Annotated[list[DeadLetterState] | None, typer.Option("--state", help="Only in this state.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="Only those that failed or changed since: 90m, 12h, 3d, or a time.")
]
AllOption = Annotated[bool, typer.Option("--all", help="All that the filters mean; needed where no filter is given.")]
RoleOption = Annotated[str, typer.Option("--role", help="The acting role, e.g. operator; never a person's name.")]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]
R = TypeVar("R")
_LISTED = 20
_TIME = "%Y-%m-%d %H:%M:%S"
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_ROLE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SPAN = re.compile(r"(\d{1,5})([mhd])")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="死信：处理不了的记录。查看、重放、作废。 Records that could not be processed.", no_args_is_help=True
    )
    group.command(
        "list",
        epilog="Examples:\n\nopinion-stream dlq list\n\nopinion-stream dlq list --stage collection --reason bad_time "
        "--since 12h\n\nopinion-stream dlq list --state parked --json",
    )(list_letters)
    group.command("show", epilog="Example:\n\nopinion-stream dlq show d-1a2b")(show)
    group.command(
        "replay",
        epilog="Examples:\n\nopinion-stream dlq replay d-1a2b --wait 30\n\n"
        "opinion-stream dlq replay --reason text_too_long --dry-run\n\n"
        "opinion-stream dlq replay --state parked --stage collection --force --note '上限已改为 3 万字'",
    )(replay)
    group.command(
        "discard",
        epilog="Example:\n\nopinion-stream dlq discard d-1a2b --role operator --note '测试数据，来源已确认'",
    )(discard)
    app.add_typer(group, name="dlq")


def list_letters(
    ids: IdsArgument = None,
    stage: StageOption = None,
    reason: ReasonOption = None,
    topic: TopicOption = None,
    state: StateOption = None,
    since: SinceOption = None,
    every: bool = typer.Option(False, "--all", help="Resolved and discarded ones, too."),
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """List dead letters that are not settled: open, parked, or replayed without an outcome yet."""
    settings = settings_of(bootstrap)
    states = state or ([] if every else sorted(UNSETTLED))
    choice = _choice(settings, ids, stage, reason, topic, states, since)

    async def read(window: Window) -> list[Standing]:
        return chosen(choice, (await window.standings()).values())

    found = _with_window(settings, read)
    if as_json:
        out.print(orjson.dumps([_plain(standing) for standing in found]).decode(), markup=False)
        return
    _print_list(found)


def show(
    letter: str = typer.Argument(help="Id of the dead letter (d-…) or its beginning."),
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """Show one: reason, place, and the content with personal data masked. Needs OPINION_PSEUDONYM_KEY."""
    from opinion_stream.adapters.dead_letters import sealer_of

    settings = settings_of(bootstrap, config)
    sealer = sealer_of(settings)

    async def read(window: Window) -> tuple[Standing, str | None]:
        standing = _one(await window.standings(), letter)
        return standing, (await window.originals([standing.id])).get(standing.id)

    standing, sealed = _with_window(settings, read)
    lines = [("（原始记录已超过保存期）", "")] if sealed is None else _view(settings, standing, sealer.open(sealed))
    if as_json:
        content = [{"field": field, "value": value} for field, value in lines]
        out.print(orjson.dumps({**_plain(standing), "content": content}).decode(), markup=False)
        return
    from rich.table import Table

    facts = Table("项目", "内容", show_header=False)
    for name, value in _facts(standing):
        facts.add_row(name, _literal(value))
    print_table(facts)
    content_table = Table("字段", "内容（个人信息已隐去）")
    for field, value in lines:
        content_table.add_row(_literal(field), _literal(value))
    print_table(content_table)


def replay(
    ids: IdsArgument = None,
    stage: StageOption = None,
    reason: ReasonOption = None,
    topic: TopicOption = None,
    state: StateOption = None,
    since: SinceOption = None,
    every: AllOption = False,
    force: bool = typer.Option(False, "--force", help="Parked, discarded and unanswered ones, too."),
    role: RoleOption = "operator",
    note: str = typer.Option("", "--note", help="What was put right."),
    wait: float = typer.Option(0, "--wait", min=0, help="Seconds to wait for what becomes of them."),
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """Put records back on the topic they came from, byte by byte. One that fails again is parked, not looped.

    Put right first why they failed (a limit in the policy, a fault of the source). Replaying twice does no harm:
    downstream, ids tell repeats apart. Needs OPINION_PSEUDONYM_KEY. Exit code 1 when one could not be replayed.
    """
    settings = settings_of(bootstrap, config)
    choice = _choice(settings, ids, stage, reason, topic, state, since, every=every)
    _check_role(role)
    words = _masked(settings, note)

    async def act(window: Window) -> dict[str, object]:
        meant = chosen(choice, (await window.standings()).values())
        skipped = {s.id: why for s in meant if (why := why_not_replay(s, force=force)) is not None}
        going = [standing for standing in meant if standing.id not in skipped]
        if dry_run:
            return {"dry_run": True, "would_replay": [s.id for s in going], "skipped": skipped}
        with _progress("重放", len(going)) as step:
            done = await window.replay(going, role, words, step)
        result: dict[str, object] = {"replayed": list(done.replayed), "skipped": {**skipped, **done.skipped}}
        if wait and done.replayed:
            now = await window.outcomes(done.replayed, wait)
            result["states"] = dict(Counter(standing.state.value for standing in now.values()))
        return result

    _report("重放", _with_window(settings, act), as_json=as_json)


def discard(
    ids: IdsArgument = None,
    stage: StageOption = None,
    reason: ReasonOption = None,
    topic: TopicOption = None,
    state: StateOption = None,
    since: SinceOption = None,
    every: AllOption = False,
    role: str = typer.Option(..., "--role", help="The acting role, e.g. operator; never a person's name."),
    note: str = typer.Option(..., "--note", help="Why they need not be processed."),
    yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask."),
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """Write down, with role and reason, that these records need not be processed. Nothing is deleted by it."""
    settings = settings_of(bootstrap, config)
    choice = _choice(settings, ids, stage, reason, topic, state, since, every=every)
    _check_role(role)
    words = _masked(settings, note).strip()
    if not words:
        raise OpinionStreamError("--note: 作废必须写明理由 (say why)")

    async def act(window: Window) -> dict[str, object]:
        meant = chosen(choice, (await window.standings()).values())
        skipped = {s.id: why for s in meant if (why := why_not_discard(s)) is not None}
        going = [standing for standing in meant if standing.id not in skipped]
        if dry_run:
            return {"dry_run": True, "would_discard": [s.id for s in going], "skipped": skipped}
        if going and not yes:
            typer.confirm(f"作废 {len(going)} 条死信？", abort=True, err=True)
        with _progress("作废", len(going)) as step:
            return {"discarded": await window.discard(going, role, words, step), "skipped": skipped}

    _report("作废", _with_window(settings, act), as_json=as_json)


def _with_window(settings: Settings, act: Callable[[Window], Awaitable[R]]) -> R:
    from opinion_stream.adapters.dead_letters import window

    async def run() -> R:
        async with window(settings) as opened:
            return await act(opened)

    return asyncio.run(run())


def _choice(
    settings: Settings,
    ids: Sequence[str] | None,
    stage: Sequence[Stage] | None,
    reason: Sequence[str] | None,
    topic: Sequence[str] | None,
    state: Sequence[DeadLetterState] | None,
    since: str | None,
    *,
    every: bool = True,
) -> Choice:
    """The filters of the command line. Raises OpinionStreamError for an unknown one and, unless `every`, for none."""
    if not (every or ids or stage or reason or topic or state or since):
        raise OpinionStreamError("没有指明哪些死信：给出编号或筛选条件，或加 --all (name ids, filters, or --all)")
    for code in reason or ():
        if code not in CODES:
            raise OpinionStreamError(f"--reason {code!r} is no reason code; known: {', '.join(CODES)}")
    topics = [name.removeprefix(f"{settings.topic_prefix}.") for name in topic or ()]
    for name in topics:
        if name not in BY_NAME:
            raise OpinionStreamError(f"--topic: there is no topic {name!r}; known: {', '.join(BY_NAME)}")
    return Choice(
        ids=tuple(ids or ()),
        stages=frozenset(one.value for one in stage or ()),
        reasons=frozenset(reason or ()),
        topics=frozenset(topics),
        states=frozenset(state or ()),
        since=_since(since) if since else None,
    )


def _since(text: str) -> datetime:
    if span := _SPAN.fullmatch(text):
        return datetime.now(UTC) - int(span[1]) * timedelta(**{_UNITS[span[2]]: 1})
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise OpinionStreamError(f"--since {text!r}: write 90m, 12h, 3d, or a time as 2026-10-01T02:00") from error
    return at.astimezone() if at.tzinfo is None else at


def _check_role(role: str) -> None:
    if not _ROLE.fullmatch(role):
        raise OpinionStreamError(
            "--role: 写岗位角色代码，如 operator，不写姓名 (a role in small letters, never a name)"
        )


def _masked(settings: Settings, text: str) -> str:
    """What an operator wrote, without personal data: it stays on the topic."""
    return _masker(settings)(text) if text else ""


def _masker(settings: Settings) -> Callable[[str], str]:
    from opinion_stream.domain.collection.pipeline import Collector
    from opinion_stream.policy import load_policy

    return Collector(load_policy(settings.config), settings.secret_key()).masked


def _view(settings: Settings, standing: Standing, value: bytes) -> list[tuple[str, str]]:
    from opinion_stream.adapters.dead_letters import topic_of
    from opinion_stream.domain.dead_letters.view import Viewer, fields_of

    return Viewer(_masker(settings), fields_of(topic_of(standing.letter).model)).view(value)


def _one(every: dict[str, Standing], name: str) -> Standing:
    fitting = [every[name]] if name in every else [s for s in every.values() if s.id.startswith(name)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise OpinionStreamError(f"{name!r} is the beginning of {len(fitting)} ids: write more of it")
    raise OpinionStreamError(f"没有编号为 {name!r} 的死信；见 opinion-stream dlq list --all")


def _plain(standing: Standing) -> dict[str, object]:
    letter = standing.letter
    return {
        **letter.model_dump(mode="json", exclude={"original_sealed", "key_sealed", "at", "changed_at"}),
        "first_at": standing.first_at.isoformat(),
        "changed_at": standing.changed_at.isoformat(),
        "occurrences": max(1, len(standing.places)),
        "has_original": standing.has_original,
    }


def _facts(standing: Standing) -> Iterator[tuple[str, str]]:
    letter = standing.letter
    yield "编号", letter.id
    yield "状态", f"{letter.state.label}（第 {letter.version} 版）"
    yield "环节", f"{Stage(letter.stage).label}（{letter.stage}）"
    yield "原因", f"{letter.reason}（{letter.kind}）"
    yield "位置", f"{letter.topic} 分区 {letter.partition} 位点 {letter.offset}"
    yield "首次失败", standing.first_at.astimezone().strftime(_TIME)
    yield "最近变动", standing.changed_at.astimezone().strftime(_TIME)
    yield "重放次数", str(letter.attempts)
    yield "出现次数", str(max(1, len(standing.places)))
    yield "大小", f"{letter.size} 字节"
    if letter.role:
        yield "经办角色", letter.role
    if letter.note:
        yield "说明", letter.note


def _print_list(found: Sequence[Standing]) -> None:
    from rich.table import Table

    if not found:
        out.print("没有符合条件的死信。")
        return
    table = Table("编号", "状态", "环节", "原因代码", "原因", "主题", "时间", "重放", "字节")
    for standing in found:
        letter = standing.letter
        at = standing.changed_at.astimezone().strftime("%m-%d %H:%M")
        stage, where = Stage(letter.stage).label, f"{letter.topic} {letter.partition}/{letter.offset}"
        cells = (letter.id, letter.state.label, stage, letter.kind, letter.reason, where, at, str(letter.attempts))
        table.add_row(*map(_literal, cells), str(letter.size))
    print_table(table)
    tally = Counter((s.letter.stage, s.letter.kind) for s in found)
    out.print(f"共 {len(found)} 条：" + "，".join(f"{stage}/{code} {n}" for (stage, code), n in tally.most_common(12)))


def _report(what: str, result: dict[str, object], *, as_json: bool) -> None:
    skipped = result["skipped"]
    assert isinstance(skipped, dict)
    if as_json:
        out.print(orjson.dumps(result).decode(), markup=False)
    else:
        done = next(
            value for key, value in result.items() if key.endswith(("replayed", "replay", "discarded", "discard"))
        )
        assert isinstance(done, list)
        verb = f"将{what}" if "dry_run" in result else f"已{what}"
        out.print(f"{verb} {len(done)} 条，跳过 {len(skipped)} 条")
        for name in done[:_LISTED] if "dry_run" in result else []:
            out.print(f"  {name}", markup=False)
        for name, why in list(skipped.items())[:_LISTED]:
            out.print(f"  跳过 {name}：{why}", markup=False)
        states = result.get("states")
        if isinstance(states, dict):
            told = "，".join(f"{DeadLetterState(state).label} {count}" for state, count in states.items())
            out.print(f"结果：{told or '还没有'}")
    if skipped:
        raise typer.Exit(1)


def _literal(text: str) -> Text:
    from rich.text import Text

    return Text(text)


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err) as progress:
        bar = progress.add_task(what, total=total)
        yield lambda count: progress.advance(bar, count)
