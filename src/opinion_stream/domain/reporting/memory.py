"""Where the reporting desk keeps its memory: one value per matter, one per escalation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from opinion_stream.domain.reporting.reports import Matter, Reports, Sent
from opinion_stream.domain.state import Store
from opinion_stream.models.escalation import Escalation, EscalationStatus

REPORTS = "reporting/"
SENT = "reported/"


class Memory:
    """Reads and writes `Reports` and `Sent`. What an older version stored is taken over as it is read."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self, incident_id: str) -> Reports:
        """The memory of a matter; an empty one if there is none."""
        raw = self._store.get(REPORTS + incident_id)
        if raw is None:
            return Reports(incident_id=incident_id)
        reports = Reports.model_validate_json(raw)
        return self._moved(reports) if reports.sent else reports

    def every(self) -> Iterator[Reports]:
        """The memory of every matter."""
        for key, _ in list(self._store.items(REPORTS)):
            yield self.load(key.removeprefix(REPORTS))

    def sent(self, incident_id: str, name: str) -> Sent | None:
        """An escalation as it stands now, or None."""
        raw = self._store.get(f"{SENT}{incident_id}/{name}")
        return None if raw is None else Sent.model_validate_json(raw)

    def save(self, reports: Reports, changed: Iterable[Sent] = ()) -> None:
        """Remember the matter and these of its escalations."""
        self._store.put(REPORTS + reports.incident_id, reports.to_bytes())
        for sent in changed:
            self._store.put(f"{SENT}{reports.incident_id}/{sent.escalation.id}", sent.to_bytes())

    def forget(self, reports: Reports) -> None:
        """Forget the matter and all that was sent of it."""
        for name in reports.ids:
            self._store.delete(f"{SENT}{reports.incident_id}/{name}")
        self._store.delete(REPORTS + reports.incident_id)

    def _moved(self, reports: Reports) -> Reports:
        every = list(reports.sent.values())
        moved = reports.model_copy(update={"sent": {}}).with_sent(*(sent.escalation for sent in every))
        if moved.matter is None:
            latest = max(every, key=lambda sent: sent.escalation.incident_version).escalation
            moved = moved.model_copy(update={"matter": _matter_of(latest)})
        waiting = tuple(s.escalation.id for s in every if s.escalation.status is EscalationStatus.ISSUED)
        update: dict[str, object] = {"waiting": waiting, "reported_version": moved.version}
        if moved.closed and not waiting:
            update["settled_at"] = max(sent.escalation.status_at for sent in every)
        moved = moved.model_copy(update=update)
        self.save(moved, every)
        return moved


def _matter_of(escalation: Escalation) -> Matter:
    shared = Matter.model_fields.keys() & Escalation.model_fields.keys() - {"version", "status"}
    fields = {name: getattr(escalation, name) for name in shared}
    return Matter(version=escalation.incident_version, **fields)
