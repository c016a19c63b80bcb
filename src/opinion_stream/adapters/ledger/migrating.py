"""Brings a ledger's schema up to date: Alembic's revisions, the guard of the audit, and the views."""

from __future__ import annotations

import importlib.resources

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from opinion_stream.adapters.ledger.statements import alone
from opinion_stream.adapters.ledger.views import drop_views, make_views
from opinion_stream.errors import LedgerError


def config(db: sa.Connection | None = None) -> Config:
    """Alembic's configuration, of our own folder of revisions, on this connection."""
    made = Config()
    made.set_main_option("script_location", str(importlib.resources.files(__package__).joinpath("migrations")))
    made.attributes["connection"] = db
    return made


def head() -> str:
    """The newest revision this version of the software knows."""
    found = ScriptDirectory.from_config(config()).get_current_head()
    if found is None:
        raise LedgerError("the installation is broken: the migrations of the ledger are missing")
    return found


def _known() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}


def revision_of(db: sa.Connection) -> str | None:
    """The revision of a database; None: it has no ledger yet."""
    return MigrationContext.configure(db).get_current_revision()


def migrate(engine: sa.Engine, schema: str) -> tuple[str | None, str]:
    """Bring the schema up to date, in one transaction; the revisions before and after.

    Raises LedgerError when it was made by a newer version of the software.
    """
    with engine.begin() as db:
        if db.dialect.name == "postgresql":
            db.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
        alone(db)
        before = revision_of(db)
        if before is not None and before not in _known():
            raise LedgerError(
                f"the ledger stands at revision {before}, which this version does not know: "
                "install the newer version again"
            )
        drop_views(db)
        command.upgrade(config(db), "head")
        make_views(db)
    return before, head()


def check_revision(engine: sa.Engine) -> None:
    """Raises LedgerError, with the cure, unless the schema is up to date."""
    with engine.connect() as db:
        found = revision_of(db)
    if found != head():
        raise LedgerError(
            "台账尚未建立或版本不符，请先运行 opinion-stream ledger migrate "
            f"(the ledger is at revision {found or 'none'}, this version needs {head()}: "
            "run `opinion-stream ledger migrate`)"
        )
