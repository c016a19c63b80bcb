"""The reporting agent (归口报送): incidents in, escalations to those who must know out; receipts and referrals too."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from opinion_stream.agents.clocked import ClockedDesk
from opinion_stream.agents.outputs import Result
from opinion_stream.agents.stage import Tools
from opinion_stream.domain.collection.mask import Masker
from opinion_stream.domain.figures import Figures
from opinion_stream.domain.reporting.desk import ReportingDesk as Core
from opinion_stream.domain.reporting.referring import incident_of
from opinion_stream.domain.state import Store
from opinion_stream.models.base import WireModel
from opinion_stream.models.escalation import Receipt
from opinion_stream.models.incident import Incident
from opinion_stream.models.sharing import Referral, TaskOutcome
from opinion_stream.models.task import PublicResponse
from opinion_stream.topics import INCIDENTS, RECEIPTS, REFERRALS, RESPONSES, TASK_OUTCOMES, Stage


class ReportingDesk(ClockedDesk):
    """Reports the matters of one partition."""

    stage = Stage.REPORTING
    models = {  # noqa: RUF012  declared a ClassVar by the base
        INCIDENTS: Incident,
        RECEIPTS: Receipt,
        REFERRALS: Referral,
        RESPONSES: PublicResponse,
        TASK_OUTCOMES: TaskOutcome,
    }

    def __init__(self, tools: Tools, store: Store) -> None:
        super().__init__(tools, store)
        self._core = Core(tools.policy, store)
        self._masker = Masker(tools.policy.collection.not_a_name)

    def take(self, record: WireModel, now: datetime) -> Iterable[Result]:
        """See `ClockedDesk`."""
        match record:
            case Incident():
                return self._core.incident(record, now)
            case Receipt():
                return self._core.receipt(record.model_copy(update={"note": self._masked(record.note)}), now)
            case Referral():
                masked = {"title": self._masked(record.title), "text": self._masked(record.text)}
                return self._core.referral(record.model_copy(update=masked), now)
            case PublicResponse():
                return self._core.response(record, now)
            case TaskOutcome():
                return self._core.outcome(record, now)
            case _:
                raise TypeError(f"no handler for {type(record).__name__}")

    def must_be_under(self, record: WireModel) -> bytes | None:
        """See `ClockedDesk`: a referral's key is not one that its writer would choose by itself."""
        return incident_of(record).encode() if isinstance(record, Referral) else None

    def own_time(self, record: WireModel) -> datetime:
        """See `ClockedDesk`."""
        match record:
            case Incident():
                return record.last_at
            case Receipt() | Referral() | TaskOutcome():
                return record.at
            case PublicResponse():
                return record.published_at
            case _:
                raise TypeError(f"no time for {type(record).__name__}")

    def figures(self) -> Figures:
        """See `Measured`."""
        return self._core.figures()

    def pass_time(self, now: datetime) -> Iterable[Result]:
        """See `ClockedDesk`."""
        return self._core.tick(now)

    def _masked(self, text: str) -> str:
        return self._masker.mask(text)[0]
