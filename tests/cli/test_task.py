"""Acting on tasks from the command line: seen, refused at once with the reason, sent once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from builders import SMALL_POLICY, command, escalation, small_policy
from opinion_stream.adapters import desk_window
from opinion_stream.cli.main import app
from opinion_stream.domain.response import ResponseDesk, apply
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import OpinionStreamError
from opinion_stream.models.base import Grade
from opinion_stream.models.task import CommandKind, ResponseTask, TaskCommand, TaskState
from opinion_stream.settings import Settings

runner = CliRunner(env={"COLUMNS": "200", "TERM": "dumb", "OPINION_CONFIG": str(SMALL_POLICY)})
K = CommandKind


class Desk:
    """Takes the broker's place: tasks in a dictionary, and commands carried out at once or not at all."""

    def __init__(self) -> None:
        self.tasks: dict[str, ResponseTask] = {}
        self.sent: list[TaskCommand] = []
        self.answers = True

    def open(self, number: int = 1, hours_ago: float = 1, **kw: Any) -> None:
        desk = ResponseDesk(small_policy(), DictStore())
        opened_at = datetime.now(UTC) - timedelta(hours=hours_ago)
        (task,) = desk.escalation(escalation(incident_id=f"i-{number}", **kw), opened_at)
        assert isinstance(task, ResponseTask)
        self.tasks[task.id] = task

    def act(self, kind: CommandKind, name: str = "t-1", **kw: Any) -> None:
        given = command(id=f"c-{kind}", task_id=name, kind=kind, unit="", text="因为", at=datetime.now(UTC), **kw)
        self.tasks[name] = apply(self.tasks[name], given, small_policy(), given.at)[0]

    async def tasks_now(self, settings: Settings) -> dict[str, ResponseTask]:
        return dict(self.tasks)

    async def send(self, settings: Settings, command: TaskCommand, wait_seconds: float) -> ResponseTask | None:
        self.sent.append(command)
        if not self.answers:
            return None
        self.tasks[command.task_id] = apply(self.tasks[command.task_id], command, small_policy(), command.at)[0]
        return self.tasks[command.task_id]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk()
    monkeypatch.setattr(desk_window, "tasks_now", made.tasks_now)
    monkeypatch.setattr(desk_window, "send", made.send)
    made.open()
    return made


def run(*words: str, code: int = 0) -> str:
    result = runner.invoke(app, ["task", *words])
    assert result.exit_code == code, result.output
    return result.output


def test_what_is_allowed_is_sent_under_its_key_and_the_new_state_is_told(desk: Desk) -> None:
    said = run("accept", "t-1", "--role", "duty_officer", "--key", "k-1")

    (sent,) = desk.sent
    assert (sent.id, sent.kind, sent.role) == ("k-1", K.ACCEPT, "duty_officer")
    assert "已受理：t-1 现为「已受理」" in said
    assert "不再重复" in run("accept", "t-1", "--role", "duty_officer", "--key", "k-1")
    assert len(desk.sent) == 1


def test_what_the_state_does_not_allow_is_refused_at_once_and_says_where_it_is(desk: Desk) -> None:
    said = run("publish", "t-1", "--role", "spokesperson", "--publication", "website", code=1)

    assert "只能在以下状态进行：「已批准」、「已发布」" in said
    assert desk.sent == []
    as_json = json.loads(run("submit", "t-1", "--role", "editor", "--json", code=1))
    assert (as_json["done"], as_json["state"]) == (False, "pending")
    assert "不能送审" in as_json["refused"]


def test_an_answer_that_is_not_seen_is_no_failure(desk: Desk) -> None:
    desk.answers = False

    assert "没有看到结果" in run("accept", "t-1", "--role", "duty_officer", "--wait", "0")
    assert json.loads(run("accept", "t-1", "--role", "duty_officer", "--json"))["done"] is None


def test_every_field_reaches_the_command(desk: Desk, tmp_path: Path) -> None:
    draft = tmp_path / "draft.txt"
    draft.write_text("供水已恢复。\n请放心使用。", encoding="utf-8")
    run("accept", "t-1", "--role", "duty_officer", "--at", "2026-03-02T09:00")
    run("record", "t-1", "--role", "handler", "--unit", "housing", "-t", "已抢修")
    run("draft", "t-1", "--role", "editor", "-t", f"@{draft}")
    run("consult", "t-1", "--role", "editor", "--with", "health", "--with", "transport")
    run("confirm", "t-1", "--role", "handler", "--unit", "health")
    run("confirm", "t-1", "--role", "handler", "--unit", "transport")
    run("close", "t-1", "--role", "handler", "--legal-ground", "privacy", "--approver", "leader", "-t", "涉及病历")

    at = desk.sent[0].at
    assert at.isoformat() == "2026-03-02T09:00:00+08:00"
    assert desk.sent[2].text == "供水已恢复。\n请放心使用。"
    assert desk.sent[3].consult_units == ("health", "transport")
    assert (desk.sent[-1].legal_ground, desk.sent[-1].approver) == ("privacy", "leader")
    assert desk.tasks["t-1"].state is TaskState.CLOSED


def test_show_says_what_is_left_what_happened_and_what_can_be_done(desk: Desk) -> None:
    desk.act(K.ACCEPT, role="duty_officer")
    desk.act(K.DRAFT, role="editor")
    desk.act(K.CONSULT, role="editor", consult_units=("health",))
    said = run("show", "t-1")

    assert "状态：会商中（consulting）" in said
    assert "安平市卫生健康委员会（待确认）" in said
    assert "回应关切：计时中，剩1天" in said
    assert "submit 送审——还不行：会商单位尚未确认文稿" in said
    data = json.loads(run("show", "t-1", "--json"))
    assert data["allowed_now"]["draft"] is None
    assert data["remaining_seconds"]["answer48"] == pytest.approx(47 * 3600, abs=60)


def test_the_list_puts_first_what_is_due_first_and_can_be_narrowed(desk: Desk) -> None:
    desk.open(2, grade=Grade.II, hours_ago=30)
    desk.open(3, unit="health")

    def ids(*words: str) -> list[str]:
        return [task["id"] for task in json.loads(run("list", "--json", *words))]

    assert ids() == ["t-2", "t-1", "t-3"]
    assert ids("--overdue") == ["t-2"]
    assert ids("--unit", "health") == ["t-3"]
    assert ids("--grade", "III", "--state", "pending") == ["t-1", "t-3"]
    assert "已超" in run("list")


def test_an_unknown_task_names_the_cure(desk: Desk) -> None:
    result = runner.invoke(app, ["task", "show", "t-none"])

    assert isinstance(result.exception, OpinionStreamError)
    assert "task list" in str(result.exception)


def test_the_table_is_printed_as_markdown() -> None:
    assert "| 延期 | `extend` |" in run("table")
