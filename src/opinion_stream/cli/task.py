"""`opinion-stream task`: see the tasks, and act on them; what is not allowed is refused at once with the reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.table import Table

from opinion_stream.cli.common import BootstrapOption, ConfigOption, out, print_table, settings_of
from opinion_stream.cli.task_actions import add_actions, one_task, tasks
from opinion_stream.models.base import Grade
from opinion_stream.models.task import ResponseTask, TaskState
from opinion_stream.settings import Settings

app = typer.Typer(
    help="回应任务：查看和办理。 See the tasks and act on them.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

TaskArgument = Annotated[str, typer.Argument(help="Id of the task (t-…), see `task list`.")]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]


def register(root: typer.Typer) -> None:
    """Add the group, with one command for each action."""
    add_actions(app)
    root.add_typer(app, name="task")


def _zone(settings: Settings) -> ZoneInfo:
    from opinion_stream.policy import load_policy

    return ZoneInfo(load_policy(settings.config).jurisdiction.timezone)


@app.command(
    "list",
    epilog="Examples:\n\nopinion-stream task list --open\n\nopinion-stream task list --overdue --unit gov-xifeng\n\n"
    "opinion-stream task list --grade I --grade II --json",
)
def list_tasks(
    state: list[TaskState] = typer.Option([], help="Only in this state; repeat for several."),
    unit: str | None = typer.Option(None, help="Only those of the unit of this code."),
    grade: list[Grade] = typer.Option([], help="Only of this grade; repeat for several."),
    open_only: bool = typer.Option(False, "--open", help="Only those that are not published, closed or archived."),
    overdue: bool = typer.Option(False, "--overdue", help="Only those with a deadline that has passed."),
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
    config: ConfigOption = None,
) -> None:
    """List the tasks, the most urgent first. | 任务列表，先到期的在前。"""
    from opinion_stream.cli import task_view

    settings = settings_of(bootstrap, config)
    now = datetime.now(UTC)
    done = (TaskState.PUBLISHED, TaskState.CLOSED, TaskState.ARCHIVED)

    def due(task: ResponseTask) -> tuple[bool, datetime, str]:
        clock = task_view.next_deadline(task)
        return clock is None, clock.due_at if clock else task.opened_at, task.id

    found = [
        task
        for task in sorted(tasks(settings).values(), key=due)
        if (not state or task.state in state)
        and unit in (None, task.unit.code)
        and (not grade or task.grade in grade)
        and not (open_only and task.state in done)
        and (not overdue or task_view.overdue(task, now))
    ]
    if as_json:
        typer.echo(orjson.dumps([task.model_dump(mode="json") for task in found]).decode())
        return
    zone = _zone(settings)
    table = Table("任务", "等级", "状态", "承办单位", "最近时限", "剩余", "事项")
    for task in found:
        clock = task_view.next_deadline(task)
        when = f"{clock.name} {clock.due_at.astimezone(zone):%m-%d %H:%M}" if clock else ""
        left = task_view.remaining(clock, now) if clock else ""
        table.add_row(task.id, task.grade.value, task.state.label, task.unit.name, when, left, task.title)
    print_table(table)
    out.print(f"共 {len(found)} 件")


@app.command("show", epilog="Examples:\n\nopinion-stream task show t-1a2b\n\nopinion-stream task show t-1a2b --json")
def show(
    task: TaskArgument, as_json: JsonOption = False, bootstrap: BootstrapOption = None, config: ConfigOption = None
) -> None:
    """State, deadlines with the time left, history, and what can be done now. | 状态、时限、经过和可以进行的操作。"""
    from opinion_stream.cli import task_view
    from opinion_stream.policy import load_policy

    settings = settings_of(bootstrap, config)
    policy = load_policy(settings.config)
    found, now = one_task(settings, task), datetime.now(UTC)
    if as_json:
        typer.echo(orjson.dumps(task_view.as_data(found, policy, now)).decode())
    else:
        typer.echo(task_view.as_text(found, policy, now))


@app.command("table", epilog="Example:\n\nopinion-stream task table > table.md")
def table() -> None:
    """Which action is legal in which state, with its conditions, effect and source, as Markdown. | 状态转换表。"""
    from opinion_stream.domain.response.table import as_markdown

    typer.echo(as_markdown(), nl=False)
