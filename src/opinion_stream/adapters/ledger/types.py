"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

ISO = "%Y-%m-%dT%H:%M:%S.%fZ"


def as_text(at: datetime) -> str:
    """UTC with six digits after the second: sorts as text as it does in time."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class Instant(TypeDecorator[datetime]):
    """A point in time: `timestamptz` on PostgreSQL, ISO 8601 text in UTC on SQLite. Never without a zone."""

    impl = sa.TIMESTAMP(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime]:
        """See TypeDecorator."""
        kind: TypeEngine[datetime] = sa.String(27) if dialect.name == "sqlite" else sa.TIMESTAMP(timezone=True)  # type: ignore[assignment]
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        """See TypeDecorator."""
        if value is None or dialect.name != "sqlite":
            return value
        return as_text(value)

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> datetime | None:
        """See TypeDecorator."""
        if isinstance(value, str):
            return datetime.strptime(value, ISO).replace(tzinfo=UTC)
        return value
