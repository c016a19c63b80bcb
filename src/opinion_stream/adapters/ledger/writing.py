"""Writes a batch of records and how far it read, in one transaction: after a kill all of it stands, or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from opinion_stream.adapters.ledger import schema as s
from opinion_stream.adapters.ledger.letters import write_letters
from opinion_stream.adapters.ledger.rows import MAPPERS, Change, Row
from opinion_stream.adapters.ledger.statements import CHUNK, add, alone, rows_in, upsert
from opinion_stream.adapters.reading import Stored
from opinion_stream.domain.ledger.chain import Entry, Link, extend, not_yet
from opinion_stream.errors import LedgerError
from opinion_stream.models.control import DeadLetter

Place = tuple[str, int]
"""A topic (short name) and a partition."""


class Moved(LedgerError):
    """What this process believed to be next is not: another has written since, or the records were read twice.

    Begin anew from where the database stands.
    """


@dataclass
class Batch:
    """Records by partition, each in order, with where the ledger stood before them (None: nothing was read yet)."""

    records: dict[Place, list[Stored]] = field(default_factory=dict)
    before: dict[Place, int | None] = field(default_factory=dict)

    def after(self) -> dict[Place, int]:
        """Where the ledger stands when the batch is written."""
        return {place: records[-1].offset + 1 for place, records in self.records.items() if records}

    def __len__(self) -> int:
        return sum(map(len, self.records.values()))


@dataclass(frozen=True)
class Written:
    """What a batch came to: rows written, and by topic the records that could not be read."""

    rows: int
    unreadable: Mapping[str, int]


class Writer:
    """Writes batches to one ledger. Any number may work at once: a transaction waits for the one before it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self.rows = 0
        """Rows written so far."""

    def offsets(self) -> dict[Place, int]:
        """How far the ledger has read each partition."""
        with self._engine.connect() as db:
            return _offsets(db)

    def write(self, batch: Batch) -> Written:
        """Take a batch in; what came of it.

        Raises Moved when another process was here, and what SQLAlchemy raises; nothing stands then.
        """
        changes, letters, unreadable = _understood(batch)
        with self._engine.begin() as db:
            alone(db)
            stands = _offsets(db)
            if any(stands.get(place) != offset for place, offset in batch.before.items()):
                raise Moved("another process has written to this ledger")
            if any(found and found[0].offset < stands.get(place, 0) for place, found in batch.records.items()):
                raise Moved("these records were written before")
            final = [change for change in changes if change.version is None]
            rows, newer = _write_versions(db, [change for change in changes if change.version is not None])
            rows += _write_final(db, final)
            written, decided = write_letters(db, letters)
            rows += written + add_acts(db, decided, all_new=True)
            rows += add_acts(db, [*_acts(final), *_acts(newer)])
            rows += add(db, s.UNREADABLE, unreadable)
            _remember(db, batch.after())
        self.rows += rows
        return Written(rows, Counter(str(row["from_topic"]) for row in unreadable))


def _understood(batch: Batch) -> tuple[list[Change], list[DeadLetter], list[Row]]:
    changes: list[Change] = []
    letters: list[DeadLetter] = []
    unreadable: list[Row] = []
    for (topic, partition), records in batch.records.items():
        understand = MAPPERS[topic]
        for record in records:
            if record.value is None:
                continue
            try:
                said = understand(record.value, record)
            except ValidationError as error:
                # Our own stages wrote it, or a body outside: a fault to be seen, but none that may stop the rest.
                place: Row = {"from_topic": topic, "from_partition": partition, "from_offset": record.offset}
                unreadable.append({**place, "at": record.at, "fault": _fault(error)})
                continue
            for one in said:
                if isinstance(one, DeadLetter):
                    letters.append(one)
                else:
                    changes.append(one)
    return changes, letters, unreadable


def _fault(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or '(whole record)'}: {first['type']}"[:200]


def _offsets(db: sa.Connection) -> dict[Place, int]:
    return {(row.topic, row.partition): row.next_offset for row in db.execute(sa.select(s.OFFSETS))}


def _remember(db: sa.Connection, offsets: Mapping[Place, int]) -> None:
    upsert(db, s.OFFSETS, [{"topic": t, "partition": p, "next_offset": offset} for (t, p), offset in offsets.items()])


def _write_final(db: sa.Connection, changes: Sequence[Change]) -> int:
    by_table: dict[sa.Table, dict[tuple[object, ...], Row]] = {}
    for change in changes:
        key = tuple(change.row[column.name] for column in change.table.primary_key)
        by_table.setdefault(change.table, {}).setdefault(key, change.row)
    return sum(add(db, table, list(rows.values())) for table, rows in by_table.items())


def _write_versions(db: sa.Connection, changes: Sequence[Change]) -> tuple[int, list[Change]]:
    """The rows written, and the changes that were newer than what the ledger had, in order."""
    by_table: dict[sa.Table, list[Change]] = {}
    for change in changes:
        by_table.setdefault(change.table, []).append(change)
    rows = 0
    newer: list[Change] = []
    for table, found in by_table.items():
        found = _newer(db, table, found)
        rows += _write_newer(db, table, found)
        newer += found
    return rows, newer


def _newer(db: sa.Connection, table: sa.Table, changes: Sequence[Change]) -> list[Change]:
    known = {row.id: row.version for row in _where_in(db, sa.select(table.c.id, table.c.version), table.c.id, changes)}
    newer: list[Change] = []
    for change in changes:
        version = change.version or 0
        if version > known.get(change.id, -1):
            known[change.id] = version
            newer.append(change)
    return newer


def _write_newer(db: sa.Connection, table: sa.Table, changes: Sequence[Change]) -> int:
    old = {row.id for row in _where_in(db, sa.select(table.c.id), table.c.id, changes)}
    latest = {change.id: change for change in changes}
    lives = {(change.id, change.life): change for change in changes}
    rows = upsert(db, table, [change.row for change in latest.values()])
    below: dict[sa.Table, list[Row]] = {}
    for change in lives.values():
        for child, found in change.children().items():
            below.setdefault(child, []).extend(found)
    given = [change for change in lives.values() if change.id in old]
    rows += sum(_replace(db, child, given, found) for child, found in below.items())
    return rows


def _replace(db: sa.Connection, child: sa.Table, old: Sequence[Change], rows: Sequence[Row]) -> int:
    parent = next(iter(child.primary_key))
    statement = sa.delete(child).where(parent == sa.bindparam("parent"))
    if "life" in child.c:
        statement = statement.where(child.c.life == sa.bindparam("of_life"))
        given: list[Row] = [{"parent": change.id, "of_life": change.life} for change in old]
    else:
        given = [{"parent": change.id} for change in old]
    if given:
        db.execute(statement, given)
    if rows:
        db.execute(sa.insert(child), rows)
    return len(rows)


def _where_in(
    db: sa.Connection, select: sa.Select[Any], column: sa.ColumnElement[Any], changes: Iterable[Change]
) -> Iterator[sa.Row[Any]]:
    yield from rows_in(db, select, column, dict.fromkeys(change.id for change in changes))


def _acts(changes: Sequence[Change]) -> Iterator[tuple[str, list[Entry]]]:
    for change in changes:
        yield from change.acts


def add_acts(db: sa.Connection, acts: Sequence[tuple[str, list[Entry]]], *, all_new: bool = False) -> int:
    """Continue the chains with what of these acts is new; subjects may come again, each time with all its acts."""
    if not acts:
        return 0
    last = last_links(db, {subject for subject, _ in acts})
    new: list[Link] = []
    for subject, entries in acts:
        end = last.get(subject)
        links = extend(subject, end, entries if all_new else not_yet(end, entries))
        if links:
            last[subject] = links[-1]
            new += links
    if new:
        db.execute(sa.insert(s.AUDIT), [as_row(link) for link in new])
    return len(new)


def last_links(db: sa.Connection, subjects: Iterable[str]) -> dict[str, Link]:
    """The end of each subject's chain."""
    audit = s.AUDIT
    ends = sa.select(audit.c.subject, sa.func.max(audit.c.seq).label("seq")).group_by(audit.c.subject)
    found: dict[str, Link] = {}
    rest = iter(sorted(subjects))
    while part := list(islice(rest, CHUNK)):
        end = ends.where(audit.c.subject.in_(part)).subquery()
        rows = db.execute(sa.select(audit).join(end, (audit.c.subject == end.c.subject) & (audit.c.seq == end.c.seq)))
        found |= {row.subject: as_link(row) for row in rows}
    return found


def as_link(row: sa.Row[Any]) -> Link:
    """A row of the audit as a link of a chain."""
    return Link(row.subject, row.seq, Entry(row.at, row.kind, row.payload), row.prev, row.hash)


def as_row(link: Link) -> Row:
    """A link of a chain as a row of the audit."""
    entry = link.entry
    named: Row = {"subject": link.subject, "seq": link.seq, "prev": link.prev, "hash": link.hash}
    return {**named, "at": entry.at, "kind": entry.kind, "payload": entry.payload}
