"""A simulated week through the cores of reporting and response: the bulletin tells what the topics tell."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import datetime, timedelta
from typing import NamedTuple

import builders
from builders import T0, small_policy, unit_ref
from opinion_stream.domain.reporting.desk import ReportingDesk
from opinion_stream.domain.response.desk import ResponseDesk
from opinion_stream.domain.state import DictStore
from opinion_stream.domain.supervision.figures import bulletin
from opinion_stream.domain.supervision.period import Period
from opinion_stream.errors import Rejected
from opinion_stream.models.base import Grade
from opinion_stream.models.escalation import Escalation
from opinion_stream.models.task import CommandKind, PublicResponse, ResponseTask, SupervisionNotice, TaskCommand

WEEK = timedelta(days=7)
UNITS = ("housing", "emergency")


class Topics(NamedTuple):
    """What a week left on the topics."""

    tasks: dict[str, ResponseTask]
    versions: list[ResponseTask]
    responses: list[PublicResponse]
    notices: list[SupervisionNotice]
    now: datetime


def live_through(seed: int) -> Topics:
    """Forty incidents of a week, each reported, and handled quickly, slowly, or not at all."""
    chance = random.Random(seed)
    policy = small_policy()
    reporting, response = ReportingDesk(policy, DictStore()), ResponseDesk(policy, DictStore())
    plan: dict[int, list[object]] = defaultdict(list)
    for number in range(40):
        hour = chance.randrange(0, 150)
        grade = chance.choice([Grade.I, Grade.II, Grade.III, Grade.III, Grade.IV, Grade.IV])
        plan[hour].append(builders.incident(id=f"i-{number}", grade=grade, unit=chance.choice(UNITS), co_units=()))
    topics = Topics({}, [], [], [], T0 + WEEK)

    def keep(results: list[ResponseTask | PublicResponse | SupervisionNotice], hour: int) -> None:
        for result in results:
            match result:
                case ResponseTask():
                    if result.id not in topics.tasks:
                        later = sorted(
                            hour + int(chance.expovariate(1 / chance.choice([3, 30, 300]))) for _ in range(5)
                        )
                        for at, command in zip(later, handling(result), strict=True):
                            plan[at + 1].append(command)
                    topics.tasks[result.id] = result
                    topics.versions.append(result)
                case PublicResponse():
                    topics.responses.append(result)
                case SupervisionNotice():
                    topics.notices.append(result)

    for hour in range(7 * 24):
        now = T0 + timedelta(hours=hour)
        keep(list(response.tick(now)), hour)
        for event in plan[hour]:
            if isinstance(event, TaskCommand):
                act = event.model_copy(update={"at": now})
                try:
                    keep(list(response.command(act, now)), hour)
                except Rejected:
                    continue
            else:
                for told in reporting.incident(event, now):
                    if isinstance(told, Escalation):
                        keep(list(response.escalation(told, now)), hour)
    keep(list(response.tick(topics.now)), 7 * 24)
    return topics


def handling(task: ResponseTask) -> list[TaskCommand]:
    """The commands that bring a task to its answer, by the unit that has it."""
    basics = {"task_id": task.id, "unit": task.unit.code, "at": T0}
    steps = [
        {"kind": CommandKind.ACCEPT},
        {"kind": CommandKind.DRAFT, "text": "已修复，今晚恢复。"},
        {"kind": CommandKind.SUBMIT},
        {"kind": CommandKind.APPROVE, "role": "direct_responsible"},
        {"kind": CommandKind.PUBLISH, "publication": "website"},
    ]
    return [builders.command(id=f"{task.id}-{n}", **basics, **step) for n, step in enumerate(steps)]


def test_the_bulletin_of_a_week_tells_what_the_topics_tell() -> None:
    policy = small_policy()
    clocks = policy.deadlines.clocks
    for seed in range(3):
        topics = live_through(seed)
        period = Period(T0, topics.now + timedelta(seconds=1), "一周")
        found = bulletin(topics.tasks.values(), period, policy, topics.now + timedelta(seconds=1))

        first_versions = {task.id: task for task in reversed(topics.versions)}
        missed = {(n.task_id, n.clock) for n in topics.notices if n.level == "missed"}
        late = {pair for pair in missed if "accept" not in clocks[pair[1]].met_by}
        answered = {response.task_id: response.published_at for response in reversed(topics.responses)}
        hours = [(at - first_versions[name].opened_at).total_seconds() / 3600 for name, at in answered.items()]

        assert len(topics.notices) == len({notice.id for notice in topics.notices})
        assert found.total.received == len(first_versions) > 10
        assert found.total.answered.hits == len(answered) > 0
        assert found.total.answered_in_time.of - found.total.answered_in_time.hits == len(late) > 0
        assert found.total.accepted_in_time.of - found.total.accepted_in_time.hits == len(missed - late)
        assert found.total.mean_hours is not None
        assert abs(found.total.mean_hours - sum(hours) / len(hours)) < 1e-6
        for unit in UNITS:
            [own] = [figures for ref, figures in found.units if ref == unit_ref(unit)]
            mine = {name for name, task in topics.tasks.items() if task.unit.code == unit}
            assert own.answered.hits == len(mine & answered.keys())
            assert own.answered_in_time.of - own.answered_in_time.hits == len({p for p in late if p[0] in mine})
