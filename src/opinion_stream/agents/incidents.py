"""The incidents agent (事件归并): groups assessed mentions of a region into incidents, grades them, follows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from opinion_stream.agents.guard import Guard
from opinion_stream.agents.outputs import output
from opinion_stream.agents.stage import Output, Record, Tools
from opinion_stream.domain.incidents.book import IncidentBook
from opinion_stream.domain.state import Store
from opinion_stream.domain.warning.watch import Watch
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.topics import Stage


class IncidentsDesk:
    """Keeps the incidents of the regions in one partition."""

    def __init__(self, tools: Tools, store: Store) -> None:
        self._guard = Guard(Stage.INCIDENTS, tools.sealer)
        self._book = IncidentBook(tools.policy, store)
        self._watch = Watch(tools.policy, store)

    def handle(self, records: Sequence[Record]) -> list[Output]:
        """See `Desk`."""
        outputs: list[Output] = []
        mentions = [mention for _, mention in self._guard.decode(records, AssessedMention, outputs)]
        outputs += [output(incident) for incident in self._book.take(mentions, self._watch.see)]
        outputs += [output(brief) for brief in self._book.take_briefs()]
        outputs += [output(warning) for warning in self._watch.drain()]
        return outputs

    def tick(self, now: datetime) -> list[Output]:
        """Incidents follow event time, not the clock."""
        return []
