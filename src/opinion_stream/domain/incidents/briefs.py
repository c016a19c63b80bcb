"""The briefs (研判专报) of a partition: written when due, kept as they were read, approved or returned by persons."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from opinion_stream.domain.incidents.intake import Intake
from opinion_stream.domain.incidents.record import IncidentRecord
from opinion_stream.domain.state import Store
from opinion_stream.errors import Rejected
from opinion_stream.models.base import Grade
from opinion_stream.models.brief import Brief, BriefDecision, BriefStatus
from opinion_stream.models.command import IncidentCommand, IncidentCommandKind
from opinion_stream.policy.loader import Policy

if TYPE_CHECKING:
    from opinion_stream.domain.briefing.writer import BriefWriter

MAX_DECISIONS = 50
"""Decisions that a brief remembers, the latest."""

_BRIEF = "brief/"
_BECOMES = {
    IncidentCommandKind.APPROVE_BRIEF: BriefStatus.APPROVED,
    IncidentCommandKind.RETURN_BRIEF: BriefStatus.RETURNED,
}


class Briefs:
    """In the store: `brief/<incident id>`, the latest brief on an incident, so that a person decides on what was read.

    `least` takes the place of the grade from which the policy wants briefs.
    """

    def __init__(self, policy: Policy, store: Store, intake: Intake, least: Grade | None = None) -> None:
        self._policy = policy
        self._store = store
        self._intake = intake
        self._least = least
        self._due: dict[str, Brief] = {}

    # Loaded with the first brief: a run over a file has none.
    @cached_property
    def _writer(self) -> BriefWriter:
        from opinion_stream.domain.briefing.writer import BriefWriter

        return BriefWriter(self._policy, self._least)

    def drain(self) -> list[Brief]:
        """The latest brief on each incident for which one was written or decided on since the last call."""
        briefs, self._due = self._due, {}
        return list(briefs.values())

    def of(self, record: IncidentRecord) -> Brief | None:
        """The brief on an incident as it stands now, for approval; None if its grade asks for none."""
        return self._writer.write(self._intake.snapshot(record), record.extracts)

    def renew(self, record: IncidentRecord) -> None:
        """Write the brief on a changed incident where the policy asks for one or for a new one."""
        if not self._writer.due(record.grade, record.mentions, record.briefed_grade, record.briefed_mentions):
            return
        record.briefed_grade, record.briefed_mentions = record.grade, record.mentions
        brief = self.of(record)
        if brief is not None:
            before = self._kept(record)
            self._keep(brief if before is None else brief.model_copy(update={"decisions": before.decisions}))

    def decide(self, record: IncidentRecord, command: IncidentCommand) -> None:
        """Approve or return the latest brief on an incident; what a person has not read is not approved.

        Raises Rejected (`illegal_command`) where there is none, where a newer one stands than was named, where the
        role may not approve (`approvers` of response.yaml), and where that was decided already.
        """
        brief, becomes = self._kept(record), _BECOMES[command.action]
        if brief is None:
            raise Rejected("illegal_command", "事件没有研判专报：等级未达到 playbooks.yaml 的 min_grade，或还未写成")
        problem = self._problem(brief, becomes, command)
        if problem is not None:
            raise Rejected("illegal_command", problem)
        record.version += 1
        record.remember(command.id)
        decision = BriefDecision(
            status=becomes,
            version=brief.version,
            by_role=command.by_role,
            at=command.at,
            reason=command.reason,
            cause=command.id,
        )
        decisions = (*brief.decisions, decision)[-MAX_DECISIONS:]
        self._keep(brief.model_copy(update={"version": record.version, "status": becomes, "decisions": decisions}))

    def _problem(self, brief: Brief, becomes: BriefStatus, command: IncidentCommand) -> str | None:
        able = self._policy.response.approvers
        if able and command.by_role not in able:
            return f"审批研判专报的岗位须是：{'、'.join(able)}，见 response.yaml 的 approvers"
        if command.brief_version is not None and command.brief_version != brief.version:
            return (
                f"审批的是第{command.brief_version}版，专报现为第{brief.version}版（{brief.status.label}）："
                "请看过最新一版再审批"
            )
        if brief.status is becomes:
            return f"第{brief.version}版专报已经是「{becomes.label}」，不能重复{command.action.label}"
        return None

    def _kept(self, record: IncidentRecord) -> Brief | None:
        kept = self._store.get(_BRIEF + record.id)
        return None if kept is None else Brief.model_validate_json(kept)

    def _keep(self, brief: Brief) -> None:
        self._store.put(_BRIEF + brief.incident_id, brief.to_bytes())
        self._due[brief.incident_id] = brief


def drop_brief(store: Store, incident_id: str) -> None:
    """Forget the brief on an incident that is forgotten itself, if there is one."""
    key = _BRIEF + incident_id
    if store.get(key) is not None:
        store.delete(key)
