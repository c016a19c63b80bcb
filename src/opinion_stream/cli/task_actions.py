"""One command for each action on a task, made from a table: judged at once on the latest task seen, then sent."""

from __future__ import annotations

import asyncio
import inspect
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import orjson
import typer
from pydantic import ValidationError

from opinion_stream.cli.common import BootstrapOption, ConfigOption, existing, out, settings_of
from opinion_stream.errors import OpinionStreamError
from opinion_stream.models.base import Grade
from opinion_stream.models.task import CommandKind, ResponseTask, TaskCommand
from opinion_stream.settings import Settings

LOCAL = ["%Y-%m-%dT%H:%M"]
"""Form of a time on the command line, in the jurisdiction's zone."""


def _option(name: str, annotation: object, default: object = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


_COMMON = (
    _option("task", Annotated[str, typer.Argument(help="Id of the task (t-…), see `task list`.")]),
    _option("role", Annotated[str, typer.Option(help="The acting role, e.g. handler, reviewer; never a name.")]),
)
_COMMON_TAIL = (
    _option(
        "text", Annotated[str, typer.Option("--text", "-t", help="Reason, record or draft; @FILE reads a file.")], ""
    ),
    _option(
        "unit", Annotated[str, typer.Option(help="Code of the unit the role acts for. Default: the lead unit.")], ""
    ),
    _option(
        "key", Annotated[str, typer.Option(help="Idempotency key: the same key acts once. Default: a new one.")], ""
    ),
    _option(
        "at", Annotated[datetime | None, typer.Option(formats=LOCAL, help="When it was done. Default: now.")], None
    ),
    _option("wait", Annotated[float, typer.Option(min=0, help="Seconds to wait for the desk's answer.")], 5.0),
    _option("as_json", Annotated[bool, typer.Option("--json", help="As one JSON object.")], False),
    _option("bootstrap", BootstrapOption, None),
    _option("config", ConfigOption, None),
)
_APPROVER = _option(
    "approver", Annotated[str | None, typer.Option(help="Role that approved it. Default: the acting role.")], None
)

K = CommandKind
_ACTIONS: tuple[tuple[CommandKind, str, tuple[inspect.Parameter, ...], str], ...] = (
    (K.ACCEPT, "Take the task on.", (), "--role duty_officer --key 20261109-accept"),
    (K.RECORD, "Record work done on the spot.", (), "--role handler --unit water -t '抢修人员已到场'"),
    (
        K.TRANSFER,
        "Pass the task on to the unit in charge.",
        (_option("to_unit", Annotated[str, typer.Option(help="Code of the unit it goes to.")]),),
        "--role handler --to-unit water -t '属水务职责'",
    ),
    (K.RETURN, "Give the task back to whom it came from.", (), "--role handler -t '不属本单位职责'"),
    (K.DRAFT, "Write the answer.", (), "--role editor -t '供水已于17时40分恢复……'"),
    (
        K.CONSULT,
        "Ask other bodies to confirm the draft; those that it names are asked without being listed.",
        (_option("consult_units", Annotated[list[str], typer.Option("--with", help="Code of a unit; repeat.")], []),),
        "--role editor --with health --with police",
    ),
    (K.CONFIRM, "Confirm the draft for a body it names.", (), "--role handler --unit health -t '属实'"),
    (K.SUBMIT, "Send the draft to review.", (), "--role editor"),
    (K.APPROVE, "Approve the draft; not the role that wrote it.", (), "--role reviewer"),
    (K.REJECT, "Send the draft back.", (), "--role reviewer -t '请写明完成时间'"),
    (
        K.PUBLISH,
        "Publish the approved answer.",
        (
            _option(
                "publication", Annotated[str, typer.Option(help="website | weibo | wechat | …, see response.yaml.")]
            ),
            _option("url", Annotated[str | None, typer.Option(help="Where it can be read.")], None),
        ),
        "--role spokesperson --publication website --url https://www.example/1",
    ),
    (
        K.CLOSE,
        "Close an answered task, or one that is lawfully not answered in public.",
        (
            _option(
                "legal_ground", Annotated[str | None, typer.Option(help="Not published: key in response.yaml.")], None
            ),
            _APPROVER,
        ),
        "--role handler --legal-ground privacy --approver reviewer -t '涉及他人病历'",
    ),
    (
        K.REOPEN,
        "Take a matter up again that is not solved, or that has news.",
        (
            _option(
                "ground", Annotated[str | None, typer.Option(help="unsolved | follow_up, see response.yaml.")], None
            ),
        ),
        "--role duty_officer --ground unsolved -t '群众反映仍然停水'",
    ),
    (
        K.EXTEND,
        "Extend, once, the deadlines that may be.",
        (
            _option(
                "until",
                Annotated[datetime | None, typer.Option(formats=LOCAL, help="Default: the latest allowed.")],
                None,
            ),
            _APPROVER,
        ),
        "--role handler --approver reviewer --until 2026-11-25T18:00 -t '须现场勘查'",
    ),
    (
        K.PAUSE,
        "Let the deadlines stand still that may.",
        (_option("ground", Annotated[str, typer.Option(help="testing | supplement, see response.yaml.")]), _APPROVER),
        "--role handler --approver reviewer --ground testing -t '水样已送检'",
    ),
    (K.RESUME, "Let the deadlines run on.", (), "--role handler -t '检测结论已出'"),
    (
        K.REGRADE,
        "Lower the grade, which only the office can.",
        (_option("to_grade", Annotated[Grade, typer.Option("--to", help="The lower grade.")]), _APPROVER),
        "--role reviewer --unit office --to III -t '会商后认为影响有限'",
    ),
    (K.ARCHIVE, "Put a closed task away.", (), "--role duty_officer"),
)


def add_actions(app: typer.Typer) -> None:
    """Add a command for each action to the group."""
    for kind, summary, own, example in _ACTIONS:
        epilog = f"Example:\n\nopinion-stream task {kind.value} t-1a2b {example}"
        app.command(kind.value, help=f"{kind.label}。 {summary}", epilog=epilog)(_command(kind, own))


def _command(kind: CommandKind, own: tuple[inspect.Parameter, ...]) -> Callable[..., None]:
    def act(**given: object) -> None:
        _act(kind, given)

    signature = inspect.Signature([*_COMMON, *own, *_COMMON_TAIL])
    act.__signature__ = signature  # type: ignore[attr-defined]  # typer reads the options from it
    act.__annotations__ = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    return act


def tasks(settings: Settings) -> dict[str, ResponseTask]:
    """The latest version of every task, by id."""
    from opinion_stream.adapters.desk_window import tasks_now

    return asyncio.run(tasks_now(settings))


def one_task(settings: Settings, name: str) -> ResponseTask:
    """The latest version of a task. Raises OpinionStreamError if there is none."""
    found = tasks(settings).get(name)
    if found is None:
        raise OpinionStreamError(f"没有回应任务 {name}；用 opinion-stream task list 查看编号")
    return found


def _act(kind: CommandKind, given: dict[str, object]) -> None:
    from opinion_stream.adapters.desk_window import send
    from opinion_stream.domain.response.life import caught_up
    from opinion_stream.domain.response.machine import refused_because, taken_in
    from opinion_stream.policy import load_policy

    bootstrap, config = given.pop("bootstrap"), given.pop("config")
    settings = settings_of(str(bootstrap) if bootstrap else None, config if isinstance(config, Path) else None)
    policy = load_policy(settings.config)
    zone, now = ZoneInfo(policy.jurisdiction.timezone), datetime.now(UTC)
    wait, as_json = float(str(given.pop("wait"))), bool(given.pop("as_json"))
    name, key = str(given.pop("task")), str(given.pop("key"))
    local = {k: v.replace(tzinfo=zone) if isinstance(v, datetime) else v for k, v in given.items()}
    if (said := str(local["text"])).startswith("@"):
        local["text"] = existing(Path(said[1:])).read_text(encoding="utf-8")
    command = _checked(
        {**local, "id": key or f"cli-{secrets.token_hex(8)}", "task_id": name, "kind": kind, "at": local["at"] or now}
    )
    task = caught_up(one_task(settings, name), now, policy)
    answer: dict[str, object] = {"task": name, "action": kind.value, "key": command.id, "state": task.state}
    if taken_in(task, command.id):
        _say({**answer, "done": True, "repeated": True}, f"幂等键 {command.id} 已经办过，不再重复。", as_json)
        return
    refusal = refused_because(task, command, policy, now)
    if refusal is not None:
        _say({**answer, "done": False, "refused": refusal.reason}, f"不能{kind.label}：{refusal.reason}", as_json)
        raise typer.Exit(1)
    after = asyncio.run(send(settings, command, wait))
    if after is None:
        text = f"已发送“{kind.label}”（{name}，幂等键 {command.id}），{wait:g} 秒内没有看到结果；请用 task show 查看。"
        _say({**answer, "done": None}, text, as_json)
        return
    text = f"已{kind.label}：{name} 现为「{after.state.label}」（第{after.version}版，幂等键 {command.id}）"
    _say({**answer, "done": True, "state": after.state, "version": after.version}, text, as_json)


def _checked(fields: dict[str, object]) -> TaskCommand:
    try:
        return TaskCommand.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise OpinionStreamError(f"--{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _say(data: dict[str, object], text: str, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(data).decode())
    else:
        out.print(text, markup=False)
