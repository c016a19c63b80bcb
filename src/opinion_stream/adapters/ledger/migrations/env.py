"""Runs migrations on the connection that `migrating` hands over."""

from __future__ import annotations

from alembic import context

from opinion_stream.adapters.ledger.schema import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=connection.dialect.name == "sqlite")
with context.begin_transaction():
    context.run_migrations()
