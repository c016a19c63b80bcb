"""The response agent (回应督办): escalations and commands in; tasks, public responses, effects and notices out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from opinion_stream.agents.clocked import ClockedDesk
from opinion_stream.agents.outputs import Result
from opinion_stream.agents.stage import Record, Tools
from opinion_stream.domain.collection.mask import Masker
from opinion_stream.domain.figures import Figures
from opinion_stream.domain.response.desk import Output as Outcome
from opinion_stream.domain.response.desk import ResponseDesk as Core
from opinion_stream.domain.response.followup import FollowUp
from opinion_stream.domain.response.outcome import outcome_of
from opinion_stream.domain.state import Store
from opinion_stream.models.base import WireModel
from opinion_stream.models.escalation import Escalation
from opinion_stream.models.incident import Incident
from opinion_stream.models.task import CommandKind, PublicResponse, ResponseTask, TaskCommand, TaskState
from opinion_stream.topics import ESCALATIONS, INCIDENTS, TASK_COMMANDS, Stage


class ResponseDesk(ClockedDesk):
    """Keeps the tasks of one partition."""

    stage = Stage.RESPONSE
    models = {  # noqa: RUF012  declared a ClassVar by the base
        ESCALATIONS: Escalation,
        TASK_COMMANDS: TaskCommand,
        INCIDENTS: Incident,
    }

    def __init__(self, tools: Tools, store: Store) -> None:
        super().__init__(tools, store)
        self._core = Core(tools.policy, store)
        self._follow = FollowUp(tools.policy, store)
        self._masker = Masker(tools.policy.collection.not_a_name)

    def wants(self, record: Record) -> bool:
        """See `ClockedDesk`: of all incidents, those with a task."""
        return record.topic != INCIDENTS or (record.key is not None and self._follow.follows(record.key.decode()))

    def take(self, record: WireModel, now: datetime) -> Iterable[Result]:
        """See `ClockedDesk`."""
        match record:
            case Escalation():
                return self._followed(self._core.escalation(record, now))
            case TaskCommand():
                outputs = self._followed(self._core.command(self._masked(record), now))
                outcomes = [outcome_of(output) for output in outputs if isinstance(output, ResponseTask)]
                return [*outputs, *(outcome for outcome in outcomes if outcome is not None)]
            case Incident():
                self._follow.incident(record, now)
                return []
            case _:
                raise TypeError(f"no handler for {type(record).__name__}")

    def own_time(self, record: WireModel) -> datetime:
        """See `ClockedDesk`."""
        match record:
            case Escalation():
                return record.status_at
            case TaskCommand():
                return record.at
            case Incident():
                return record.last_at
            case _:
                raise TypeError(f"no time for {type(record).__name__}")

    def figures(self) -> Figures:
        """See `Measured`."""
        return self._core.figures()

    def pass_time(self, now: datetime) -> Iterable[Result]:
        """See `ClockedDesk`."""
        return [*self._followed(self._core.tick(now)), *self._follow.tick(now)]

    def _followed(self, outputs: Sequence[Outcome]) -> Sequence[Outcome]:
        for result in outputs:
            if isinstance(result, PublicResponse):
                self._follow.published(result)
            elif isinstance(result, ResponseTask) and result.state is TaskState.ARCHIVED:
                self._follow.forget(result.incident_id)
            elif isinstance(result, ResponseTask):
                self._follow.watch(result.incident_id)
        return outputs

    def _masked(self, command: TaskCommand) -> TaskCommand:
        # A draft is written to be published and may name an office's telephone; notes of work may hold a citizen's.
        if command.kind is CommandKind.DRAFT:
            return command
        return command.model_copy(update={"text": self._masker.mask(command.text)[0]})
