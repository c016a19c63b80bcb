"""The reporting agent (归口报送): incidents in, escalations to those who must know out; receipts come back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from opinion_stream.agents.clocked import ClockedDesk
from opinion_stream.agents.outputs import Result
from opinion_stream.agents.stage import Tools
from opinion_stream.domain.reporting.desk import ReportingDesk as Core
from opinion_stream.domain.state import Store
from opinion_stream.models.base import WireModel
from opinion_stream.models.escalation import Receipt
from opinion_stream.models.incident import Incident
from opinion_stream.topics import INCIDENTS, RECEIPTS, Stage


class ReportingDesk(ClockedDesk):
    """Reports the incidents of one partition."""

    stage = Stage.REPORTING
    models = {INCIDENTS: Incident, RECEIPTS: Receipt}  # noqa: RUF012  declared a ClassVar by the base

    def __init__(self, tools: Tools, store: Store) -> None:
        super().__init__(tools, store)
        self._core = Core(tools.policy, store)

    def take(self, record: WireModel, now: datetime) -> Iterable[Result]:
        """See `ClockedDesk`."""
        match record:
            case Incident():
                return self._core.incident(record, now)
            case Receipt():
                return self._core.receipt(record, now)
            case _:
                raise TypeError(f"no handler for {type(record).__name__}")

    def own_time(self, record: WireModel) -> datetime:
        """See `ClockedDesk`."""
        match record:
            case Incident():
                return record.last_at
            case Receipt():
                return record.at
            case _:
                raise TypeError(f"no time for {type(record).__name__}")

    def pass_time(self, now: datetime) -> Iterable[Result]:
        """See `ClockedDesk`."""
        return self._core.tick(now)
