"""Dead letters in the ledger: each record of their topic moves the standing of its letter on, as `dlq` sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from opinion_stream.adapters.ledger import schema as s
from opinion_stream.adapters.ledger.rows import Row
from opinion_stream.adapters.ledger.statements import add, insert, rows_in
from opinion_stream.domain.dead_letters.standing import Place, Standing, Standings
from opinion_stream.domain.ledger import acts
from opinion_stream.domain.ledger.chain import Entry
from opinion_stream.models.control import DeadLetter, DeadLetterState

Acts = list[tuple[str, list[Entry]]]


def write_letters(db: sa.Connection, letters: Sequence[DeadLetter]) -> tuple[int, Acts]:
    """Take the records in, in order; the rows written, and what operators decided."""
    if not letters:
        return 0, []
    standings = _known(db, letters)
    changes: list[Row] = []
    decided: Acts = []
    for letter in letters:
        before = standings.by_id.get(letter.id)
        version = before.letter.version if before else 0
        standings.take(letter)
        if letter.state is not DeadLetterState.OPEN and letter.version > version:
            changes.append(_change(letter))
            decided += acts.of_dead_letter(letter)
    places = [_place_row(letter) for letter in letters if letter.state is DeadLetterState.OPEN]
    add(db, s.DEAD_LETTER_PLACES, places)
    add(db, s.DEAD_LETTER_CHANGES, changes)
    touched = [standings.by_id[name] for name in sorted({letter.id for letter in letters})]
    counts = _counts(db, [standing.id for standing in touched])
    rows = [{**_row(standing), "occurrences": counts.get(standing.id, 0)} for standing in touched]
    # Not by `upsert`: a repeat at another place changes a letter without a new version.
    statement = insert(db, s.DEAD_LETTERS)
    rest = {c.name: statement.excluded[c.name] for c in s.DEAD_LETTERS.columns if not c.primary_key}
    db.execute(statement.on_conflict_do_update(index_elements=["id"], set_=rest), rows)
    return len(rows) + len(changes) + len(places), decided


def _known(db: sa.Connection, letters: Sequence[DeadLetter]) -> Standings:
    ids = sorted({letter.id for letter in letters})
    standings = Standings()
    for row in rows_in(db, sa.select(s.DEAD_LETTERS), s.DEAD_LETTERS.c.id, ids):
        standings.by_id[row.id] = _standing(row)
    # Of the places a letter failed at before, only those matter at which it fails again now.
    now = {(letter.id, _place(letter)) for letter in letters}
    table = s.DEAD_LETTER_PLACES
    offsets = sorted({letter.offset for letter in letters})
    select = sa.select(table).where(table.c.from_offset.between(offsets[0], offsets[-1]))
    for row in rows_in(db, select, table.c.letter_id, ids):
        place = (row.from_topic, row.from_partition, row.from_offset)
        if (row.letter_id, place) in now and row.letter_id in standings.by_id:
            standings.by_id[row.letter_id].places.add(place)
    return standings


def _counts(db: sa.Connection, ids: Sequence[str]) -> dict[str, int]:
    table = s.DEAD_LETTER_PLACES
    select = sa.select(table.c.letter_id, sa.func.count().label("number")).group_by(table.c.letter_id)
    return {row.letter_id: row.number for row in rows_in(db, select, table.c.letter_id, ids)}


def _place(letter: DeadLetter) -> Place:
    return letter.topic, letter.partition, letter.offset


def _place_row(letter: DeadLetter) -> Row:
    where: Row = {"from_topic": letter.topic, "from_partition": letter.partition, "from_offset": letter.offset}
    return {"letter_id": letter.id, **where}


def _change(letter: DeadLetter) -> Row:
    return {
        "letter_id": letter.id,
        "version": letter.version,
        "state": letter.state.value,
        "at": letter.changed_at or letter.at,
        "role": letter.role,
        "note": letter.note,
        "attempts": letter.attempts,
    }


def _row(standing: Standing) -> Row:
    letter = standing.letter
    return {
        "id": letter.id,
        "version": letter.version,
        "state": letter.state.value,
        "stage": letter.stage,
        "kind": letter.kind,
        "reason": letter.reason,
        "from_topic": letter.topic,
        "from_partition": letter.partition,
        "from_offset": letter.offset,
        "first_at": standing.first_at,
        "at": letter.at,
        "changed_at": letter.changed_at,
        "size": letter.size,
        "attempts": letter.attempts,
        "role": letter.role,
        "note": letter.note,
        "has_original": standing.has_original,
    }


def _standing(row: sa.Row[Any]) -> Standing:
    letter = DeadLetter(
        id=row.id,
        version=row.version,
        state=DeadLetterState(row.state),
        stage=row.stage,
        kind=row.kind,
        reason=row.reason,
        topic=row.from_topic,
        partition=row.from_partition,
        offset=row.from_offset,
        at=row.at,
        changed_at=row.changed_at,
        size=row.size,
        original_sealed="",
        attempts=row.attempts,
        role=row.role,
        note=row.note,
    )
    return Standing(letter, row.first_at, row.has_original)
