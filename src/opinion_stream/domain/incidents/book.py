"""The book of open incidents of a partition: takes assessed mentions in order, gives the incidents they change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from opinion_stream.domain.briefing.writer import BriefWriter
from opinion_stream.domain.incidents.copies import CopyIndex, CopyOf
from opinion_stream.domain.incidents.intake import Intake
from opinion_stream.domain.incidents.proper_names import NameJudge
from opinion_stream.domain.incidents.record import IncidentRecord, incident_id_of
from opinion_stream.domain.incidents.shard import Shard
from opinion_stream.domain.places import Places
from opinion_stream.domain.state import ExpiringMap, Store
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.base import Grade
from opinion_stream.models.brief import Brief
from opinion_stream.models.incident import Incident
from opinion_stream.policy.loader import Policy

_RECORD = "incident/"
_CLOCK = "clock/"
_SEEN = "seen/"
_COPY = "copy/"


class IncidentBook:
    """Groups mentions into incidents in one pass. All memory is in `store`; a book made from it goes on the same.

    In the store: `incident/<id>` one JSON record per open incident, `clock/<shard>` the event time of each shard,
    `seen/<mention id>` the incident of each mention of the last `repeat_window_days`, `copy/<shard>/<number>` the
    words by which near copies are found.
    """

    def __init__(self, policy: Policy, store: Store, brief_from: Grade | None = None) -> None:
        """`brief_from`: the grade from which briefs are written, in place of the policy's."""
        self._writer = BriefWriter(policy, brief_from)
        self._briefs: dict[str, Brief] = {}
        self._grouping = policy.incidents
        self._store = store
        self._places = Places(policy)
        self._intake = Intake(policy, self._places)
        self._seen = ExpiringMap(store, _SEEN, timedelta(days=policy.collection.repeat_window_days))
        self._names = NameJudge(policy, self._places)
        self._copies: dict[str, CopyIndex] = {}
        self._shards: dict[str, Shard] = {}
        for key, raw in store.items(_CLOCK):
            self._shard(key.removeprefix(_CLOCK)).clock = float(raw)
        for _, raw in store.items(_RECORD):
            record = IncidentRecord.from_bytes(raw)
            record.region = self._known(record.region)
            self._shard(self._places.shard(record.region)).put(record, moved=False)

    def __len__(self) -> int:
        """Number of open incidents."""
        return sum(len(shard.records) for shard in self._shards.values())

    def shard_of(self, item: AssessedMention) -> str:
        """Key of the topic in front of the book: mentions with different keys never meet in one incident."""
        return self._places.shard(self._known(item.assessment.region.code))

    def take(
        self, batch: Sequence[AssessedMention], joined: Callable[[AssessedMention, IncidentRecord], None] | None = None
    ) -> list[Incident]:
        """Take mentions one by one, in order; return the latest snapshot of each incident that changed.

        The order is that of first change. A mention whose id was seen within the window changes nothing. How the
        mentions are cut into batches changes nothing but how many snapshots in between are left out. `joined` is told
        of each new mention and the record it has just joined; it must not change them.
        """
        changed: dict[str, IncidentRecord] = {}
        closed: dict[str, Incident] = {}
        moved: set[str] = set()
        for item in batch:
            if self._seen.get(item.id) is not None:
                continue
            region = self._known(item.assessment.region.code)
            shard = self._shard(self._places.shard(region))
            before = shard.clock
            for quiet in shard.advance(item.mention.published_at.timestamp()):
                quiet.version += 1
                changed.setdefault(quiet.id, quiet)
                closed[quiet.id] = self._intake.snapshot(quiet, status="closed")
            if shard.clock != before:
                moved.add(self._places.shard(region))
            record = self._join(shard, item, region)
            changed.setdefault(record.id, record)
            self._seen.put(item.id, record.id, item.mention.received_at)
            if joined is not None:
                joined(item, record)
        for incident_id, record in changed.items():
            if incident_id in closed:
                self._store.delete(_RECORD + incident_id)
            else:
                self._store.put(_RECORD + incident_id, record.to_bytes())
        for code in sorted(moved):
            self._store.put(_CLOCK + code, repr(self._shards[code].clock).encode())
        return [closed.get(incident_id) or self._intake.snapshot(record) for incident_id, record in changed.items()]

    def take_briefs(self) -> list[Brief]:
        """The latest brief on each incident for which one became due since the last call."""
        briefs, self._briefs = self._briefs, {}
        return list(briefs.values())

    def brief(self, incident_id: str) -> Brief | None:
        """The brief on an open incident as it stands; None if it is not open or its grade asks for none."""
        for shard in self._shards.values():
            record = shard.records.get(incident_id)
            if record is not None:
                return self._writer.write(self._intake.snapshot(record), record.extracts)
        return None

    def place(self, item: AssessedMention) -> Incident:
        """Take one mention; return its incident as it then stands. One seen before changes nothing here either.

        Raises LookupError for a mention seen before whose incident is closed.
        """
        changed = self.take([item])
        if changed:
            return changed[-1]  # what the mention's time closes comes before what it joins
        shard = self._shard(self.shard_of(item))
        incident_id = self._seen.get(item.id)
        if incident_id is None or incident_id not in shard.records:
            raise LookupError(f"the incident of mention {item.id} is closed")
        record = shard.records[incident_id]
        return self._intake.snapshot(record)

    def copy_of(self, item: AssessedMention) -> CopyOf | None:
        """The first mention whose words a mention that was taken repeats, exactly or nearly; None if there is none."""
        return self._copies_in(self.shard_of(item)).copy_of(item.mention)

    def _join(self, shard: Shard, item: AssessedMention, region: str) -> IncidentRecord:
        copies = self._copies_in(self._places.shard(region))
        copy = copies.take(item.mention, shard.clock, region, lambda other: self._compatible(region, other))
        original = self._seen.get(copy.original) if copy is not None else None
        record, is_copy = shard.find(item, region, original, copy is not None)
        if record is None:
            # Only a mention that was forgotten and comes again can find its own incident still open.
            record = shard.records.get(incident_id_of(item.id)) or self._intake.open(item, region)
        says_more = copy is not None and copy.says_more
        self._intake.take(record, item, region, is_copy, says_more)
        record.quiet_since = shard.clock
        shard.put(record, moved=says_more or not is_copy)
        self._brief(record)
        return record

    def _brief(self, record: IncidentRecord) -> None:
        """Write the brief on a changed incident where the policy asks for one or for a new one."""
        if not self._writer.due(record.grade, record.mentions, record.briefed_grade, record.briefed_mentions):
            return
        record.briefed_grade, record.briefed_mentions = record.grade, record.mentions
        brief = self._writer.write(self._intake.snapshot(record), record.extracts)
        if brief is not None:
            self._briefs[record.id] = brief

    def _known(self, region: str) -> str:
        """The region, or the jurisdiction's own if the policy no longer knows it."""
        return region if self._places.knows(region) else self._places.home

    def _compatible(self, region: str, other: str) -> bool:
        return self._places.compatible(region, self._known(other))

    def _copies_in(self, shard: str) -> CopyIndex:
        copies = self._copies.get(shard)
        if copies is None:
            rules, prefix = self._grouping.copies, f"{_COPY}{shard}/"
            copies = self._copies[shard] = CopyIndex(rules, self._names, self._store, prefix)
        return copies

    def _shard(self, code: str) -> Shard:
        shard = self._shards.get(code)
        if shard is None:
            shard = self._shards[code] = Shard(self._grouping, self._places)
        return shard
