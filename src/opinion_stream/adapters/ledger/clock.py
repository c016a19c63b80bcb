"""The clock of a simulation in the ledger: `v_now` then tells its time, so that views show what was due then."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from opinion_stream.adapters.ledger import schema as s
from opinion_stream.adapters.ledger.statements import alone, insert
from opinion_stream.adapters.reading import Stored
from opinion_stream.models.control import ClockTick


class SimulatedClock:
    """Remembers the latest tick; never goes back."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def take(self, records: Sequence[Stored]) -> None:
        """Take ticks in."""
        ticks = [ClockTick.model_validate_json(record.value).now for record in records if record.value]
        if not ticks:
            return
        with self._engine.begin() as db:
            alone(db)
            statement = insert(db, s.CLOCK).values(id=1, now=max(ticks))
            later = s.CLOCK.c.now < statement.excluded.now
            set_ = {"now": statement.excluded.now}
            db.execute(statement.on_conflict_do_update(index_elements=["id"], set_=set_, where=later))


def forget_clock(engine: sa.Engine) -> None:
    """Let the database's own time hold: the installation does not simulate."""
    with engine.begin() as db:
        db.execute(sa.delete(s.CLOCK))
