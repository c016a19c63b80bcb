"""`opinion-stream send-command`: what a person does to a task."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime

import typer

from opinion_stream.cli.common import BootstrapOption, out, settings_of
from opinion_stream.models.task import CommandKind, TaskCommand


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "send-command",
        epilog="Examples:\n\nopinion-stream send-command t-1a2b accept --role handler\n\n"
        "opinion-stream send-command t-1a2b draft --role editor --text '已抢修恢复供水……'\n\n"
        "opinion-stream send-command t-1a2b publish --role spokesperson --publication website --url https://…\n\n"
        "opinion-stream send-command t-1a2b transfer --role handler --to-unit water --text '属水务职责'",
    )(send_command)


def send_command(
    task: str = typer.Argument(help="Id of the task (t-…), see `consume tasks`."),
    kind: CommandKind = typer.Argument(help="What is done."),
    role: str = typer.Option(..., help="The acting role, e.g. handler, editor, reviewer; never a person's name."),
    text: str = typer.Option("", help="The draft, the record of what was done, or the reason."),
    unit: str = typer.Option("", help="Code of the unit the role acts for."),
    to_unit: str | None = typer.Option(None, help="transfer: code of the unit it goes to."),
    consult: list[str] = typer.Option([], help="consult: code of a unit to be consulted; repeat for several."),
    publication: str | None = typer.Option(None, help="publish: website | weibo | wechat | press_conference | …"),
    url: str | None = typer.Option(None, help="publish: where it can be read."),
    legal_ground: str | None = typer.Option(None, help="close without publishing: key in response.yaml."),
    key: str | None = typer.Option(None, help="Idempotency key: the same key acts once. Left out: a new one."),
    bootstrap: BootstrapOption = None,
) -> None:
    """Send a command about a task. What the task's state does not allow comes back as a dead letter with the reason."""
    command = TaskCommand(
        id=key or f"cli-{secrets.token_hex(8)}",
        task_id=task,
        kind=kind,
        role=role,
        unit=unit,
        at=datetime.now(UTC),
        text=text,
        to_unit=to_unit,
        consult_units=tuple(consult),
        publication=publication,
        url=url,
        legal_ground=legal_ground,
    )
    from opinion_stream.adapters.desk_window import hand_in

    asyncio.run(hand_in(settings_of(bootstrap), command))
    out.print(
        f"已发送 {kind.value} → {task}，幂等键 {command.id}。结果见：opinion-stream consume tasks --from-beginning"
    )
