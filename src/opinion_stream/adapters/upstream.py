"""What an upstream body runs: takes the escalations addressed to it, each once, and answers with receipts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from opinion_stream.adapters.courier import Courier
from opinion_stream.adapters.producer import BatchProducer
from opinion_stream.adapters.sent_log import SentLog
from opinion_stream.adapters.window import outgoing
from opinion_stream.models.escalation import Escalation, EscalationStatus, Receipt, ReceiptKind
from opinion_stream.settings import Settings
from opinion_stream.topics import ESCALATIONS, RECEIPTS, Topic


def acknowledgement(escalation: Escalation, role: str, at: datetime) -> Receipt:
    """The receipt 签收 of an escalation. Its id derives from the escalation, so that sending it again acts once."""
    return Receipt(
        id=f"ack-{escalation.id}",
        escalation_id=escalation.id,
        incident_id=escalation.incident_id,
        kind=ReceiptKind.ACKNOWLEDGED,
        role=role,
        at=at,
    )


class Upstream(Courier):
    """Hands each escalation to `show` once, in whatever version it is first met, over restarts of this process too.

    It needs the right to read `escalations` in its group, and to write `escalations.receipts`; no policy, no key.
    """

    def __init__(
        self,
        settings: Settings,
        group: str,
        sent: SentLog,
        show: Callable[[Escalation], None],
        *,
        units: Sequence[str] = (),
        producer: BatchProducer | None = None,
        role: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`units`: codes of the recipients' units; none: all. `producer`: where receipts go; None: none are sent,
        else in the name of `role`."""
        super().__init__(settings, group, [ESCALATIONS], sent, remembers=True, now=now)
        self._settings_of = settings
        self._sent_log = sent
        self._show = show
        self._units = frozenset(units)
        self._producer = producer
        self._role = role
        self._clock = now
        self.forget()

    def take(self, topic: Topic, value: bytes, at: datetime, *, history: bool) -> str | None:
        """See `Courier`."""
        escalation = Escalation.model_validate_json(value)
        if self._units and escalation.recipient.unit.code not in self._units:
            return None
        if escalation.id in self._sent_log:
            return None
        known = self._waiting.get(escalation.id)
        if known is None or escalation.version > known.version:
            self._waiting[escalation.id] = escalation
        return escalation.id

    async def deliver_due(self) -> None:
        """Show what is new, send the receipts, and only then remember it."""
        new = list(self._waiting.values())
        if not new:
            return
        for escalation in new:
            self._show(escalation)
        if self._producer is not None:
            receipts = [
                acknowledgement(escalation, self._role, self._clock())
                for escalation in new
                if escalation.status in (EscalationStatus.ISSUED, EscalationStatus.LAPSED)
            ]
            await self._producer.send_all(
                [outgoing(self._settings_of, RECEIPTS, receipt.incident_id, receipt) for receipt in receipts]
            )
        self.delivered([escalation.id for escalation in new])
        self._waiting.clear()

    def forget(self) -> None:
        """See `Courier`."""
        self._waiting: dict[str, Escalation] = {}
