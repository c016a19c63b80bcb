"""All incidents of a partition: the open ones of each shard, the closed ones, the merged ones, and what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from opinion_stream.domain.due import DueIndex
from opinion_stream.domain.figures import Figures, Measure
from opinion_stream.domain.incidents.briefs import drop_brief
from opinion_stream.domain.incidents.closed import ClosedIncidents
from opinion_stream.domain.incidents.essence import Essences, NoEssences
from opinion_stream.domain.incidents.keeping import Records, StoredRecords
from opinion_stream.domain.incidents.record import IncidentRecord
from opinion_stream.domain.incidents.shard import Shard
from opinion_stream.domain.places import Places
from opinion_stream.domain.state import Store
from opinion_stream.models.incident import IncidentStatus
from opinion_stream.policy.loader import Policy

_CLOCK = "clock/"


@dataclass(slots=True)
class Area:
    """One shard: its open incidents, its closed ones, and when the overrides of open ones end."""

    open: Shard
    closed: ClosedIncidents
    ends: DueIndex[str]

    def now(self) -> datetime:
        """The latest event time seen."""
        return datetime.fromtimestamp(self.open.clock, UTC)


class Shelf:
    """Finds and keeps records. Open ones are in memory, closed ones in the store until they are asked for.

    In the store: `incident/<id>` one JSON record per open or closed incident, `clock/<shard>` the event time of
    each shard, and the essences. A merged incident is known by its id alone, in its survivor's record. What changed
    is written by `flush`.
    """

    def __init__(self, policy: Policy, places: Places, store: Store, records: Records | None = None) -> None:
        """`records`: where the records are kept, if not in `store`; then there are no essences either."""
        self._policy = policy.incidents
        self._places = places
        self._store = store
        self._records = records or StoredRecords(store)
        self.essences = Essences(store) if records is None else NoEssences(store)
        self._areas: dict[str, Area] = {}
        self._aliases: dict[str, str] = {}
        self._changed: dict[str, IncidentRecord] = {}
        self._gone: set[str] = set()
        self._clocks: dict[str, float] = {}
        for key, raw in store.items(_CLOCK):
            code = key.removeprefix(_CLOCK)
            self.area(code).open.clock = self._clocks[code] = float(raw)
        for record in self._records.every():
            self._restore(self._known(record))

    def __len__(self) -> int:
        """Number of open incidents."""
        return sum(len(area.open.records) for area in self._areas.values())

    def figures(self) -> Figures:
        """Open incidents by grade, and closed ones. Costs a look at each open one."""
        grades = Counter(record.grade for area in self._areas.values() for record in area.open.records.values())
        closed = sum(len(area.closed) for area in self._areas.values())
        figures: dict[tuple[Measure, tuple[str, ...]], int] = {(Measure.INCIDENTS_CLOSED, ()): closed}
        figures |= {(Measure.INCIDENTS_OPEN, (grade.value,)): number for grade, number in grades.items()}
        return figures

    def _known(self, record: IncidentRecord) -> IncidentRecord:
        record.region = self.known(record.region)
        return record

    def _restore(self, record: IncidentRecord) -> None:
        area = self.area_of(record)
        if record.status is IncidentStatus.CLOSED:
            area.closed.put(record, restored=True)
        else:
            area.open.put(record, moved=False)
            self._watch(area, record)
        self._aliases.update(dict.fromkeys(record.absorbed, record.id))

    def known(self, region: str) -> str:
        """The region, or the jurisdiction's own if the policy no longer knows it."""
        return region if self._places.knows(region) else self._places.home

    def area(self, code: str) -> Area:
        """The shard of that code."""
        area = self._areas.get(code)
        if area is None:
            shard = Shard(self._policy, self._places)
            area = self._areas[code] = Area(shard, ClosedIncidents(self._policy, self._places), DueIndex())
        return area

    def area_of(self, record: IncidentRecord) -> Area:
        """The shard that a record belongs to."""
        return self.area(self._places.shard(record.region))

    def resolve(self, incident_id: str) -> str:
        """The id itself, or that of the incident it was merged into."""
        return self._aliases.get(incident_id, incident_id)

    def find(self, incident_id: str) -> IncidentRecord | None:
        """The open or closed incident of that very id, to be changed and `put`; None if there is none."""
        for area in self._areas.values():
            if incident_id in area.open.records:
                return area.open.records[incident_id]
            if incident_id in area.closed:
                return self._closed(incident_id)
        return None

    def _closed(self, incident_id: str) -> IncidentRecord | None:
        if incident_id in self._changed:
            return self._changed[incident_id]
        record = self._records.get(incident_id)
        return None if record is None else self._known(record)

    def put(self, record: IncidentRecord, *, moved: bool = True) -> None:
        """Keep a record that is new or changed (`moved`: in what it is about, too), by its status."""
        area = self.area_of(record)
        match record.status:
            case IncidentStatus.OPEN:
                if record.id in area.closed:
                    area.closed.remove(record.id)
                    moved = True
                area.open.put(record, moved=moved)
                if record.override is not None or len(area.ends):
                    self._watch(area, record)
            case IncidentStatus.CLOSED:
                area.open.remove(record.id)
                area.closed.remove(record.id)
                area.closed.put(record)
            case IncidentStatus.MERGED:
                area.open.remove(record.id)
                area.closed.remove(record.id)
        self._changed[record.id] = record
        self._gone.discard(record.id)

    def _watch(self, area: Area, record: IncidentRecord) -> None:
        area.ends.set(record.id, record.override.until if record.override is not None else None)

    def alias(self, survivor: IncidentRecord) -> None:
        """Understand the ids of all that was merged into this incident as its own."""
        self._aliases.update(dict.fromkeys(survivor.absorbed, survivor.id))

    def ended(self, area: Area) -> Iterator[IncidentRecord]:
        """The open incidents whose override has come to its end by event time, earliest first."""
        for incident_id in area.ends.pop(area.now()):
            if incident_id in area.open.records:
                yield area.open.records[incident_id]

    def forget(self, area: Area) -> None:
        """Forget the closed incidents that are too old or too many, with all that belongs to them."""
        for incident_id in area.closed.forget(area.open.clock):
            record = self._closed(incident_id)
            if record is None:
                continue
            for mention_id in record.mention_ids:
                self.essences.drop(incident_id, mention_id)
            for name in record.absorbed:
                self._aliases.pop(name, None)
            self._gone.add(incident_id)

    def flush(self) -> list[IncidentRecord]:
        """Write what changed since the last time; the changed records in order of first change."""
        changed = list(self._changed.values())
        for record in changed:
            if record.id not in self._gone and record.status is not IncidentStatus.MERGED:
                self._records.put(record)
        for incident_id in sorted({*self._gone, *(r.id for r in changed if r.status is IncidentStatus.MERGED)}):
            self._records.delete(incident_id)
            drop_brief(self._store, incident_id)
        self.essences.flush()
        for code, area in self._areas.items():
            if area.open.clock != self._clocks.get(code, 0.0):
                self._clocks[code] = area.open.clock
                self._store.put(_CLOCK + code, repr(area.open.clock).encode())
        self._changed, self._gone = {}, set()
        return changed
