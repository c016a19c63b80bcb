"""The incidents agent (事件归并): groups assessed mentions of a region into incidents, and does what persons decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from opinion_stream.agents.guard import Guard
from opinion_stream.agents.outputs import output
from opinion_stream.agents.stage import Output, Record, Tools
from opinion_stream.domain.collection.mask import Masker
from opinion_stream.domain.figures import Figures
from opinion_stream.domain.incidents.book import IncidentBook
from opinion_stream.domain.state import Store
from opinion_stream.domain.warning.watch import Watch
from opinion_stream.errors import Rejected
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.command import IncidentCommand
from opinion_stream.topics import INCIDENT_COMMANDS, Stage


class IncidentsDesk:
    """Keeps the incidents of the regions in one partition."""

    def __init__(self, tools: Tools, store: Store) -> None:
        self._guard = Guard(Stage.INCIDENTS, tools.sealer)
        self._book = IncidentBook(tools.policy, store)
        self._watch = Watch(tools.policy, store)
        self._masker = Masker(tools.policy.collection.not_a_name)
        self._observer = tools.observer

    def handle(self, records: Sequence[Record]) -> list[Output]:
        """See `Desk`."""
        outputs: list[Output] = []
        for commands, run in groupby(records, lambda record: record.topic == INCIDENT_COMMANDS):
            if commands:
                for record in run:
                    self._command(record, outputs)
            else:
                mentions = [mention for _, mention in self._guard.decode(run, AssessedMention, outputs)]
                outputs += [output(incident) for incident in self._book.take(mentions, self._watch.see)]
                self._observer.mentions([item.mention for item in mentions])
        outputs += [output(brief) for brief in self._book.take_briefs()]
        outputs += [output(warning) for warning in self._watch.drain()]
        return outputs

    def _command(self, record: Record, outputs: list[Output]) -> None:
        for _, command in self._guard.decode([record], IncidentCommand, outputs):
            # A reason is written by hand and stands in the incident for all to read.
            masked = command.model_copy(update={"reason": self._masker.mask(command.reason)[0]})
            try:
                outputs += [output(incident) for incident in self._book.command(masked)]
            except Rejected as rejected:
                outputs.append(self._guard.dead_letter(record, rejected))

    def figures(self) -> Figures:
        """See `Measured`."""
        return self._book.figures()

    def tick(self, now: datetime) -> list[Output]:
        """Incidents follow event time, not the clock."""
        return []
