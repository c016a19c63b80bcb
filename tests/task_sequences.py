"""Seeded sequences of reports, commands and ticks for the response stage: likely, odd, repeated and late ones."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from builders import T0, command, escalation, instruction, referral, small_policy
from opinion_stream.domain.response import Output, ResponseDesk
from opinion_stream.domain.response.named import asked_units
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.models.base import Grade, Nature
from opinion_stream.models.escalation import Escalation
from opinion_stream.models.task import (
    CommandKind,
    PublicResponse,
    ResponseTask,
    SupervisionNotice,
    TaskCommand,
    TaskState,
)

K = CommandKind
UNITS = ("housing", "health", "transport", "office")
NEXT = {
    TaskState.PENDING: K.ACCEPT,
    TaskState.ACCEPTED: K.RECORD,
    TaskState.HANDLING: K.DRAFT,
    TaskState.PAUSED: K.RESUME,
    TaskState.DRAFTED: K.SUBMIT,
    TaskState.CONSULTING: K.SUBMIT,
    TaskState.UNDER_REVIEW: K.APPROVE,
    TaskState.APPROVED: K.PUBLISH,
    TaskState.PUBLISHED: K.CLOSE,
    TaskState.CLOSED: K.REOPEN,
}
"""What is mostly done next."""


@dataclass
class Phase:
    """Records of one topic, in order, or a tick; between phases everything comes to rest."""

    records: list[Escalation | TaskCommand] = field(default_factory=list)
    tick: datetime | None = None


@dataclass
class Outcome:
    """What the pure core makes of a sequence."""

    tasks: dict[str, ResponseTask] = field(default_factory=dict)
    responses: list[PublicResponse] = field(default_factory=list)
    notices: list[SupervisionNotice] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)
    """Records that were refused; the same one may be refused again."""

    def keep(self, outputs: list[Output]) -> None:
        """Note what came out."""
        for output in outputs:
            match output:
                case ResponseTask():
                    self.tasks[output.id] = output
                case PublicResponse():
                    self.responses.append(output)
                case SupervisionNotice():
                    self.notices.append(output)


class Core:
    """The pure core with the time that the agent would give it."""

    def __init__(self) -> None:
        self.desk = ResponseDesk(small_policy(), DictStore())
        self.now = T0
        self.outcome = Outcome()

    def play(self, phase: Phase) -> None:
        """Take a phase in."""
        if phase.tick is not None:
            self.now = phase.tick
            self.outcome.keep(self.desk.tick(phase.tick))
        for record in phase.records:
            self.take(record)

    def take(self, record: Escalation | TaskCommand) -> None:
        """Take a record in."""
        try:
            if isinstance(record, Escalation):
                self.outcome.keep(self.desk.escalation(record, max(self.now, record.status_at)))
            else:
                self.outcome.keep(self.desk.command(record, max(self.now, record.at)))
        except Rejected:
            self.outcome.refused.append(record.to_bytes())


class Sequence:
    """Makes a sequence from a seed by playing it to a core of its own, so that most steps fit the state."""

    def __init__(self, seed: int, incidents: int = 4) -> None:
        self.random = random.Random(seed)
        self.core = Core()
        self.incidents = [f"i-{seed}x{number}" for number in range(incidents)]
        self.sent: list[Escalation | TaskCommand] = []
        self.phases: list[Phase] = [Phase(tick=T0)]
        self.count = 0

    def build(self, rounds: int, commands: int) -> list[Phase]:
        """Rounds of reports, commands and a jump in time; at the end every task is brought to its end."""
        for number in range(rounds):
            self._add([self._report(number) for _ in range(4 if number else 8)])
            self._phase([self._command for _ in range(commands)])
            hours = self.random.choice([1, 3, 6, 11, 20, 30, 50, 200])
            self.phases.append(Phase(tick=self.core.now + timedelta(hours=hours)))
            self.core.play(self.phases[-1])
        self._phase([self._to_the_end for _ in range(15 * len(self.incidents))])
        return self.phases

    def _add(self, records: list[Escalation | TaskCommand]) -> None:
        self.phases.append(Phase(records))
        self.core.play(self.phases[-1])
        self.sent += records

    def _phase(self, makers: list[object]) -> None:
        phase = Phase()
        for make in makers:
            record = make()  # type: ignore[operator]
            if record is None:
                continue
            if isinstance(record, Escalation):
                raise TypeError("a phase holds records of one topic")
            phase.records.append(record)
            self.core.take(record)
            self.sent.append(record)
        self.phases.append(phase)

    def _report(self, number: int) -> Escalation:
        old = [record for record in self.sent if isinstance(record, Escalation)]
        if old and self.random.random() < 0.2:
            return self.random.choice(old)
        self.count += 1
        more: dict[str, object] = {}
        dice = self.random.random()
        due = self.core.now + timedelta(hours=self.random.choice([6, 30, 90]))
        if dice < 0.15:
            publications = self.random.choice([(), ("press_conference",), ("website", "weibo")])
            more["instruction"] = instruction(f"o-{self.count}", due, publications, None, True)
        elif dice < 0.25:
            more["referral"] = referral(f"o-{self.count}", due)
        return escalation(
            id=f"e-{self.count}",
            incident_id=self.random.choice(self.incidents),
            incident_version=self.random.randint(1, 3 + 2 * number),
            grade=self.random.choice([Grade.II, Grade.III, Grade.IV, Grade.IV]),
            nature=self.random.choice([Nature.DIFFICULTY, Nature.SUGGESTION]),
            issued_at=self.core.now,
            **more,
        )

    def _command(self) -> TaskCommand | None:
        old = [record for record in self.sent if isinstance(record, TaskCommand)]
        if old and self.random.random() < 0.15:
            return self.random.choice(old)
        if not self.core.outcome.tasks:
            return None
        task = self.core.outcome.tasks[self.random.choice(sorted(self.core.outcome.tasks))]
        kind = NEXT.get(task.state, K.ACCEPT)
        if self.random.random() < 0.35:
            kind = self.random.choice(list(CommandKind))
        elif self.random.random() < 0.25 and task.state is TaskState.HANDLING:
            kind = self.random.choice([K.PAUSE, K.EXTEND])
        return self._about(task, kind, orderly=self.random.random() < 0.8)

    def _to_the_end(self) -> TaskCommand | None:
        done = (TaskState.PUBLISHED, TaskState.CLOSED, TaskState.ARCHIVED)
        for name in sorted(self.core.outcome.tasks):
            task = self.core.outcome.tasks[name]
            if task.state not in done:
                return self._about(task, NEXT[task.state], orderly=True)
        return None

    def _about(self, task: ResponseTask, kind: CommandKind, *, orderly: bool) -> TaskCommand:
        self.count += 1
        asked = asked_units(task.named_units, task.consult_units)
        waiting = [unit.code for unit in asked if unit.code not in task.confirmed_units]
        if orderly and kind is K.SUBMIT and waiting:
            kind = K.CONFIRM if task.state is TaskState.CONSULTING else K.CONSULT
        unit = "" if orderly else self.random.choice(UNITS)
        if kind in (K.CONFIRM, K.REGRADE) and orderly:
            unit = waiting[0] if kind is K.CONFIRM and waiting else "office"
        late = timedelta(hours=self.random.choice([0, 0, 0, 1, 40]))
        return command(
            id=f"c-{self.count}",
            task_id=task.id,
            kind=kind,
            role="editor"
            if kind is K.DRAFT
            else self.random.choice(["leader", "leader", "editor"])
            if not orderly
            else "leader",
            unit=unit,
            at=self.core.now - late,
            text=self.random.choice(["因为", "市卫健委已派人到场"]),
            to_unit=self.random.choice(UNITS),
            consult_units=(self.random.choice(UNITS),) if not waiting else tuple(waiting),
            publication=self.random.choice(["website", "press_conference"]),
            legal_ground="privacy" if kind is K.CLOSE and self.random.random() < 0.5 else None,
            ground={K.PAUSE: "testing", K.REOPEN: self.random.choice(["unsolved", "follow_up"])}.get(kind),
            to_grade=self.random.choice(list(Grade)),
        )
