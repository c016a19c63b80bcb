"""The assessment agent (分析研判): classifies and attributes mentions in batches; keeps no state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from opinion_stream.agents.guard import Guard
from opinion_stream.agents.stage import Happening, Output, Record, Tools
from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.domain.places import Places
from opinion_stream.domain.state import Store
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.mention import Mention
from opinion_stream.topics import ASSESSED, Stage


class AssessmentDesk:
    """Assesses one partition of the collected mentions."""

    def __init__(self, tools: Tools, store: Store) -> None:
        self._guard = Guard(Stage.ASSESSMENT, tools.sealer)
        self._assessor = Assessor(tools.policy, tools.classifier)
        self._places = Places(tools.policy)
        self._observer = tools.observer
        self._count = tools.count

    def handle(self, records: Sequence[Record]) -> list[Output]:
        """See `Desk`."""
        outputs: list[Output] = []
        decoded = [mention for _, mention in self._guard.decode(records, Mention, outputs)]
        # What the city's rules set aside ends here, marked on the topic it came from: see docs/watch.md.
        mentions = [mention for mention in decoded if mention.set_aside is None]
        if len(mentions) < len(decoded):
            self._count(Happening.SET_ASIDE, len(decoded) - len(mentions))
        assessments = self._assessor.assess(mentions)
        assessed = [
            AssessedMention(mention=mention, assessment=assessment)
            for mention, assessment in zip(mentions, assessments, strict=True)
        ]
        self._observer.assessed(assessed)
        for item in assessed:
            # All that may belong to one incident must meet in one partition, whoever of its region took it down.
            key = self._places.shard(item.assessment.region.code).encode()
            outputs.append(Output(ASSESSED, key, item.to_bytes()))
        return outputs

    def tick(self, now: datetime) -> list[Output]:
        """Nothing here waits for time."""
        return []
