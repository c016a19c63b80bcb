"""`opinion-stream incident …`: look at incidents, and decide on them: grade, merge, split, close, briefs."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from opinion_stream.adapters.incident_commands import Outcome, current_incidents, send_and_wait
from opinion_stream.cli.common import BootstrapOption, ConfigOption, out, print_table, settings_of
from opinion_stream.errors import OpinionStreamError
from opinion_stream.models.base import Grade
from opinion_stream.models.brief import Brief
from opinion_stream.models.command import IncidentCommand, IncidentCommandKind
from opinion_stream.models.incident import Direction, Incident, IncidentStatus
from opinion_stream.settings import Settings

IncidentArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the incident (i-…), see `incident list`.")]
RoleOption = Annotated[
    str, typer.Option("--by-role", help="The acting role's code, e.g. duty_officer; never a person's name.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; stands in the incident's history.")]
KeyOption = Annotated[
    str | None, typer.Option("--key", help="Idempotency key: the same key acts once. Left out: a new one.")
]
WaitOption = Annotated[
    float, typer.Option("--wait", min=0, help="Wait so many seconds for the effect or the refusal; 0: do not wait.")
]
VersionOption = Annotated[
    int | None,
    typer.Option("--version", min=0, help="Version of the brief you have read; refused if a newer one stands."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    incident = typer.Typer(help="舆情事件：查看、定级、合并、拆分、关闭、审批专报。 (Incidents.)", no_args_is_help=True)
    for name, command, *examples in (
        ("list", list_incidents, "incident list", "incident list --status all --grade II --json"),
        ("show", show, "incident show i-1a2b3c4d5e6f7a8b"),
        (
            "override-grade",
            override_grade,
            "incident override-grade i-1a2b… II --by-role duty_officer --reason '现场有人员受伤' --wait 10",
            "incident override-grade i-1a2b… IV --by-role office_director --reason 演练 --until 2026-11-12T08:00+08:00",
        ),
        (
            "lift-override",
            lift_override,
            "incident lift-override i-1a2b… --by-role duty_officer --reason '险情已排除'",
        ),
        (
            "merge",
            merge,
            "incident merge i-1a2b… --into i-9f8e… --by-role duty_officer --reason '同一处停水'",
        ),
        (
            "split",
            split,
            "incident split i-1a2b… --mention weibo:17 --mention weibo:21 --by-role duty_officer --reason '另一小区'",
        ),
        ("close", close, "incident close i-1a2b… --by-role duty_officer --reason '经核实已办结'"),
        (
            "approve-brief",
            approve_brief,
            "brief i-1a2b…",
            "incident approve-brief i-1a2b… --version 7 --by-role direct_responsible --reason '同意' --wait 10",
        ),
        (
            "return-brief",
            return_brief,
            "incident return-brief i-1a2b… --by-role direct_responsible --reason '补充现场情况后再报'",
        ),
    ):
        epilog = "Examples:\n\n" + "\n\n".join(f"opinion-stream {example}" for example in examples)
        incident.command(name, epilog=epilog)(command)
    app.add_typer(incident, name="incident")


def list_incidents(
    status: str = typer.Option("open", help="open | closed | merged | all"),
    grade: Grade | None = typer.Option(None, help="Only this grade."),
    region: str | None = typer.Option(None, help="Only this region: code or name."),
    limit: int = typer.Option(50, "--limit", "-n", min=1, help="At most so many, the most serious first."),
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """List incidents as they stand, the most serious and latest first."""
    known = [*(s.value for s in IncidentStatus), "all"]
    if status not in known:
        raise OpinionStreamError(f"没有状态 {status!r}；可选：{'、'.join(known)}")
    found = [
        incident
        for incident in asyncio.run(current_incidents(settings_of(bootstrap)))
        if status in ("all", incident.status)
        and grade in (None, incident.grade)
        and region in (None, incident.region.code, incident.region.name)
    ]
    found.sort(key=lambda incident: (incident.grade.rank, -incident.last_at.timestamp(), incident.id))
    if as_json:
        out.print(json.dumps([i.model_dump(mode="json") for i in found[:limit]], ensure_ascii=False), markup=False)
        return
    table = Table("编号", "等级", "标题", "区域", "牵头单位", "提及", "声音", "走势", "状态", "最近提及")
    for incident in found[:limit]:
        table.add_row(*_row(incident))
    print_table(table)
    out.print(f"共 {len(found)} 件" + (f"，显示前 {limit} 件" if len(found) > limit else ""))


def _row(incident: Incident) -> Iterable[str]:
    counts = incident.counts
    mark = "（人工）" if incident.override is not None else ""
    return (
        incident.id,
        incident.grade.label + mark,
        incident.title,
        incident.region.name,
        incident.unit.name,
        str(counts.mentions),
        str(counts.voices),
        Direction(incident.trend.direction).label,
        _status(incident),
        f"{incident.last_at:%Y-%m-%d %H:%M}",
    )


def _status(incident: Incident) -> str:
    label = IncidentStatus(incident.status).label
    return f"{label} → {incident.merged_into}" if incident.merged_into else label


def show(incident_id: IncidentArgument, as_json: JsonOption = False, bootstrap: BootstrapOption = None) -> None:
    """Show one incident: grade with reasons, counts, history, what befell it, and its mentions."""
    incident = _named(incident_id, asyncio.run(current_incidents(settings_of(bootstrap))))
    if as_json:
        out.print(incident.model_dump_json(), markup=False)
        return
    facts = Table(show_header=False, box=None)
    for name, value in _facts(incident):
        facts.add_row(name, value)
    print_table(facts)
    _print_table("定级依据", ("规则", "说明"), ((reason.rule, reason.text) for reason in incident.reasons))
    history = ((f"{c.at:%Y-%m-%d %H:%M}", c.grade.label, f"{c.score:g}", c.by, c.reason) for c in incident.history)
    _print_table("定级经过", ("时间", "等级", "分数", "由", "说明"), history)
    events = ((f"{e.at:%Y-%m-%d %H:%M}", e.action.label, e.by, e.reason) for e in incident.events)
    _print_table("事件经过", ("时间", "事项", "由", "说明"), events)


def _facts(incident: Incident) -> Iterable[tuple[str, str]]:
    counts, override = incident.counts, incident.override
    yield "编号", f"{incident.id}（第{incident.version}版）"
    yield "标题", incident.title
    yield "状态", _status(incident)
    yield "等级", f"{incident.grade.label}，{incident.score:g}分"
    if incident.rule_grade is not None and incident.rule_grade is not incident.grade:
        yield "规则定级", incident.rule_grade.label
    if override is not None:
        until = f"，至{override.until:%Y-%m-%d %H:%M}止" if override.until else ""
        yield (
            "人工定级",
            f"{override.grade.label}（{override.by_role}，{override.at:%Y-%m-%d %H:%M}{until}）：{override.reason}",
        )
    yield "区域", f"{incident.region.name}（{incident.region.code}）"
    yield "类别与诉求", f"{incident.category}，{incident.nature.label}"
    yield "牵头单位", "、".join(unit.name for unit in (incident.unit, *incident.co_units))
    yield (
        "规模",
        (
            f"提及{counts.mentions}（其中转发复制{counts.copies}），声音{counts.voices}，互动{counts.interactions}，"
            f"阅读{counts.reads}，媒体{counts.media}"
        ),
    )
    yield "走势", Direction(incident.trend.direction).label
    yield "起止", f"{incident.first_at:%Y-%m-%d %H:%M} — {incident.last_at:%Y-%m-%d %H:%M}"
    if incident.absorbed:
        yield "并入的事件", "、".join(incident.absorbed)
    yield "提及编号", "、".join(incident.mention_ids)


def _print_table(title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    if table.row_count:
        print_table(table)


def override_grade(
    incident_id: IncidentArgument,
    grade: Annotated[Grade, typer.Argument(help="The grade that shall hold.")],
    by_role: RoleOption,
    reason: ReasonOption,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z"], help="When it ends by itself, with zone."),
    ] = None,
    key: KeyOption = None,
    wait: WaitOption = 0,
    config: ConfigOption = None,
    bootstrap: BootstrapOption = None,
) -> None:
    """Set the grade by hand: it holds until lifted, until its end, or until the rules' own rises above today's."""
    parts: dict[str, object] = {"grade": grade, "until": until}
    _act(
        IncidentCommandKind.OVERRIDE_GRADE,
        incident_id,
        by_role,
        reason,
        key,
        wait,
        settings_of(bootstrap, config),
        parts,
    )


def lift_override(
    incident_id: IncidentArgument,
    by_role: RoleOption,
    reason: ReasonOption,
    key: KeyOption = None,
    wait: WaitOption = 0,
    config: ConfigOption = None,
    bootstrap: BootstrapOption = None,
) -> None:
    """Let the rules' own grade hold again."""
    _act(IncidentCommandKind.LIFT_OVERRIDE, incident_id, by_role, reason, key, wait, settings_of(bootstrap, config), {})


def merge(
    incident_id: IncidentArgument,
    into: Annotated[str, typer.Option(help="Id of the incident that goes on.")],
    by_role: RoleOption,
    reason: ReasonOption,
    key: KeyOption = None,
    wait: WaitOption = 0,
    config: ConfigOption = None,
    bootstrap: BootstrapOption = None,
) -> None:
    """Merge an incident into another of the same region; later mentions and copies go there."""
    parts: dict[str, object] = {"into": into}
    _act(IncidentCommandKind.MERGE, incident_id, by_role, reason, key, wait, settings_of(bootstrap, config), parts)


def split(
    incident_id: IncidentArgument,
    mention: Annotated[list[str], typer.Option(help="Id of a mention that leaves; repeat for several.")],
    by_role: RoleOption,
    reason: ReasonOption,
    key: KeyOption = None,
    wait: WaitOption = 0,
    config: ConfigOption = None,
    bootstrap: BootstrapOption = None,
) -> None:
    """Split mentions off into a new incident. Only mentions that the incident still lists can leave."""
    parts: dict[str, object] = {"mention_ids": tuple(mention)}
    _act(IncidentCommandKind.SPLIT, incident_id, by_role, reason, key, wait, settings_of(bootstrap, config), parts)


def close(
    incident_id: IncidentArgument,
    by_role: RoleOption,
    reason: ReasonOption,
    key: KeyOption = None,
    wait: WaitOption = 0,
    config: ConfigOption = None,
    bootstrap: BootstrapOption = None,
) -> None:
    """Close an incident; a later mention of it opens it again."""
    _act(IncidentCommandKind.CLOSE, incident_id, by_role, reason, key, wait, settings_of(bootstrap, config), {})


def approve_brief(
    incident_id: IncidentArgument,
    by_role: RoleOption,
    reason: ReasonOption,
    version: VersionOption = None,
    key: KeyOption = None,
    wait: WaitOption = 0,
    config: ConfigOption = None,
    bootstrap: BootstrapOption = None,
) -> None:
    """Approve the brief (研判专报) on an incident; the roles are those of `approvers` in response.yaml."""
    parts: dict[str, object] = {"brief_version": version}
    kind = IncidentCommandKind.APPROVE_BRIEF
    _act(kind, incident_id, by_role, reason, key, wait, settings_of(bootstrap, config), parts)


def return_brief(
    incident_id: IncidentArgument,
    by_role: RoleOption,
    reason: ReasonOption,
    version: VersionOption = None,
    key: KeyOption = None,
    wait: WaitOption = 0,
    config: ConfigOption = None,
    bootstrap: BootstrapOption = None,
) -> None:
    """Return the brief (研判专报) on an incident; one that is due later comes for approval again."""
    parts: dict[str, object] = {"brief_version": version}
    kind = IncidentCommandKind.RETURN_BRIEF
    _act(kind, incident_id, by_role, reason, key, wait, settings_of(bootstrap, config), parts)


def _act(
    action: IncidentCommandKind,
    incident_id: str,
    by_role: str,
    reason: str,
    key: str | None,
    wait: float,
    settings: Settings,
    parts: dict[str, object],
) -> None:
    from opinion_stream.domain.places import Places
    from opinion_stream.policy import load_policy

    incident = _named(incident_id, asyncio.run(current_incidents(settings)))
    places = Places(load_policy(settings.config))
    region = incident.region.code if places.knows(incident.region.code) else places.home
    basics = {"id": key or f"cli-{secrets.token_hex(8)}", "incident_id": incident.id, "action": action}
    command = IncidentCommand.model_validate(
        {**basics, "by_role": by_role, "reason": reason, "at": datetime.now(UTC), **parts}
    )
    outcome = asyncio.run(send_and_wait(settings, command, places.shard(region), wait))
    sent = f"已发送 {action.label} → {incident.id}，幂等键 {command.id}。"
    match outcome:
        case Outcome(refused=str() as refusal):
            raise OpinionStreamError(f"操作被拒绝：{refusal}（{action.label} → {incident.id}，幂等键 {command.id}）")
        case Outcome(incidents=tuple() as changed) if changed:
            out.print(sent + "已生效：")
            for one in changed:
                out.print(f"  {one.id}  {one.grade.label}  {_status(one)}  {one.title}", markup=False)
        case Outcome(brief=Brief() as brief):
            out.print(f"{sent}已生效：专报 {brief.id} 第{brief.version}版，{brief.status.label}", markup=False)
        case _ if wait:
            raise OpinionStreamError(
                f"{sent}等了 {wait:g} 秒，没有看到结果：请确认事件归并环节（worker incidents）在运行，"
                f"再看 opinion-stream incident show {incident.id} 和 "
                "opinion-stream consume dead-letters --from-beginning；"
                f"以同一 --key {command.id} 重发不会重复执行"
            )
        case _:
            out.print(
                f"{sent}结果见：opinion-stream incident show {incident.id}；"
                "若被拒绝，理由见：opinion-stream consume dead-letters --from-beginning",
                markup=False,
            )


def _named(incident_id: str, incidents: Iterable[Incident]) -> Incident:
    """The incident of that id, or the only one whose id begins so."""
    found = [incident for incident in incidents if incident.id.startswith(incident_id)]
    exact = [incident for incident in found if incident.id == incident_id]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        raise OpinionStreamError(f"编号 {incident_id!r} 不止对应一件事件：{'、'.join(i.id for i in found[:5])}")
    raise OpinionStreamError(f"没有编号为 {incident_id!r} 的事件；用 opinion-stream incident list --status all 查看")
