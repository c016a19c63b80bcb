"""Reports as they stand on the topic; receipts and referrals sent to the desk: for the command line and a web desk."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import TypeAdapter

from opinion_stream.adapters.producer import BatchProducer, Outgoing
from opinion_stream.adapters.reading import Stored, reader
from opinion_stream.domain.reporting.referring import incident_of
from opinion_stream.models.escalation import Escalation, Receipt
from opinion_stream.models.sharing import Referral, ReferralReply
from opinion_stream.settings import Settings
from opinion_stream.topics import ESCALATIONS, RECEIPTS, REFERRAL_REPLIES, REFERRALS, full_name


async def escalations_now(settings: Settings) -> dict[str, Escalation]:
    """The latest version of every escalation on the topic, by id. Raises BrokerError when the broker is silent."""
    async with reader(settings.bootstrap()) as read:
        return _latest(await read.read_to_end([full_name(settings.topic_prefix, ESCALATIONS)]))


async def replies_now(settings: Settings) -> dict[str, ReferralReply]:
    """Every reply to a referral on the topic, by id, in order. Raises BrokerError when the broker is silent."""
    validate = TypeAdapter(ReferralReply).validate_json
    async with reader(settings.bootstrap()) as read:
        records = await read.read_to_end([full_name(settings.topic_prefix, REFERRAL_REPLIES)])
    found = [validate(record.value) for record in records if record.value]
    return {reply.id: reply for reply in sorted(found, key=lambda reply: (reply.at, reply.id))}


async def send(settings: Settings, record: Receipt | Referral) -> None:
    """Send a receipt or a referral under the key of its matter. Raises DeliveryError when it is not taken."""
    match record:
        case Receipt():
            topic, key = RECEIPTS, record.incident_id
        case Referral():
            topic, key = REFERRALS, incident_of(record)
    producer = BatchProducer(settings.bootstrap(), client_id="opinion-stream-cli")
    await producer.start()
    try:
        await producer.send_all([Outgoing(full_name(settings.topic_prefix, topic), key.encode(), record.to_bytes())])
    finally:
        await producer.stop()


def _latest(records: Iterable[Stored]) -> dict[str, Escalation]:
    validate = TypeAdapter(Escalation).validate_json
    found: dict[str, Escalation] = {}
    for record in records:
        if record.value:
            escalation = validate(record.value)
            if escalation.id not in found or escalation.version >= found[escalation.id].version:
                found[escalation.id] = escalation
    return found
