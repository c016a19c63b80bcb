"""Where incident records are kept between two touches: as JSON in a store, or as they are in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from opinion_stream.domain.incidents.record import IncidentRecord
from opinion_stream.domain.state import Store

_RECORD = "incident/"


class Records(Protocol):
    """Open and closed incidents by id."""

    def put(self, record: IncidentRecord) -> None:
        """Keep a record as it is now."""

    def get(self, incident_id: str) -> IncidentRecord | None:
        """The record as it was put last; None if it is not kept."""

    def delete(self, incident_id: str) -> None:
        """Forget a record; no error if there is none."""

    def every(self) -> Iterator[IncidentRecord]:
        """All records kept."""


class StoredRecords:
    """Records in a store, `incident/<id>` one JSON record each."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, record: IncidentRecord) -> None:
        """Write the record."""
        self._store.put(_RECORD + record.id, record.to_bytes())

    def get(self, incident_id: str) -> IncidentRecord | None:
        """A new object, equal to the record that was put; None if there is none."""
        raw = self._store.get(_RECORD + incident_id)
        return None if raw is None else IncidentRecord.from_bytes(raw)

    def delete(self, incident_id: str) -> None:
        """Delete the record."""
        self._store.delete(_RECORD + incident_id)

    def every(self) -> Iterator[IncidentRecord]:
        """All records in the store."""
        for _, raw in self._store.items(_RECORD):
            yield IncidentRecord.from_bytes(raw)


class HeldRecords:
    """Records in memory, not copied: for a run over a file, which nobody takes up again."""

    def __init__(self) -> None:
        self._records: dict[str, IncidentRecord] = {}

    def put(self, record: IncidentRecord) -> None:
        """Hold the record itself."""
        self._records[record.id] = record

    def get(self, incident_id: str) -> IncidentRecord | None:
        """The very record that was put."""
        return self._records.get(incident_id)

    def delete(self, incident_id: str) -> None:
        """Let go of the record."""
        self._records.pop(incident_id, None)

    def every(self) -> Iterator[IncidentRecord]:
        """The records held."""
        yield from self._records.values()
