"""Whatever is sent, in whatever order and however often: no illegal state, and every effect once."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from builders import T0, command, escalation, small_policy
from opinion_stream.domain.response import Output, ResponseDesk
from opinion_stream.domain.response.machine import TABLE
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
HOURS = st.integers(0, 30) | st.sampled_from([100, 2_000])
LIKELY = [CommandKind.ACCEPT, CommandKind.DRAFT, CommandKind.SUBMIT, CommandKind.APPROVE, CommandKind.PUBLISH]
KINDS = st.sampled_from([*LIKELY, *LIKELY, *CommandKind])


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
                if before:
                    assert output.history[: len(before.history)] == before.history, "history is only added to"
                    assert output.grade.rank <= before.grade.rank
                    for old, new in zip(before.clocks, output.clocks, strict=False):
                        assert (old.kind, old.due_at) == (new.kind, new.due_at)
                        assert old.state in (ClockState.RUNNING, new.state), "what is met or missed stays so"
                self.tasks[output.id] = output
            elif isinstance(output, PublicResponse):
                assert output.id not in self.responses, "published once"
                self.responses[output.id] = output
            else:
                assert isinstance(output, SupervisionNotice)
                key = (output.task_id, output.clock, output.level)
                assert key not in self.notices, "a notice is sent once"
                self.notices.add(key)

    def both(self, record: Escalation | TaskCommand) -> list[Output]:
        answers: list[list[Output] | tuple[str, str]] = []
        for desk in (self.running, self.restarted):
            try:
                if isinstance(record, Escalation):
                    answers.append(desk.escalation(record, self.now))
                else:
                    answers.append(desk.command(record, self.now))
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
        text=st.sampled_from(["因为", "因为", ""]),
        publication=st.sampled_from(["website", "press_conference", "skywriting"]),
        ground=st.sampled_from([None, "privacy", "no-mood"]),
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
        ago: int,
    ) -> None:
        self.sent += 1
        before = self.tasks[data.draw(st.sampled_from(sorted(self.tasks)))]
        record = command(
            id=f"c-{self.sent}",
            task_id=before.id,
            kind=kind,
            role=role,
            unit=unit,
            to_unit=other,
            consult_units=(other,),
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
        for _ in range(9):
            if task.state is TaskState.PUBLISHED:
                break
            kind = {
                TaskState.PENDING: CommandKind.ACCEPT,
                TaskState.UNDER_REVIEW: CommandKind.APPROVE,
                TaskState.APPROVED: CommandKind.PUBLISH,
                TaskState.CLOSED: CommandKind.REOPEN,
                TaskState.CONSULTING: CommandKind.CONFIRM,
            }.get(task.state, CommandKind.DRAFT)
            waiting = [u.code for u in task.consult_units if u.code not in task.confirmed_units]
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
                unit=waiting[0] if waiting else "",
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
                if clock.state is ClockState.MISSED:
                    assert (task.id, clock.kind, "missed") in self.notices, "what is missed is supervised"
                    assert clock.met_at is None or clock.met_at >= clock.due_at

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
                if event.action != "raise":
                    assert TABLE[CommandKind(event.action)][before.to_state] is event.to_state
            assert len({(e.action in ("open", "raise"), e.cause) for e in task.history}) == len(task.history)

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
    def every_end_is_published_or_lawful(self) -> None:
        for task in self.tasks.values():
            closing = [event for event in task.history if event.action == "close"]
            if task.state is TaskState.CLOSED and closing[-1].from_state is not TaskState.PUBLISHED:
                assert task.closed_ground in small_policy().response.legal_grounds
                assert closing[-1].note.endswith("因为")

    @invariant()
    def the_store_holds_what_was_sent(self) -> None:
        for task in self.tasks.values():
            assert self.restarted.task(task.id) == task


TestResponses = Responses.TestCase
TestResponses.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)
