"""Which topic and key each model is written to."""

from __future__ import annotations

from opinion_stream.agents.stage import Output
from opinion_stream.domain.orders import GradeOrder
from opinion_stream.models.brief import Brief
from opinion_stream.models.effect import ResponseEffect
from opinion_stream.models.escalation import Escalation
from opinion_stream.models.incident import Incident
from opinion_stream.models.mention import Mention
from opinion_stream.models.sharing import ReferralReply, TaskOutcome
from opinion_stream.models.task import PublicResponse, ResponseTask, SupervisionNotice
from opinion_stream.models.warning import EarlyWarning
from opinion_stream.topics import (
    BRIEFS,
    COLLECTED,
    EFFECTS,
    ESCALATIONS,
    INCIDENT_COMMANDS,
    INCIDENTS,
    REFERRAL_REPLIES,
    RESPONSES,
    SUPERVISION,
    TASK_OUTCOMES,
    TASKS,
    WARNINGS,
)

Result = (
    Mention
    | Incident
    | GradeOrder
    | Brief
    | EarlyWarning
    | Escalation
    | ReferralReply
    | ResponseTask
    | PublicResponse
    | ResponseEffect
    | SupervisionNotice
    | TaskOutcome
)


def output(result: Result) -> Output:
    """The record to write for a result."""
    match result:
        case Mention():
            return Output(COLLECTED, result.id.encode(), result.to_bytes())
        case Incident():
            return Output(INCIDENTS, result.id.encode(), result.to_bytes())
        case Brief():
            return Output(BRIEFS, result.incident_id.encode(), result.to_bytes())
        case EarlyWarning():
            return Output(WARNINGS, result.region.code.encode(), result.to_bytes())
        case GradeOrder():
            return Output(INCIDENT_COMMANDS, result.shard.encode(), result.command.to_bytes())
        case Escalation():
            return Output(ESCALATIONS, result.incident_id.encode(), result.to_bytes())
        case ReferralReply():
            return Output(REFERRAL_REPLIES, result.referral_id.encode(), result.to_bytes())
        case TaskOutcome():
            return Output(TASK_OUTCOMES, result.incident_id.encode(), result.to_bytes())
        case ResponseTask():
            return Output(TASKS, result.id.encode(), result.to_bytes())
        case PublicResponse():
            return Output(RESPONSES, result.incident_id.encode(), result.to_bytes())
        case ResponseEffect():
            return Output(EFFECTS, result.incident_id.encode(), result.to_bytes())
        case SupervisionNotice():
            return Output(SUPERVISION, result.incident_id.encode(), result.to_bytes())
