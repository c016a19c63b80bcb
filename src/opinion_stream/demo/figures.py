"""Reads everything a run left on the topics and reduces it to its summary."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

from opinion_stream.adapters.reading import Reader, Stored
from opinion_stream.adapters.seal import Sealer
from opinion_stream.agents.guard import Guard
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.domain.summary import OnTopics, Summary, summarise
from opinion_stream.errors import Rejected
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.base import WireModel
from opinion_stream.models.brief import Brief
from opinion_stream.models.control import DeadLetter
from opinion_stream.models.effect import ResponseEffect
from opinion_stream.models.escalation import Escalation, Receipt
from opinion_stream.models.incident import Incident
from opinion_stream.models.mention import Mention
from opinion_stream.models.task import PublicResponse, ResponseTask, SupervisionNotice
from opinion_stream.models.warning import EarlyWarning
from opinion_stream.policy import Policy
from opinion_stream.settings import Settings
from opinion_stream.topics import (
    ASSESSED,
    BRIEFS,
    COLLECTED,
    DEAD_LETTERS,
    EFFECTS,
    ESCALATIONS,
    INBOUND,
    INCIDENTS,
    RECEIPTS,
    RESPONSES,
    SUPERVISION,
    TASKS,
    WARNINGS,
    Stage,
    full_name,
)

M = TypeVar("M", bound=WireModel)

COUNTED = (
    *(INBOUND, COLLECTED, ASSESSED, DEAD_LETTERS, INCIDENTS, BRIEFS, WARNINGS),
    *(ESCALATIONS, RECEIPTS, TASKS, RESPONSES, EFFECTS, SUPERVISION),
)


async def read_figures(settings: Settings, policy: Policy, read: Reader) -> Summary:
    """The summary of all that stands on the topics now."""
    by_topic: dict[str, list[Stored]] = defaultdict(list)
    for record in await read.read_to_end([full_name(settings.topic_prefix, topic) for topic in COUNTED]):
        by_topic[record.topic.removeprefix(f"{settings.topic_prefix}.")].append(record)

    def all_of(name: str, model: type[M]) -> tuple[M, ...]:
        validate = model.model_validate_json
        return tuple(validate(record.value) for record in by_topic[name] if record.value is not None)

    return summarise(
        OnTopics(
            inbound_ids=inbound_ids(settings, policy, by_topic[INBOUND.name]),
            set_aside=set_aside(by_topic[COLLECTED.name]),
            assessed=all_of(ASSESSED.name, AssessedMention),
            dead_letters=all_of(DEAD_LETTERS.name, DeadLetter),
            incidents=all_of(INCIDENTS.name, Incident),
            escalations=all_of(ESCALATIONS.name, Escalation),
            receipts=all_of(RECEIPTS.name, Receipt),
            tasks=all_of(TASKS.name, ResponseTask),
            responses=all_of(RESPONSES.name, PublicResponse),
            notices=all_of(SUPERVISION.name, SupervisionNotice),
            briefs=all_of(BRIEFS.name, Brief),
            warnings=all_of(WARNINGS.name, EarlyWarning),
            effects=all_of(EFFECTS.name, ResponseEffect),
        )
    )


def set_aside(records: Sequence[Stored]) -> tuple[Mention, ...]:
    """Those collected mentions that an exclusion sets aside; the others are not decoded."""
    validate = Mention.model_validate_json
    return tuple(validate(r.value) for r in records if r.value is not None and b'"set_aside":"' in r.value)


def inbound_ids(settings: Settings, policy: Policy, records: Sequence[Stored]) -> tuple[str, ...]:
    """What each inbound record must become: the id of a mention, or of a dead letter, by the core alone."""
    secret = settings.secret_key()
    guard = Guard(Stage.COLLECTION, Sealer(secret))
    ids: list[str] = []
    results = Collector(policy, secret).collect([Received(r.value or b"", r.at) for r in records])
    for record, result in zip(records, results, strict=True):
        if isinstance(result, Rejected):
            ids.append(guard.letter_id(record.value or b""))
        else:
            ids.append(result.id)
    return tuple(ids)
