"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from opinion_stream.adapters.ledger.types import Instant

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Make it so."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Undo it."""
    ${downgrades if downgrades else "pass"}
