"""`opinion-stream escalation`: see the reports; sign, instruct upon or return one; illegal receipts are explained."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.table import Table

from opinion_stream.cli.common import BootstrapOption, ConfigOption, out, print_table, settings_of
from opinion_stream.cli.duty import moment
from opinion_stream.errors import OpinionStreamError
from opinion_stream.models.base import Grade
from opinion_stream.models.escalation import Escalation, EscalationStatus, Receipt, ReceiptKind

IdArgument = Annotated[str, typer.Argument(help="Id of the escalation (e-…) or its beginning, see `escalation list`.")]
RoleOption = Annotated[str, typer.Option("--role", help="The acting role of routes.yaml; never a person's name.")]
KeyOption = Annotated[
    str | None, typer.Option("--key", help="Idempotency key: the same key acts once. Left out: a new one.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="报送：查看、签收、批示、退回。 See the reports and answer them.", no_args_is_help=True)
    group.command(
        "list",
        epilog="Examples:\n\nopinion-stream escalation list --open\n\n"
        "opinion-stream escalation list --unit gov-huanxian --grade I --json",
    )(list_escalations)
    group.command("ack", epilog="Example:\n\nopinion-stream escalation ack e-1a2b --role duty_officer")(acknowledge)
    group.command(
        "instruct",
        epilog="Examples:\n\nopinion-stream escalation instruct e-1a2b --role first_responsible "
        "--note '全力救治，今天公布情况' --due 2026-11-09T20:00\n\n"
        "opinion-stream escalation instruct e-1a2b --role first_responsible --grade I --publication press_conference",
    )(instruct)
    group.command(
        "return",
        epilog="Example:\n\nopinion-stream escalation return e-1a2b --role duty_officer --to-unit urban "
        "--note '店外经营由城市管理部门负责'",
    )(give_back)
    app.add_typer(group, name="escalation")


def list_escalations(
    incident: str | None = typer.Option(None, "--incident", help="Only those of this incident."),
    unit: str | None = typer.Option(None, "--unit", help="Only those to the unit of this code."),
    grade: list[Grade] = typer.Option([], "--grade", help="Only of this grade; repeat for several."),
    open_only: bool = typer.Option(False, "--open", help="Only those that wait for a receipt."),
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """List the reports as they stand, those first that are due first."""
    from opinion_stream.adapters.reporting_window import escalations_now

    settings = settings_of(bootstrap, config)
    every = asyncio.run(escalations_now(settings)).values()
    found = [
        e
        for e in sorted(every, key=lambda e: (e.status is not EscalationStatus.ISSUED, e.receipt_due_at, e.id))
        if incident in (None, e.incident_id)
        and unit in (None, e.recipient.unit.code)
        and (not grade or e.grade in grade)
        and not (open_only and e.status is not EscalationStatus.ISSUED)
    ]
    if as_json:
        out.print(orjson.dumps([e.model_dump(mode="json") for e in found]).decode(), markup=False)
        return
    policy_zone = _zone(config)
    now = datetime.now(UTC)
    table = Table("编号", "类型", "等级", "事项", "收件单位", "岗位", "第几级", "签收时限", "状态")
    for e in found:
        due = f"{e.receipt_due_at.astimezone(policy_zone):%m-%d %H:%M}"
        late = e.status is EscalationStatus.ISSUED and e.receipt_due_at <= now
        status = f"{e.status.label}{'（已无上级可报）' if e.exhausted else ''}"
        table.add_row(
            e.id,
            e.kind.label,
            e.grade.label,
            e.title,
            e.recipient.unit.name,
            e.recipient.seat or e.recipient.role,
            f"{e.chain_step + 1}{f' 催{e.reminder}' if e.reminder else ''}",
            f"[red]{due}[/red]" if late else due,
            status,
        )
    print_table(table)


def acknowledge(
    escalation: IdArgument,
    role: RoleOption,
    note: str = typer.Option("", help="What is to be said with it."),
    key: KeyOption = None,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """签收：收到了，不必再向上一级报送。"""
    _answer(escalation, ReceiptKind.ACKNOWLEDGED, role, note, key, as_json, bootstrap, config)


def instruct(
    escalation: IdArgument,
    role: RoleOption,
    note: str = typer.Option(..., "--note", help="The instruction."),
    due: str | None = typer.Option(None, "--due", help="By when it is to be done, e.g. 2026-11-09T20:00."),
    publication: list[str] = typer.Option([], help="Demanded publication (response.yaml); repeat for several."),
    grade: Grade | None = typer.Option(None, help="Raise the incident to this grade."),
    open_task: bool = typer.Option(False, "--open-task", help="Open a response task even if the rules ask for none."),
    key: KeyOption = None,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """批示：转给主管单位办理，可以要求时限、发布方式，可以提高等级、要求立项办理。"""
    _answer(
        escalation,
        ReceiptKind.INSTRUCTION,
        role,
        note,
        key,
        as_json,
        bootstrap,
        config,
        due_at=moment(due, _zone(config)) if due else None,
        publications=tuple(publication),
        grade=grade,
        open_task=open_task,
    )


def give_back(
    escalation: IdArgument,
    role: RoleOption,
    note: str = typer.Option(..., "--note", help="Why it is not theirs."),
    to_unit: str | None = typer.Option(None, help="Code of the unit whose matter it is. Left out: the office decides."),
    key: KeyOption = None,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """退回：不属本单位职责，指明应由谁办；不指明的由牵头单位确定。"""
    _answer(escalation, ReceiptKind.RETURNED, role, note, key, as_json, bootstrap, config, to_unit=to_unit)


def _answer(
    name: str,
    kind: ReceiptKind,
    role: str,
    note: str,
    key: str | None,
    as_json: bool,
    bootstrap: str | None,
    config: Path | None,
    **more: object,
) -> None:
    from opinion_stream.adapters import reporting_window
    from opinion_stream.domain.reporting.receipting import LABELS, allowed, refusal
    from opinion_stream.policy import load_policy

    settings = settings_of(bootstrap, config)
    every = asyncio.run(reporting_window.escalations_now(settings))
    found = one(every, name)
    now = datetime.now(UTC)
    receipt = Receipt.model_validate(
        {
            "id": key or f"cli-{secrets.token_hex(8)}",
            "escalation_id": found.id,
            "incident_id": found.incident_id,
            "kind": kind,
            "role": role,
            "at": now,
            "note": note,
            **more,
        }
    )
    latest = max((e for e in every.values() if e.incident_id == found.incident_id), key=lambda e: e.incident_version)
    why = refusal(receipt, found, latest.grade, load_policy(settings.config), now)
    if why is not None:
        can = "、".join(LABELS[kind] for kind in allowed(found)) or "无"
        raise OpinionStreamError(f"{found.id}（{found.status.label}）：{why}。现在可作的回执：{can}")
    asyncio.run(reporting_window.send(settings, receipt))
    if as_json:
        out.print(receipt.to_bytes().decode(), markup=False)
        return
    label = LABELS[kind].partition("（")[0]
    out.print(
        f"已{label}：{found.title}（{found.kind.label}，{found.recipient.unit.name}），幂等键 {receipt.id}。"
        f"结果见：opinion-stream escalation list --incident {found.incident_id}",
        markup=False,
    )


def one(every: dict[str, Escalation], name: str) -> Escalation:
    """The one escalation whose id is `name` or begins with it. Raises OpinionStreamError naming what there is."""
    fitting = [every[name]] if name in every else [e for e in every.values() if e.id.startswith(name)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise OpinionStreamError(f"{name!r} is the beginning of {len(fitting)} ids: write more of it")
    waiting = [e.id for e in every.values() if e.status is EscalationStatus.ISSUED]
    listed = ", ".join(sorted(waiting)[:5]) or "none"
    raise OpinionStreamError(f"there is no escalation {name!r}; waiting for a receipt: {listed}")


def _zone(config: Path | None) -> ZoneInfo:
    from opinion_stream.policy import load_policy

    return ZoneInfo(load_policy(settings_of(config=config).config).jurisdiction.timezone)
