"""Carries out what persons decide: finds the incidents a command is about, and leaves them changed on the shelf."""

from __future__ import annotations

from opinion_stream.domain.incidents.briefs import Briefs
from opinion_stream.domain.incidents.commands import check_content, check_status, event_of, lift, override
from opinion_stream.domain.incidents.intake import Intake
from opinion_stream.domain.incidents.merging import join, part, retaken
from opinion_stream.domain.incidents.record import IncidentRecord
from opinion_stream.domain.incidents.shelf import Shelf
from opinion_stream.domain.places import Places
from opinion_stream.domain.state import ExpiringMap
from opinion_stream.errors import Rejected
from opinion_stream.models.command import IncidentCommand, IncidentCommandKind
from opinion_stream.models.incident import IncidentAction, IncidentStatus
from opinion_stream.policy.loader import Policy


class Decisions:
    """Commands on the incidents of a partition. All checks come before the first change."""

    def __init__(
        self, policy: Policy, places: Places, intake: Intake, shelf: Shelf, seen: ExpiringMap, briefs: Briefs
    ) -> None:
        """`seen`: the incident of each mention that is remembered."""
        self._policy = policy
        self._places = places
        self._intake = intake
        self._shelf = shelf
        self._seen = seen
        self._briefs = briefs

    def carry_out(self, command: IncidentCommand) -> list[IncidentRecord]:
        """Carry out a command; the records it changed, none if its id has acted on the incident before.

        Raises as `IncidentBook.command` does.
        """
        check_content(command)
        record = self._found(command)
        if command.id in record.commands:
            return []
        if record.id != command.incident_id:
            reason = f"事件已并入{record.id}，不能再操作；请改对{record.id}操作"
            raise Rejected("illegal_command", reason)
        check_status(command, record)
        match command.action:
            case IncidentCommandKind.MERGE:
                return self._merge(record, command)
            case IncidentCommandKind.SPLIT:
                return self._split(record, command)
            case IncidentCommandKind.OVERRIDE_GRADE:
                override(record, command, self._intake)
                self._shelf.put(record, moved=False)
            case IncidentCommandKind.LIFT_OVERRIDE:
                lift(record, command, self._intake)
                self._shelf.put(record, moved=False)
            case IncidentCommandKind.CLOSE:
                record.close(event_of(command, IncidentAction.CLOSED))
                self._shelf.put(record)
            case IncidentCommandKind.APPROVE_BRIEF | IncidentCommandKind.RETURN_BRIEF:
                self._briefs.decide(record, command)
                self._shelf.put(record, moved=False)
        return [record]

    def _found(self, command: IncidentCommand) -> IncidentRecord:
        record = self._shelf.find(self._shelf.resolve(command.incident_id))
        if record is None:
            reason = (
                "没有这一编号的事件，或关闭过久已不再记忆：请核对 incident_id；"
                "操作须以事件所在区域（归并范围）的编码为键发送"
            )
            raise Rejected("unknown_incident", reason)
        return record

    def _merge(self, absorbed: IncidentRecord, command: IncidentCommand) -> list[IncidentRecord]:
        survivor = self._shelf.find(self._shelf.resolve(command.into or ""))
        if survivor is None or self._shelf.area_of(survivor) is not self._shelf.area_of(absorbed):
            reason = (
                "没有并入的事件（into），或两个事件不在同一归并范围：只有同一范围（shard_level）内的事件可以合并，"
                "请核对编号"
            )
            raise Rejected("illegal_command", reason)
        if survivor is absorbed or survivor.id == absorbed.id:
            raise Rejected("illegal_command", f"并入的事件（into）已并入{absorbed.id}，不能反向合并")
        essences = self._shelf.essences
        held = {(r.id, m): essences.read(r.id, m) for r in (survivor, absorbed) for m in r.mention_ids}
        times = {m: kept.item.mention.published_at for (_, m), kept in held.items() if kept is not None}
        for mention_id in absorbed.mention_ids:
            kept = held[absorbed.id, mention_id]
            essences.drop(absorbed.id, mention_id)
            if kept is not None and held.get((survivor.id, mention_id)) is None:
                essences.keep(survivor.id, kept)
        for mention_id in join(survivor, absorbed, times, self._policy, self._places):
            essences.drop(survivor.id, mention_id)
        survivor.version += 1
        if absorbed.status is IncidentStatus.OPEN:
            survivor.status = IncidentStatus.OPEN
        self._intake.regrade(survivor, command.at, command.by_role, f"事件{absorbed.id}并入：{command.reason}")
        survivor.tell(event_of(command, IncidentAction.MERGED, f"事件{absorbed.id}并入本事件"))
        absorbed.version += 1
        absorbed.status, absorbed.merged_into = IncidentStatus.MERGED, survivor.id
        absorbed.tell(event_of(command, IncidentAction.ABSORBED, f"并入事件{survivor.id}"))
        self._shelf.put(absorbed)
        self._shelf.put(survivor)
        self._shelf.alias(survivor)
        return [absorbed, survivor]

    def _split(self, record: IncidentRecord, command: IncidentCommand) -> list[IncidentRecord]:
        essences = self._shelf.essences
        named = set(command.mention_ids)
        kept = {mention_id: essences.read(record.id, mention_id) for mention_id in record.mention_ids}
        missing = sorted(name for name in named if kept.get(name) is None)
        if missing:
            names = "、".join(missing[:5])
            reason = f"提及{names}不在事件保留的提及之中（只保留首条和最近若干条），不能拆出；请从 mention_ids 中选择"
            raise Rejected("illegal_command", reason)
        leaving = [k for m, k in kept.items() if m in named and k is not None]
        if len(leaving) >= len(record.mention_ids):
            raise Rejected("illegal_command", "不能拆出事件保留的全部提及：原事件至少须留下一条")
        staying = [k for m, k in kept.items() if m not in named and k is not None]
        split_off = retaken(self._intake, leaving, f"{record.id} split {command.id}")
        split_off.version += 1
        split_off.status, split_off.quiet_since = record.status, record.quiet_since
        split_off.tell(event_of(command, IncidentAction.SPLIT_OFF, f"由事件{record.id}拆出"))
        # The essences hold no whole text to extract from, so what was extracted goes with its mention.
        split_off.extracts = [extract for extract in record.extracts if extract.mention_id in named]
        record.extracts = [extract for extract in record.extracts if extract.mention_id not in named]
        part(record, leaving, staying, self._intake, self._policy)
        record.version += 1
        what = f"拆出{len(leaving)}条提及为事件{split_off.id}"
        self._intake.regrade(record, command.at, command.by_role, f"{what}：{command.reason}")
        record.tell(event_of(command, IncidentAction.SPLIT, what))
        for k in leaving:
            essences.drop(record.id, k.item.id)
            essences.keep(split_off.id, k)
            self._seen.replace(k.item.id, split_off.id)
        self._shelf.put(record)
        self._shelf.put(split_off)
        return [record, split_off]
