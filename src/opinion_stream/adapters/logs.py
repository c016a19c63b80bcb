"""Structured logs: one JSON object a line on stderr, with ids and never with content."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

import structlog

SELDOM_SECONDS = 5.0


class Seldom(logging.Filter):
    """Lets each message of the Kafka client pass once in five seconds: while a broker is away it has forty a second."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._passed: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written."""
        if not record.name.startswith("aiokafka") or record.levelno >= logging.CRITICAL:
            return True
        kind, now = (record.name, str(record.msg)), self._now()
        if now - self._passed.get(kind, float("-inf")) < SELDOM_SECONDS:
            return False
        self._passed[kind] = now
        return True


def set_up_logs(level: str) -> None:
    """Send our logs and the libraries' warnings to stderr as JSON lines. `level`: debug | info | warning | error."""
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Seldom())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("opinion_stream").setLevel(level.upper())
