"""A ledger of one's own for each test: SQLite in a file, or a schema of the PostgreSQL that the tests are given."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

import builders
from opinion_stream.adapters.ledger.database import url_of
from opinion_stream.adapters.ledger.labels import write_labels
from opinion_stream.adapters.ledger.migrating import migrate
from opinion_stream.adapters.ledger.places import Where

NewLedger = Callable[[], sa.Engine]


@pytest.fixture
def new_place(tmp_path: Path) -> Iterator[Callable[[], Where]]:
    """Makes places for ledgers; nothing stands there. `make test-postgres` names a server in OPINION_TEST_POSTGRES."""
    server = os.environ.get("OPINION_TEST_POSTGRES")
    made: list[Where] = []

    def place() -> Where:
        name = f"t{secrets.token_hex(4)}"
        url = server or f"sqlite:///{tmp_path / name}.sqlite"
        made.append(Where(url_of(url), name))
        return made[-1]

    yield place
    for where in made:
        if server:
            for each in (where, where.beside("rebuild")):
                each.empty()


@pytest.fixture
def new_ledger(new_place: Callable[[], Where]) -> Iterator[NewLedger]:
    """Makes empty ledgers with the names of the small policy."""
    engines: list[sa.Engine] = []

    def make() -> sa.Engine:
        place = new_place()
        engine = place.open()
        migrate(engine, place.schema)
        write_labels(engine, builders.small_policy())
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.dispose()
