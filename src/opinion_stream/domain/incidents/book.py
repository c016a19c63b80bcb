"""The book of incidents of a partition: takes mentions and commands in order, gives the incidents they change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from opinion_stream.domain.figures import Figures
from opinion_stream.domain.incidents.briefs import Briefs
from opinion_stream.domain.incidents.commands import end_override
from opinion_stream.domain.incidents.copies import CopyIndex, CopyOf
from opinion_stream.domain.incidents.essence import Kept
from opinion_stream.domain.incidents.intake import Intake, Standing
from opinion_stream.domain.incidents.keeping import HeldRecords
from opinion_stream.domain.incidents.nearest import Match
from opinion_stream.domain.incidents.proper_names import NameJudge
from opinion_stream.domain.incidents.record import IncidentRecord, incident_id_of
from opinion_stream.domain.incidents.shelf import Area, Shelf
from opinion_stream.domain.incidents.why import why_reopened
from opinion_stream.domain.places import Places
from opinion_stream.domain.state import ExpiringMap, Store
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.base import Grade
from opinion_stream.models.brief import Brief
from opinion_stream.models.command import IncidentCommand
from opinion_stream.models.incident import Incident, IncidentAction, IncidentEvent, IncidentStatus
from opinion_stream.policy.loader import Policy

if TYPE_CHECKING:
    from opinion_stream.domain.incidents.decisions import Decisions

_SEEN = "seen/"
_COPY = "copy/"


class IncidentBook:
    """Groups mentions into incidents in one pass. All memory is in `store`; a book made from it goes on the same.

    In the store: what `Shelf` keeps, `seen/<mention id>` the incident of each mention of the last
    `repeat_window_days`, `copy/<shard>/<number>` the words by which near copies are found, and what `Briefs` keeps.
    """

    def __init__(self, policy: Policy, store: Store, brief_from: Grade | None = None, *, decided: bool = True) -> None:
        """`brief_from`: the grade from which briefs are written, in place of the policy's.

        `decided`: whether persons may decide on the incidents, and the book may be made again from `store`. Without
        it, as for a run over a file, the records and words stay in memory as they are, there are no briefs nor what
        they are made of, and no essences: an incident that is split or merged later is less than the sum of its
        mentions.
        """
        self._decided = decided
        self._policy = policy
        self._store = store
        self._places = Places(policy)
        self._intake = Intake(policy, self._places, briefed=decided)
        self._briefs = Briefs(policy, store, self._intake, brief_from)
        self._seen = ExpiringMap(store, _SEEN, timedelta(days=policy.collection.repeat_window_days))
        self._names = NameJudge(policy, self._places)
        self._copies: dict[str, CopyIndex] = {}
        self._shelf = Shelf(policy, self._places, store, None if decided else HeldRecords())

    def __len__(self) -> int:
        """Number of open incidents."""
        return len(self._shelf)

    # What only persons' decisions need is loaded with the first of them: a run over a file has none.
    @cached_property
    def _decisions(self) -> Decisions:
        from opinion_stream.domain.incidents.decisions import Decisions

        return Decisions(self._policy, self._places, self._intake, self._shelf, self._seen, self._briefs)

    def figures(self) -> Figures:
        """See `Shelf.figures`."""
        return self._shelf.figures()

    def shard_of(self, item: AssessedMention) -> str:
        """Key of the topic in front of the book: mentions with different keys never meet in one incident."""
        return self._places.shard(self._shelf.known(item.assessment.region.code))

    def take(
        self, batch: Sequence[AssessedMention], joined: Callable[[AssessedMention, IncidentRecord], None] | None = None
    ) -> list[Incident]:
        """Take mentions one by one, in order; return the latest snapshot of each incident that changed.

        The order is that of first change. A mention whose id was seen within the window changes nothing. How the
        mentions are cut into batches changes nothing but how many snapshots in between are left out. `joined` is told
        of each new mention and the record it has just joined; it must not change them.
        """
        for item in batch:
            if self._seen.get(item.id) is None:
                record, _ = self._take(item)
                if joined is not None:
                    joined(item, record)
        return self._changed()

    def follow(self, batch: Sequence[AssessedMention]) -> list[Standing]:
        """Take mentions as `take` does; how the incident of each stood right after it, in order.

        Raises LookupError for a mention seen before whose incident is forgotten.
        """
        standings: list[Standing] = []
        for item in batch:
            incident_id = self._seen.get(item.id)
            shard = self._shelf.area(self.shard_of(item)).open
            if incident_id is None:
                record, copy = self._take(item)
            else:
                record, copy = self._known(item, incident_id), self.copy_of(item)
            standing = self._intake.standing(record, copy, shard.why(item.id))
            standings.append(standing._replace(reopened=True) if shard.reopened(item.id) else standing)
        self._shelf.flush()
        return standings

    def take_briefs(self) -> list[Brief]:
        """The latest brief on each incident for which one became due, or was decided on, since the last call."""
        return self._briefs.drain()

    def brief(self, incident_id: str) -> Brief | None:
        """The brief on an open incident as it stands; None if it is not open or its grade asks for none."""
        record = self._shelf.find(incident_id)
        if record is None or record.status is not IncidentStatus.OPEN:
            return None
        return self._briefs.of(record)

    def place(self, item: AssessedMention) -> Incident:
        """Take one mention; return its incident as it then stands. One seen before changes nothing here either.

        Raises LookupError for a mention seen before whose incident is forgotten.
        """
        incident_id = self._seen.get(item.id)
        if incident_id is None:
            incident_id = self._take(item)[0].id
            self._changed()
        return self._intake.snapshot(self._known(item, incident_id))

    def _known(self, item: AssessedMention, incident_id: str) -> IncidentRecord:
        record = self._shelf.find(self._shelf.resolve(incident_id))
        if record is None:
            raise LookupError(f"the incident of mention {item.id} is forgotten")
        return record

    def copy_of(self, item: AssessedMention) -> CopyOf | None:
        """The first mention whose words a mention that was taken repeats, exactly or nearly; None if there is none."""
        return self._copies_in(self.shard_of(item)).copy_of(item.mention)

    def command(self, command: IncidentCommand) -> list[Incident]:
        """Carry out what a person decided; the incidents it changed, none if the command's id has acted before.

        Raises Rejected, and changes nothing: `invalid_command` for one that could never be carried out,
        `unknown_incident` where there is no such incident (any more) in this partition, `illegal_command` where
        its state does not allow it.
        """
        for record in self._decisions.carry_out(command):
            if record.status is IncidentStatus.OPEN:
                self._briefs.renew(record)
        return self._changed()

    def _changed(self) -> list[Incident]:
        return [self._intake.snapshot(record) for record in self._shelf.flush()]

    def _take(self, item: AssessedMention) -> tuple[IncidentRecord, CopyOf | None]:
        """The incident that a new mention is in now, and what it repeats."""
        region = self._shelf.known(item.assessment.region.code)
        code = self._places.shard(region)
        area = self._shelf.area(code)
        self._pass_time(area, item.mention.published_at.timestamp())
        copy = self._copies_in(code).take(
            item.mention, area.open.clock, region, lambda other: self._compatible(region, other)
        )
        record, is_copy = self._join(area, item, region, copy)
        says_more = copy is not None and copy.says_more
        dropped = self._intake.take(record, item, region, is_copy, says_more)
        self._shelf.essences.keep(record.id, Kept(item, region, is_copy, says_more))
        if dropped is not None and dropped not in record.mention_ids:
            self._shelf.essences.drop(record.id, dropped)
        record.quiet_since = area.open.clock
        self._shelf.put(record, moved=says_more or not is_copy)
        self._seen.put(item.id, record.id, item.mention.received_at)
        if self._decided:
            self._briefs.renew(record)
        return record, copy

    def _pass_time(self, area: Area, at: float) -> None:
        hours = self._policy.incidents.quiet_hours
        for quiet in area.open.advance(at):
            reason = f"超过{hours:g}小时没有新的提及，自动关闭"
            quiet.close(IncidentEvent(at=area.now(), action=IncidentAction.CLOSED, reason=reason))
            self._shelf.put(quiet)
        if len(area.ends):
            for ended in self._shelf.ended(area):
                ended.version += 1
                end_override(ended, self._intake)
                self._shelf.put(ended, moved=False)
        if len(area.closed):
            self._shelf.forget(area)

    def _compatible(self, region: str, other: str) -> bool:
        return self._places.compatible(region, self._shelf.known(other))

    def _copies_in(self, shard: str) -> CopyIndex:
        copies = self._copies.get(shard)
        if copies is None:
            rules, prefix = self._policy.incidents.copies, f"{_COPY}{shard}/"
            store = self._store if self._decided else None
            copies = self._copies[shard] = CopyIndex(rules, self._names, store, prefix)
        return copies

    def _join(self, area: Area, item: AssessedMention, region: str, copy: CopyOf | None) -> tuple[IncidentRecord, bool]:
        """The record that a mention belongs to (open, reopened or new), and whether it is a mere copy there."""
        original = self._seen.get(copy.original) if copy is not None else None
        original = self._shelf.resolve(original) if original is not None else None
        if len(area.closed) and original not in area.open.records and not area.open.holds(item.mention.fingerprint):
            closed = area.closed.holds_copy(item, region, original)
            if closed is not None:
                return self._reopened(area, closed, item, None), True
        record, is_copy = area.open.find(item, region, original, copy is not None)
        if record is not None:
            return record, is_copy
        if len(area.closed):
            match = area.closed.nearest(item, region)
            if match is not None:
                return self._reopened(area, match.incident_id, item, match), copy is not None
        # Only a mention that was forgotten and comes again can find its own incident.
        own = self._shelf.resolve(incident_id_of(item.id))
        if own in area.closed:
            return self._reopened(area, own, item, None), False
        return area.open.records.get(own) or self._intake.open(item, region), False

    def _reopened(self, area: Area, incident_id: str, item: AssessedMention, match: Match | None) -> IncidentRecord:
        record = self._shelf.find(incident_id)
        if record is None:
            raise LookupError(f"closed incident {incident_id} is not in the store")
        area.open.reopens(item.id, why_reopened(match, area.closed.similarity))
        days = (area.open.clock - record.quiet_since) / 86_400
        record.reopen(item.mention.published_at, item.id, days)
        if record.override is not None and record.override.until is not None and record.override.until <= area.now():
            end_override(record, self._intake)
        return record
