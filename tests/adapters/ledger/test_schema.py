"""The migrations make what the models say, and can be run again at any time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from opinion_stream.adapters.ledger.database import url_of
from opinion_stream.adapters.ledger.migrating import check_revision, head, migrate
from opinion_stream.adapters.ledger.places import Where
from opinion_stream.adapters.ledger.schema import METADATA
from opinion_stream.errors import LedgerError, SettingsError

NewLedger = Callable[[], sa.Engine]


def test_the_migrations_make_what_the_models_say(new_ledger: NewLedger) -> None:
    engine = new_ledger()
    with engine.connect() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []


def test_migrating_again_changes_nothing(new_place: Callable[[], Where]) -> None:
    place = new_place()
    engine = place.open()
    assert migrate(engine, place.schema) == (None, head())
    assert migrate(engine, place.schema) == (head(), head())
    check_revision(engine)
    engine.dispose()


def test_a_ledger_of_a_newer_version_is_left_alone(new_ledger: NewLedger) -> None:
    engine = new_ledger()
    with engine.begin() as db:
        db.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerError, match="9999"):
        migrate(engine, "ledger")
    with pytest.raises(LedgerError, match="ledger migrate"):
        check_revision(engine)


@pytest.mark.parametrize("text", ["mysql://localhost/x", "sqlite://", "nonsense"])
def test_an_address_that_cannot_be_used_is_refused_by_name(text: str) -> None:
    with pytest.raises(SettingsError, match="OPINION_LEDGER_URL"):
        url_of(text)


def test_a_password_never_shows() -> None:
    place = Where(url_of("postgresql://ledger:geheim@db/opinion"), "ledger")
    assert "geheim" not in str(place)
