"""`incident …` at the command line, on incidents handed in: tables, JSON, what is sent, and how refusals read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from builders import SMALL_POLICY, incident, later
from opinion_stream.adapters.incident_commands import Outcome
from opinion_stream.cli import incident as commands
from opinion_stream.cli.main import app
from opinion_stream.errors import OpinionStreamError
from opinion_stream.models.base import Grade
from opinion_stream.models.brief import Brief, BriefStatus
from opinion_stream.models.command import IncidentCommand
from opinion_stream.models.incident import GradeOverride, Incident
from opinion_stream.settings import Settings

SAMPLE_BRIEF = Path(__file__).parents[2] / "contracts" / "samples" / "briefs.json"
runner = CliRunner(env={"COLUMNS": "250", "TERM": "dumb"})
OVERRIDE = GradeOverride(
    grade=Grade.II, by_role="duty_officer", reason="现场有人受伤", at=later(hours=1), rule_grade=Grade.III
)
KNOWN = [
    incident(id="i-aa01"),
    incident(id="i-aa02", grade="II", override=OVERRIDE, rule_grade=Grade.III, region="990102"),
    incident(id="i-bb03", status="merged", merged_into="i-aa01"),
]


class Sent:
    """Takes the place of the broker: what was sent, and what comes of it."""

    def __init__(self) -> None:
        self.commands: list[tuple[IncidentCommand, str]] = []
        self.outcome = Outcome()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    made = Sent()

    async def current(settings: Settings) -> list[Incident]:
        return KNOWN

    async def send(settings: Settings, command: IncidentCommand, shard: str, seconds: float) -> Outcome:
        made.commands.append((command, shard))
        return made.outcome if seconds else Outcome()

    monkeypatch.setattr(commands, "current_incidents", current)
    monkeypatch.setattr(commands, "send_and_wait", send)
    return made


def run(*arguments: str, config: Path | None = None) -> Result:
    more = ["--config", str(config)] if config else []
    return runner.invoke(app, ["incident", *arguments, *more, "--bootstrap", "127.0.0.1:1"])


ACT = ("--by-role", "duty_officer", "--reason", "经核实")


def test_the_list_shows_open_matters_the_gravest_first(sent: Sent) -> None:
    result = run("list")
    assert result.exit_code == 0, result.output
    assert result.output.index("i-aa02") < result.output.index("i-aa01")
    assert "i-bb03" not in result.output
    assert "（人工）" in result.output
    found = json.loads(run("list", "--status", "all", "--json").stdout)
    assert [one["id"] for one in found] == ["i-aa02", "i-aa01", "i-bb03"]
    assert [one["id"] for one in json.loads(run("list", "--grade", "III", "--json").stdout)] == ["i-aa01"]
    assert isinstance(run("list", "--status", "gone").exception, OpinionStreamError)


def test_one_matter_is_shown_whole_and_found_by_the_beginning_of_its_id(sent: Sent) -> None:
    result = run("show", "i-aa02")
    assert result.exit_code == 0, result.output
    for text in ("现场有人受伤", "规则定级", "定级经过", "首次定级", "wenzheng:1"):
        assert text in result.output
    assert json.loads(run("show", "i-bb", "--json").stdout)["merged_into"] == "i-aa01"
    assert "不止对应一件" in str(run("show", "i-aa").exception)
    assert "incident list" in str(run("show", "i-zz").exception)


def test_an_action_is_sent_to_the_shard_of_its_incident_and_says_where_to_look(sent: Sent) -> None:
    result = run("override-grade", "i-aa02", "I", *ACT, "--key", "k-1", config=SMALL_POLICY)
    assert result.exit_code == 0, result.output
    ((command, shard),) = sent.commands
    assert (command.id, command.incident_id, command.action, command.grade) == ("k-1", "i-aa02", "override_grade", "I")
    assert shard == "990102"
    assert "incident show i-aa02" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("lift-override", "i-aa01"),
        ("merge", "i-aa01", "--into", "i-aa02"),
        ("split", "i-aa01", "--mention", "wenzheng:1", "--mention", "wenzheng:2"),
        ("close", "i-aa01"),
    ],
)
def test_each_action_becomes_its_command(sent: Sent, arguments: tuple[str, ...]) -> None:
    result = run(*arguments, *ACT, config=SMALL_POLICY)
    assert result.exit_code == 0, result.output
    ((command, _),) = sent.commands
    assert command.action.value.replace("_", "-") == arguments[0]
    assert (command.into, command.mention_ids) in [("i-aa02", ()), (None, ("wenzheng:1", "wenzheng:2")), (None, ())]


def test_waiting_shows_the_effect_the_refusal_or_that_nothing_came(sent: Sent) -> None:
    sent.outcome = Outcome(incidents=(KNOWN[0],))
    done = run("close", "i-aa01", *ACT, "--wait", "5", config=SMALL_POLICY)
    assert "已生效" in done.output
    sent.outcome = Outcome(refused="事件现为「已关闭」，不能关闭")
    assert "不能关闭" in str(run("close", "i-aa01", *ACT, "--wait", "5", config=SMALL_POLICY).exception)
    sent.outcome = Outcome()
    assert "没有看到结果" in str(run("close", "i-aa01", *ACT, "--wait", "5", config=SMALL_POLICY).exception)


def test_an_action_without_role_or_reason_is_not_sent(sent: Sent) -> None:
    assert run("close", "i-aa01", "--by-role", "duty_officer").exit_code == 2
    assert run("close", "i-aa01", "--reason", "x").exit_code == 2
    assert sent.commands == []


@pytest.mark.parametrize(("command", "action"), [("approve-brief", "approve_brief"), ("return-brief", "return_brief")])
def test_a_brief_is_decided_on_in_the_version_that_was_read(sent: Sent, command: str, action: str) -> None:
    decided = Brief.model_validate_json(SAMPLE_BRIEF.read_bytes()).model_copy(update={"status": BriefStatus.APPROVED})
    sent.outcome = Outcome(brief=decided)

    result = run(command, "i-aa01", "--version", "7", *ACT, "--wait", "1", config=SMALL_POLICY)

    assert result.exit_code == 0, result.output
    ((order, shard),) = sent.commands
    assert (order.action.value, order.brief_version, order.incident_id) == (action, 7, "i-aa01")
    assert shard == "990101"
    assert f"第{decided.version}版，已批准" in result.output
