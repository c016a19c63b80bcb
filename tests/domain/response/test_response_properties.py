"""Whatever is sent, in whatever order and however often: no illegal state, and every effect once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import hypothesis.strategies as st
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from builders import T0, command, escalation, instruction, referral, small_policy
from opinion_stream.domain.response import Output, ResponseDesk
from opinion_stream.domain.response.desk import GONE, TASK
from opinion_stream.domain.response.machine import TABLE
from opinion_stream.domain.response.named import asked_units
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.models.base import Grade, Nature
from opinion_stream.models.escalation import Escalation
from opinion_stream.models.task import (
    ClockState,
    CommandKind,
    PublicResponse,
    ResponseTask,
    SupervisionNotice,
    TaskCommand,
    TaskState,
)

UNITS = ["housing", "health", "transport", "office"]
HOURS = st.integers(0, 30) | st.sampled_from([100, 800, 3_000])
LIKELY = [CommandKind.ACCEPT, CommandKind.DRAFT, CommandKind.SUBMIT, CommandKind.APPROVE, CommandKind.PUBLISH]
CLOCKED = [CommandKind.RECORD, CommandKind.EXTEND, CommandKind.PAUSE, CommandKind.RESUME, CommandKind.REOPEN]
KINDS = st.sampled_from([*LIKELY, *LIKELY, *CLOCKED, *CommandKind])
MAY_BECOME = {
    ClockState.RUNNING: set(ClockState),
    ClockState.PAUSED: {ClockState.PAUSED, ClockState.RUNNING, ClockState.MET, ClockState.MISSED, ClockState.WAIVED},
    ClockState.MET: {ClockState.MET},
    ClockState.MISSED: {ClockState.MISSED},
    ClockState.WAIVED: {ClockState.WAIVED},
}


class Responses(RuleBasedStateMachine):
    """One desk that runs on, and one that is stopped and rebuilt from its store: both must say the same."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = T0
        self.store = DictStore()
        self.restarted = ResponseDesk(small_policy(), self.store)
        self.running = ResponseDesk(small_policy(), DictStore())
        self.taken_in: list[Escalation | TaskCommand] = []
        self.sent = 0
        self.tasks: dict[str, ResponseTask] = {}
        self.responses: dict[str, PublicResponse] = {}
        self.notices: set[tuple[str, str, str]] = set()

    def keep(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, ResponseTask):
                before = self.tasks.get(output.id)
                assert output.version == (before.version + 1 if before else 1), "versions grow by one"
                if before and output.first_round > before.first_round:
                    assert before.state is TaskState.ARCHIVED
                    graver = output.grade.rank < before.grade.rank
                    assert graver or output.history[1].action == "order", "only a graver report or an order does it"
                elif before:
                    assert output.history[: len(before.history)] == before.history, "history is only added to"
                    if output.history[-1].action != "regrade":
                        assert output.grade.rank <= before.grade.rank, "only the office lowers a grade"
                    for old, new in zip(before.clocks, output.clocks, strict=False):
                        assert old.key == new.key
                        assert new.state in MAY_BECOME[old.state], "what is met or missed stays so"
                        assert new.changes[: len(old.changes)] == old.changes
                        if old.due_at != new.due_at:
                            assert new.changes[-1].due_after == new.due_at, "no deadline moves without an audit entry"
                            assert new.due_at > old.due_at
                        assert sum(change.change == "extended" for change in new.changes) <= 1
                self.tasks[output.id] = output
            elif isinstance(output, PublicResponse):
                assert output.id not in self.responses, "published once"
                self.responses[output.id] = output
            else:
                assert isinstance(output, SupervisionNotice)
                key = (output.task_id, f"{output.clock}.{output.round}", output.level)
                assert key not in self.notices, "a notice is sent once"
                self.notices.add(key)
                assert output.at >= output.due_at or output.level == "reminder"

    def both(self, record: Escalation | TaskCommand) -> list[Output]:
        if isinstance(record, Escalation):
            return self.both_do(lambda desk: desk.escalation(record, self.now))
        return self.both_do(lambda desk: desk.command(record, self.now))

    def both_do(self, action: Callable[[ResponseDesk], list[Output]]) -> list[Output]:
        answers: list[list[Output] | tuple[str, str]] = []
        for desk in (self.running, self.restarted):
            try:
                answers.append(action(desk))
            except Rejected as refusal:
                answers.append((refusal.kind, refusal.reason))
        assert answers[0] == answers[1]
        return [] if isinstance(answers[0], tuple) else answers[0]

    @rule(
        incident=st.sampled_from(["inc-1", "inc-2"]),
        version=st.integers(1, 9),
        grade=st.sampled_from(list(Grade)),
        nature=st.sampled_from(list(Nature)),
        required=st.sampled_from([True, True, False]),
    )
    def report(self, incident: str, version: int, grade: Grade, nature: Nature, required: bool) -> None:
        self.sent += 1
        record = escalation(
            id=f"e-{self.sent}",
            incident_id=incident,
            incident_version=version,
            grade=grade,
            nature=nature,
            response_required=required,
        )
        self.keep(self.both(record))
        # What found no task and opened none is not taken in: it may act when it comes again.
        if f"t-{incident[4:]}" in self.tasks:
            self.taken_in.append(record)

    @precondition(lambda self: self.tasks)
    @rule(
        data=st.data(),
        kind=KINDS,
        role=st.sampled_from(["editor", "leader"]),
        unit=st.sampled_from(UNITS),
        other=st.sampled_from(UNITS),
        text=st.sampled_from(["因为", "因为", "因为市卫健委因为", ""]),
        publication=st.sampled_from(["website", "press_conference", "skywriting"]),
        ground=st.sampled_from([None, "privacy", "no-mood"]),
        why=st.sampled_from([None, "testing", "testing", "unsolved", "follow_up"]),
        grade=st.sampled_from(list(Grade)),
        approver=st.sampled_from([None, "leader"]),
        ago=HOURS,
    )
    def person_acts(
        self,
        data: st.DataObject,
        kind: CommandKind,
        role: str,
        unit: str,
        other: str,
        text: str,
        publication: str,
        ground: str | None,
        why: str | None,
        grade: Grade,
        approver: str | None,
        ago: int,
    ) -> None:
        self.sent += 1
        before = self.tasks[data.draw(st.sampled_from(sorted(self.tasks)))]
        record = command(
            id=f"c-{self.sent}",
            task_id=before.id,
            kind=kind,
            role=role,
            unit=before.unit.code if unit == "housing" else unit,
            to_unit=other,
            consult_units=(other,),
            ground=why,
            approver=approver,
            to_grade=grade,
            text=text,
            publication=publication,
            legal_ground=ground,
            at=self.now - timedelta(hours=ago),
        )
        outputs = self.both(record)
        self.keep(outputs)
        after = self.tasks[before.id]
        assert (after is before) == (outputs == [])
        if outputs:
            assert TABLE[kind][before.state] is after.state
            assert [o for o in outputs if isinstance(o, PublicResponse)] != [] or kind is not CommandKind.PUBLISH
        self.taken_in.append(record)

    @precondition(lambda self: self.tasks)
    @rule(data=st.data())
    def the_road_to_the_end(self, data: st.DataObject) -> None:
        """From anywhere there is a lawful way to an answer in public."""
        task = self.tasks[data.draw(st.sampled_from(sorted(self.tasks)))]
        for _ in range(12):
            if task.state in (TaskState.PUBLISHED, TaskState.ARCHIVED):
                break
            kind = {
                TaskState.PENDING: CommandKind.ACCEPT,
                TaskState.UNDER_REVIEW: CommandKind.APPROVE,
                TaskState.APPROVED: CommandKind.PUBLISH,
                TaskState.CLOSED: CommandKind.REOPEN,
                TaskState.CONSULTING: CommandKind.CONFIRM,
                TaskState.PAUSED: CommandKind.RESUME,
            }.get(task.state, CommandKind.DRAFT)
            asked = asked_units(task.named_units, task.consult_units)
            waiting = [u.code for u in asked if u.code not in task.confirmed_units]
            if task.state is TaskState.CONSULTING and not waiting:
                kind = CommandKind.SUBMIT
            if task.state is TaskState.DRAFTED:
                kind = CommandKind.CONSULT if waiting else CommandKind.SUBMIT
            self.sent += 1
            record = command(
                id=f"c-{self.sent}",
                task_id=task.id,
                kind=kind,
                role="leader" if task.drafted_by != "leader" else "editor",
                unit=waiting[0] if kind is CommandKind.CONFIRM else "",
                consult_units=tuple(waiting),
                text="因为",
                publication="website",
                at=self.now,
            )
            outputs = self.both(record)
            assert outputs, "the step is legal"
            self.keep(outputs)
            self.taken_in.append(record)
            task = self.tasks[task.id]
        assert task.state in (TaskState.PUBLISHED, TaskState.ARCHIVED)

    @precondition(lambda self: self.tasks)
    @rule(data=st.data(), days=st.sampled_from([29, 31, 121, 122, 600]))
    def finished_long_ago(self, data: st.DataObject, days: int) -> None:
        name = data.draw(st.sampled_from(sorted(self.tasks)))
        if self.tasks[name].state not in (TaskState.CLOSED, TaskState.ARCHIVED):
            self.sent += 1
            lawful = {"kind": CommandKind.CLOSE, "legal_ground": "privacy", "text": "因为"}
            role = "leader" if self.tasks[name].drafted_by != "leader" else "editor"
            closing = command(id=f"c-{self.sent}", task_id=name, role=role, unit="office", at=self.now, **lawful)
            outputs = self.both(closing)
            assert outputs
            self.keep(outputs)
            self.taken_in.append(closing)
        self.time_passes(days * 24)

    @rule(
        incident=st.sampled_from(["inc-1", "inc-2"]),
        hours=st.none() | st.integers(1, 200),
        publications=st.sampled_from([(), ("press_conference",), ("website", "weibo")]),
        grade=st.sampled_from([None, None, Grade.II]),
        opens=st.booleans(),
        referred=st.booleans(),
    )
    def others_order(
        self,
        incident: str,
        hours: int | None,
        publications: tuple[str, ...],
        grade: Grade | None,
        opens: bool,
        referred: bool,
    ) -> None:
        """An instruction is passed on, or a matter is handed down."""
        self.sent += 1
        due = None if hours is None else self.now + timedelta(hours=hours)
        given: dict[str, object] = {"instruction": instruction(f"o-{self.sent}", due, publications, grade, opens)}
        if referred:
            given = {"referral": referral(f"o-{self.sent}", due or self.now + timedelta(hours=9))}
        record = escalation(id=f"e-{self.sent}", incident_id=incident, response_required=False, **given)
        self.keep(self.both(record))
        # What found no task and opened none is not taken in: it may act when it comes again.
        if self.store.get(f"{TASK}t-{incident[4:]}") is not None:
            self.taken_in.append(record)
        assert self.both(record) == []

    @rule(hours=HOURS)
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        outputs = self.running.tick(self.now)
        assert self.restarted.tick(self.now) == outputs
        self.keep(outputs)
        assert self.running.tick(self.now) == []
        for task in self.tasks.values():
            for clock in task.clocks:
                assert clock.state is not ClockState.RUNNING or clock.due_at > self.now
                assert clock.state is not ClockState.PAUSED or task.state is TaskState.PAUSED
                if clock.state is ClockState.MISSED:
                    known = (task.id, f"{clock.kind}.{clock.round}", "missed") in self.notices
                    assert known, "what is missed is supervised"
                    assert clock.met_at is None or clock.met_at >= clock.due_at
        self.let_go()

    def let_go(self) -> None:
        """What has left the store is remembered by its id, and at last forgotten."""
        for name, task in list(self.tasks.items()):
            if self.store.get(TASK + name) is not None:
                continue
            assert task.state is TaskState.ARCHIVED, "only what is archived leaves"
            if self.store.get(GONE + name) is None:
                incident = task.incident_id
                self.taken_in = [
                    r
                    for r in self.taken_in
                    if (r.incident_id != incident if isinstance(r, Escalation) else r.task_id != name)
                ]
                del self.tasks[name]
                self.notices = {notice for notice in self.notices if notice[0] != name}

    @rule()
    def restart(self) -> None:
        self.restarted = ResponseDesk(small_policy(), self.store)

    @precondition(lambda self: self.taken_in)
    @rule(data=st.data())
    def redelivery(self, data: st.DataObject) -> None:
        first = data.draw(st.integers(0, len(self.taken_in) - 1))
        for record in self.taken_in[first:]:
            assert self.both(record) == [], "what was taken in before changes nothing"

    @invariant()
    def every_history_is_a_legal_walk(self) -> None:
        for task in self.tasks.values():
            assert task.history[-1].to_state is task.state
            for before, event in pairwise(task.history):
                assert event.from_state is before.to_state
                if event.action in ("raise", "order"):
                    if event.action == "order" and event.to_state is before.to_state:
                        continue
                    back = {TaskState.PAUSED: TaskState.HANDLING, TaskState.ARCHIVED: TaskState.CLOSED}
                    assert event.to_state is back.get(before.to_state, before.to_state)
                elif event.action in ("auto_resume", "auto_archive"):
                    assert event.to_state in (TaskState.HANDLING, TaskState.ARCHIVED)
                else:
                    assert TABLE[CommandKind(event.action)][before.to_state] is event.to_state
            caused = [
                (e.action in ("open", "raise"), e.cause) for e in task.history if e.role != "rule" or e.cause != "rule"
            ]
            assert len(set(caused)) == len(caused)

    @invariant()
    def nothing_is_published_without_another_persons_approval(self) -> None:
        for task in self.tasks.values():
            drafter = approver = None
            publications = 0
            for event in task.history:
                if event.action == "draft":
                    drafter, approver = event.role, None
                elif event.action == "approve":
                    approver = event.role
                elif event.action in ("reject", "reopen"):
                    approver = None
                elif event.action == "publish":
                    publications += 1
                    assert approver is not None
                    assert approver != drafter
            assert len(task.response_ids) == publications
            assert set(task.response_ids) <= set(self.responses)

    @invariant()
    def every_body_that_the_text_names_has_confirmed_it(self) -> None:
        for task in self.tasks.values():
            if task.state in (TaskState.UNDER_REVIEW, TaskState.APPROVED):
                asked = asked_units(task.named_units, task.consult_units)
                assert {unit.code for unit in asked} <= set(task.confirmed_units)
                assert "市卫健委" not in (task.draft or "") or task.unit.code == "health" or asked

    @invariant()
    def every_end_is_published_or_lawful(self) -> None:
        for task in self.tasks.values():
            closing = [event for event in task.history if event.action == "close"]
            ended = task.state in (TaskState.CLOSED, TaskState.ARCHIVED)
            if ended and closing[-1].from_state is not TaskState.PUBLISHED:
                assert task.closed_ground in small_policy().response.legal_grounds
                assert closing[-1].note.endswith("因为")

    @invariant()
    def the_store_holds_what_was_sent(self) -> None:
        for task in self.tasks.values():
            stored = self.restarted.task(task.id)
            assert stored == task or (stored is None and task.state is TaskState.ARCHIVED)


TestResponses = Responses.TestCase
TestResponses.settings = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    # A failing sequence of fifty steps takes minutes to shrink and is readable as it is.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
