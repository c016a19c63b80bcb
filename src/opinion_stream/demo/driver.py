"""Drives a scenario through the road: says what is said, does what is done, moves the clock, waits between."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from opinion_stream.adapters.inbound import inbound_key
from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.adapters.reading import Progress, Reader, Stored
from opinion_stream.demo.road import wait_drained
from opinion_stream.demo.scenario import Action, Routine, Step
from opinion_stream.domain.ids import task_id
from opinion_stream.models.base import WireModel
from opinion_stream.models.control import ClockTick
from opinion_stream.models.escalation import Escalation, EscalationStatus, Receipt, ReceiptKind
from opinion_stream.models.incident import Incident
from opinion_stream.models.task import CommandKind, ResponseTask, TaskCommand, TaskState
from opinion_stream.settings import Settings
from opinion_stream.topics import (
    CLOCK,
    ESCALATIONS,
    INBOUND,
    INCIDENTS,
    RECEIPTS,
    TASK_COMMANDS,
    TASKS,
    TOPICS,
    Topic,
    full_name,
)


@dataclass
class Known:
    """What the driver has read from the topics so far, to find the matter an action is about."""

    incident_of: dict[str, str] = field(default_factory=dict)
    """Id of a mention to the id of its incident."""
    escalations: dict[str, Escalation] = field(default_factory=dict)
    tasks: dict[str, ResponseTask] = field(default_factory=dict)

    def incident(self, incident: Incident) -> None:
        """Remember which mentions an incident holds."""
        for mention_id in incident.mention_ids:
            self.incident_of[mention_id] = incident.id

    def escalation(self, escalation: Escalation) -> None:
        """Remember an escalation as it stands now."""
        known = self.escalations.get(escalation.id)
        if known is None or escalation.version >= known.version:
            self.escalations[escalation.id] = escalation

    def task(self, task: ResponseTask) -> None:
        """Remember a task as it stands now."""
        known = self.tasks.get(task.id)
        if known is None or task.version >= known.version:
            self.tasks[task.id] = task

    def open_escalation(self, incident_id: str, level: str | None) -> Escalation | None:
        """The latest escalation of an incident to that level of recipient that waits for a receipt."""
        waiting = [
            e
            for e in self.escalations.values()
            if e.incident_id == incident_id
            and e.status in (EscalationStatus.ISSUED, EscalationStatus.LAPSED)
            and level in (None, e.recipient.level)
        ]
        return max(waiting, key=lambda e: (e.issued_at, e.id), default=None)


class Driver:
    """Plays steps. All records it sends carry ids derived from the scenario, so that playing twice does no harm."""

    def __init__(
        self,
        settings: Settings,
        producer: BatchProducer,
        read: Reader,
        far: Progress,
        check: Callable[[], None],
        routine: Routine | None = None,
    ) -> None:
        self._settings = settings
        self._producer = producer
        self._read = read
        self._far = far
        self._check = check
        self._routine = routine
        self.known = Known()
        self.not_done: list[str] = []
        self._coming: set[Action] = set()
        self._done: set[Action] = set()
        self._decoders = {
            self._name(INCIDENTS): Incident.model_validate_json,
            self._name(ESCALATIONS): Escalation.model_validate_json,
            self._name(TASKS): ResponseTask.model_validate_json,
        }

    def watched(self) -> list[str]:
        """The topics that `read` must be set to read."""
        return [self._name(topic) for topic in TOPICS if topic.readers or topic is TASKS]

    def _name(self, topic: Topic) -> str:
        return full_name(self._settings.topic_prefix, topic)

    async def play(self, steps: Sequence[Step], on_lines: Callable[[int, datetime], None]) -> None:
        """Play all steps in order; `on_lines` is told how many lines were sent and what time it is."""
        self._coming = {action for step in steps for action in step.actions}
        await self._send(self._ticks(steps[0].until - timedelta(days=1)))
        for step in steps:
            topic, at = self._name(INBOUND), int(step.until.timestamp() * 1000)
            await self._send([Outgoing(topic, inbound_key(line), line, timestamp_ms=at) for line in step.lines])
            on_lines(len(step.lines), step.until)
            await self._send(self._acts(step.actions))
            if step.tick:
                # In this order and not at once, as topics are read side by side: what was done in time comes first.
                await self._send(self._usual(step.until))
                await self._send(self._ticks(step.until))

    async def _send(self, records: Sequence[Outgoing]) -> None:
        if records:
            await self._producer.send_all(records)
            await self.rest()

    async def rest(self) -> None:
        """Wait until the road is at rest, and take note of what came out."""
        await wait_drained(self._settings, self._read, self._far, check=self._check, on_records=self._note)

    def _note(self, records: Sequence[Stored]) -> None:
        for record in records:
            decode = self._decoders.get(record.topic)
            if decode is None or record.value is None:
                continue
            match decode(record.value):
                case Incident() as incident:
                    self.known.incident(incident)
                case Escalation() as escalation:
                    self.known.escalation(escalation)
                case ResponseTask() as task:
                    self.known.task(task)

    def _ticks(self, now: datetime) -> list[Outgoing]:
        tick = ClockTick(now=now).to_bytes()
        return [Outgoing(self._name(CLOCK), None, tick, p) for p in range(self._settings.partitions)]

    def _acts(self, actions: Sequence[Action]) -> list[Outgoing]:
        self._coming.difference_update(actions)
        self._done.update(actions)
        found = [self._act(action) for action in actions]
        return [record for record in found if record is not None]

    def _act(self, action: Action) -> Outgoing | None:
        incident_id = self.known.incident_of.get(action.matter)
        if incident_id is None:
            self.not_done.append(f"{action.at:%m-%d %H:%M} {action.kind}: no incident holds {action.matter}")
            return None
        record = self._receipt(action, incident_id) if action.kind == "receipt" else _command(action, incident_id)
        if record is None:
            self.not_done.append(f"{action.at:%m-%d %H:%M} receipt: nothing open for {action.matter}")
            return None
        topic = RECEIPTS if action.kind == "receipt" else TASK_COMMANDS
        return Outgoing(self._name(topic), incident_id.encode(), record.to_bytes())

    def _usual(self, now: datetime) -> list[Outgoing]:
        """What the duty staff has done by `now` about matters that the script does not name."""
        if self._routine is None:
            return []
        named = self._incidents(action.matter for action in self._coming | self._done)
        alone = self._incidents(self._routine.left_alone)
        expected = {
            (incident_id, action.recipient_level)
            for action in self._coming
            if action.kind == "receipt"
            for incident_id in self._incidents([action.matter])
        }
        acknowledge = timedelta(minutes=self._routine.acknowledge_after_minutes)
        accept = timedelta(hours=self._routine.accept_after_hours)
        records: list[Outgoing] = []
        for escalation in self.known.escalations.values():
            at = escalation.issued_at + acknowledge
            line = (escalation.incident_id, escalation.recipient.level)
            if line in expected or escalation.incident_id in alone:
                continue
            if escalation.status is EscalationStatus.ISSUED and at <= now:
                receipt = _receipt(escalation, ReceiptKind.ACKNOWLEDGED, escalation.recipient.role, at, "已签收。")
                records.append(Outgoing(self._name(RECEIPTS), escalation.incident_id.encode(), receipt.to_bytes()))
        for task in self.known.tasks.values():
            at = task.opened_at + accept
            if task.state is TaskState.PENDING and task.incident_id not in named and at <= now:
                command = TaskCommand(
                    id=f"c-routine-{task.id}-{task.hops}",
                    task_id=task.id,
                    kind=CommandKind.ACCEPT,
                    role="duty_officer",
                    at=at,
                    text="已受理。",
                )
                records.append(Outgoing(self._name(TASK_COMMANDS), task.incident_id.encode(), command.to_bytes()))
        return records

    def _incidents(self, matters: Iterable[str]) -> set[str]:
        return {self.known.incident_of[matter] for matter in matters if matter in self.known.incident_of}

    def _receipt(self, action: Action, incident_id: str) -> WireModel | None:
        escalation = self.known.open_escalation(incident_id, action.recipient_level)
        if escalation is None:
            return None
        return _receipt(escalation, action.receipt or ReceiptKind.ACKNOWLEDGED, action.role, action.at, action.note)


def _receipt(escalation: Escalation, kind: ReceiptKind, role: str, at: datetime, note: str) -> Receipt:
    return Receipt(
        id=f"r-{escalation.id}-{kind.value}",
        escalation_id=escalation.id,
        incident_id=escalation.incident_id,
        kind=kind,
        role=role,
        at=at,
        note=note,
    )


def _command(action: Action, incident_id: str) -> WireModel:
    return TaskCommand(
        id=_command_id(action, incident_id),
        task_id=task_id(incident_id),
        kind=action.command or CommandKind.RECORD,
        role=action.role,
        unit=action.unit,
        at=action.at,
        text=action.text,
        to_unit=action.to_unit,
        consult_units=action.consult_units,
        publication=action.publication,
        url=action.url,
        legal_ground=action.legal_ground,
        ground=action.ground,
        approver=action.approver,
    )


def _command_id(action: Action, incident_id: str) -> str:
    digest = hashlib.blake2b(f"{incident_id}|{action.model_dump_json()}".encode(), digest_size=8)
    return f"c-{digest.hexdigest()}"
