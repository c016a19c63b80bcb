"""The scripted commands carry every task of the scenario to its stated end, and only the marked one is refused."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from opinion_stream.domain.response.desk import ResponseDesk, task_id
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.models.base import Grade, Nature, RegionRef, UnitRef
from opinion_stream.models.escalation import Escalation, EscalationKind, EscalationStatus, Recipient
from opinion_stream.models.incident import IncidentCounts
from opinion_stream.models.mention import RawMention
from opinion_stream.models.task import ClockState, PublicResponse, SupervisionNotice, TaskCommand
from opinion_stream.policy import Policy, load_policy

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "examples" / "qingyang-three-days"
ACTIONS: list[dict[str, Any]] = yaml.safe_load((SCENARIO / "actions.yaml").read_text(encoding="utf-8"))
CHECKS: list[dict[str, Any]] = yaml.safe_load((SCENARIO / "checks.yaml").read_text(encoding="utf-8"))
OPENED = {  # grade and unit that a matter gets at its first mention; the judgement itself is tested elsewhere
    "douyin:accident-first": (Grade.II, Nature.SERIOUS_PROBLEM, "gov-huanxian"),
    "wechat:school-first": (Grade.III, Nature.SERIOUS_PROBLEM, "gov-xifeng"),
    "12345:water-first": (Grade.III, Nature.DIFFICULTY, "gov-qingcheng"),
    "wenzheng:heating-first": (Grade.III, Nature.DIFFICULTY, "gov-xifeng"),
    "wechat:policy-first": (Grade.III, Nature.MISUNDERSTANDING, "gov-zhenyuan"),
    "wechat:rumour-first": (Grade.III, Nature.UNVERIFIED_CLAIM, "gov-ningxian"),
    "wenzheng:suggestion-shelter": (Grade.IV, Nature.SUGGESTION, "gov-huachi"),
    "wenzheng:privacy-welfare": (Grade.IV, Nature.DIFFICULTY, "gov-zhengning"),
    "wenzheng:transfer-smoke": (Grade.IV, Nature.DIFFICULTY, "ecology"),
}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(ROOT / "config")


@pytest.fixture(scope="module")
def published_at() -> dict[str, datetime]:
    times = {}
    for line in (SCENARIO / "mentions.jsonl").read_bytes().splitlines():
        try:
            mention = RawMention.model_validate_json(line)
        except ValueError:
            continue
        times[f"{mention.source}:{mention.id}"] = mention.published_at
    return times


def _escalation(matter: str, at: datetime) -> Escalation:
    grade, nature, unit = OPENED[matter]
    lead = UnitRef(code=unit, name=unit)
    return Escalation(
        id=f"e-{matter}",
        version=1,
        incident_id=f"i-{matter}",
        incident_version=1,
        kind=EscalationKind.FIRST,
        grade=grade,
        region=RegionRef(code="621000", name="庆阳市"),
        category="城乡建设",
        nature=nature,
        title=matter,
        reasons=(),
        counts=IncidentCounts(mentions=1, copies=0, voices=1, interactions=0, reads=0, media=0),
        response_required=True,
        priority_rule=None,
        unit=lead,
        co_units=(),
        recipient=Recipient(unit=lead, role="duty_officer", channel="duty-desk", level="lead"),
        route="lead",
        chain_step=0,
        first_at=at,
        issued_at=at,
        receipt_due_at=at + timedelta(hours=1),
        status=EscalationStatus.ISSUED,
        status_at=at,
    )


def _command(number: int, action: dict[str, Any]) -> TaskCommand:
    kept = ("text", "to_unit", "consult_units", "publication", "url", "legal_ground", "ground", "approver")
    return TaskCommand(
        id=f"c-{number}",
        task_id=task_id(f"i-{action['matter']}"),
        kind=action["command"],
        role=action["role"],
        unit=action.get("unit", ""),
        at=datetime.fromisoformat(action["at"]),
        **{key: action[key] for key in kept if key in action},
    )


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check["matter"])
def test_script_carries_the_task_to_its_stated_end(
    check: dict[str, Any], policy: Policy, published_at: dict[str, datetime]
) -> None:
    matter = check["matter"]
    desk = ResponseDesk(policy, DictStore())
    desk.escalation(_escalation(matter, published_at[matter]), published_at[matter])
    responses: list[PublicResponse] = []
    notices: dict[str, list[str]] = defaultdict(list)
    refused = 0
    for number, action in enumerate(ACTIONS):
        if action["matter"] != matter or action["kind"] != "command":
            continue
        now = datetime.fromisoformat(action["at"])
        for output in desk.tick(now):
            if isinstance(output, SupervisionNotice):
                notices[output.clock].append(output.level)
        try:
            outputs = desk.command(_command(number, action), now)
        except Rejected as refusal:
            if action.get("expect") != "refused":
                raise AssertionError(f"{action['at']}: {refusal.reason}") from refusal
            refused += 1
            continue
        assert "expect" not in action, f"{action['at']}: this should have been refused"
        responses += [output for output in outputs if isinstance(output, PublicResponse)]

    task = desk.task(task_id(f"i-{matter}"))
    assert task is not None
    assert task.state.value == check["state"]
    assert refused == check.get("refused", 0)
    assert task.closed_ground == check.get("legal_ground")
    assert {response.publication for response in responses} >= set(check["published"])
    assert all(response.text for response in responses)
    if "unit" in check:
        assert task.unit.code == check["unit"]
    missed = {clock.kind for clock in task.clocks if clock.state is ClockState.MISSED}
    assert bool(missed) == check.get("missed", False)
    assert set(notices) >= missed
