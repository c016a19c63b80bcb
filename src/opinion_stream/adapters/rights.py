"""Gives users their rights on the broker (ACLs)."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest

from opinion_stream.access import Operation, Resource, Right
from opinion_stream.errors import BrokerError

LITERAL, PREFIXED = 3, 4
ALLOW = 3
ANY_HOST = "*"


async def grant(admin: AIOKafkaAdminClient, rights: Sequence[Right]) -> None:
    """Give every right; one that is there already changes nothing.

    Raises BrokerError when the broker refuses, which it does when it has no authorizer or we are no administrator.
    """
    for right in rights:
        request = CreateAclsRequest(
            Resource[right.resource].value,
            right.name,
            PREFIXED if right.prefixed else LITERAL,
            right.principal,
            ANY_HOST,
            Operation[right.operation].value,
            ALLOW,
        )
        # aiokafka has the message but no method for it yet.
        response = await admin._send_request(request)
        for code, message in response.creation_responses:
            if code:
                raise BrokerError(
                    f"the right {right.as_command()} was not given: {for_code(code).__name__} {message or ''}. "
                    "Log in as an administrator (OPINION_KAFKA_USERNAME), and set authorizer.class.name on the brokers."
                )
