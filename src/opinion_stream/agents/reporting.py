"""The reporting agent (归口报送): incidents in, escalations to those who must know out; receipts come back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from opinion_stream.agents.clocked import Inbox
from opinion_stream.agents.guard import Guard
from opinion_stream.agents.outputs import Result
from opinion_stream.agents.stage import Output, Record, Tools
from opinion_stream.domain.reporting.desk import ReportingDesk as Core
from opinion_stream.domain.state import Store
from opinion_stream.models.base import WireModel
from opinion_stream.models.escalation import Receipt
from opinion_stream.models.incident import Incident
from opinion_stream.topics import INCIDENTS, RECEIPTS, Stage


class ReportingDesk:
    """Reports the incidents of one partition."""

    def __init__(self, tools: Tools, store: Store) -> None:
        self._core = Core(tools.policy, store)
        self._inbox = Inbox(
            Guard(Stage.REPORTING, tools.sealer),
            store,
            {INCIDENTS: Incident, RECEIPTS: Receipt},
            self._dispatch,
            _own_time,
            self._core.tick,
        )

    def _dispatch(self, record: WireModel, now: datetime) -> Iterable[Result]:
        match record:
            case Incident():
                return self._core.incident(record, now)
            case Receipt():
                return self._core.receipt(record, now)
            case _:
                raise TypeError(f"no handler for {type(record).__name__}")

    def handle(self, records: Sequence[Record]) -> list[Output]:
        """See `Desk`."""
        return self._inbox.handle(records)

    def tick(self, now: datetime) -> list[Output]:
        """See `Desk`."""
        return self._inbox.tick(now)


def _own_time(record: WireModel) -> datetime:
    match record:
        case Incident():
            return record.last_at
        case Receipt():
            return record.at
        case _:
            raise TypeError(f"no time for {type(record).__name__}")
