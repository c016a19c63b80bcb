"""Reports as they stand on the topic; receipts and referrals sent to the desk: for the command line and a web desk."""

from __future__ import annotations

from opinion_stream.adapters.window import send_record, standing
from opinion_stream.domain.reporting.referring import incident_of
from opinion_stream.domain.summary import latest
from opinion_stream.models.escalation import Escalation, Receipt
from opinion_stream.models.sharing import Referral, ReferralReply
from opinion_stream.settings import Settings
from opinion_stream.topics import ESCALATIONS, RECEIPTS, REFERRAL_REPLIES, REFERRALS


async def escalations_now(settings: Settings) -> dict[str, Escalation]:
    """The latest version of every escalation on the topic, by id. Raises BrokerError when the broker is silent."""
    return {escalation.id: escalation for escalation in latest(await standing(settings, ESCALATIONS, Escalation))}


async def replies_now(settings: Settings) -> dict[str, ReferralReply]:
    """Every reply to a referral on the topic, by id, in order. Raises BrokerError when the broker is silent."""
    found = await standing(settings, REFERRAL_REPLIES, ReferralReply)
    return {reply.id: reply for reply in sorted(found, key=lambda reply: (reply.at, reply.id))}


async def send(settings: Settings, record: Receipt | Referral) -> None:
    """Send a receipt or a referral under the key of its matter. Raises DeliveryError when it is not taken."""
    match record:
        case Receipt():
            await send_record(settings, RECEIPTS, record.incident_id, record)
        case Referral():
            await send_record(settings, REFERRALS, incident_of(record), record)
