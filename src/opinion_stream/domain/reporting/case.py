"""One matter while a record about it is worked on: its memory, and what was added or changed so far."""

from __future__ import annotations

from collections.abc import Iterator

from opinion_stream.domain.reporting.memory import Memory
from opinion_stream.domain.reporting.reports import RECEIPTED, Reports, Sent
from opinion_stream.models.escalation import Escalation


class Case:
    """Gathers changes until `save`; what was gathered is seen by every later look."""

    def __init__(self, memory: Memory, incident_id: str) -> None:
        self._memory = memory
        self.reports: Reports = memory.load(incident_id)
        self._changed: dict[str, Sent] = {}

    @property
    def id(self) -> str:
        """Id of the incident, or of the referred matter."""
        return self.reports.incident_id

    def update(self, **fields: object) -> None:
        """Change these fields of the memory."""
        self.reports = self.reports.model_copy(update=fields)

    def put(self, *sent: Sent) -> None:
        """Add escalations, or bring them up to date."""
        for one in sent:
            self._changed[one.escalation.id] = one
        self.reports = self.reports.with_sent(*(one.escalation for one in sent))

    def sent(self, name: str) -> Sent | None:
        """An escalation as it stands now, or None."""
        return self._changed.get(name) or self._memory.sent(self.id, name)

    def firsts(self) -> Iterator[Sent]:
        """The first report to each addressee, in the order in which they were told."""
        for name in self.reports.told.values():
            sent = self.sent(name)
            if sent is not None:
                yield sent

    def receipted(self, like: Sent) -> bool:
        """Whether anyone in the chain that `like` belongs to has given a receipt, in time or late."""
        every = (self.sent(name) for name in self.reports.ids)
        return any(one is not None and one.chain == like.chain and one.escalation.status in RECEIPTED for one in every)

    def save(self) -> list[Escalation]:
        """Remember everything; the escalations that were added or changed, in that order."""
        changed = list(self._changed.values())
        self._memory.save(self.reports, changed)
        self._changed = {}
        return [sent.escalation for sent in changed]
