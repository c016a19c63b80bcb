"""The AsyncAPI 3 document of the road, generated from the registry of topics."""

from __future__ import annotations

from opinion_stream import __version__
from opinion_stream.contracts.schemas import MAJOR, Json, Schema, is_written_outside
from opinion_stream.settings import Settings
from opinion_stream.topics import TOPICS, Stage, Topic, full_name, group_id

ASYNCAPI = "3.0.0"
BINDING = "0.5.0"
"""Version of the Kafka bindings."""


def document(prefix: str | None = None) -> Schema:
    """The document for an installation with this topic prefix; None: the default one.

    Operations are told from the side of each stage (`receive` what it reads, `send` what it writes) and, for what
    outside bodies do, from theirs.
    """
    prefix = prefix or str(Settings.model_fields["topic_prefix"].default)
    return {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "opinion-stream",
            "version": f"{MAJOR}.0.0",
            "description": (
                "政务舆情回应流水线的消息契约。The topics of a city's pipeline that notices public concerns and sees "
                "each one answered. Delivery is at least once: records carry `id` and, where they change, `version`; "
                "keep the highest version of each id. Unknown fields must be ignored. See docs/contracts.md."
            ),
            "license": {"name": "Apache-2.0"},
            "x-implementation": f"opinion-stream {__version__}",
        },
        "defaultContentType": "application/json",
        "servers": {
            "city": {
                "host": "kafka.city.example:9093",
                "protocol": "kafka-secure",
                "description": "The city's Apache Kafka; the address is told to each body by the city.",
                "security": [{"$ref": "#/components/securitySchemes/scram"}],
            }
        },
        "channels": {_key(topic): _channel(topic, prefix) for topic in TOPICS},
        "operations": {**_of_stages(prefix), **_of_outsiders()},
        "components": {
            "securitySchemes": {
                "scram": {"type": "scramSha512", "description": "SASL/SCRAM-SHA-512 over TLS, one user per body."}
            },
            "messages": {topic.model.__name__: _message(topic) for topic in TOPICS},
        },
    }


def _key(topic: Topic) -> str:
    return topic.name.replace(".", "-")


def _channel(topic: Topic, prefix: str) -> Schema:
    policy: list[Json] = ["compact" if topic.compacted else "delete"]
    settings: Schema = {"cleanup.policy": policy, "max.message.bytes": topic.max_message_bytes}
    settings["retention.ms"] = int(topic.config()["retention.ms"])
    return {
        "address": full_name(prefix, topic),
        "title": topic.label,
        "description": f"Key: {topic.key}.",
        "messages": {topic.model.__name__: {"$ref": f"#/components/messages/{topic.model.__name__}"}},
        "bindings": {"kafka": {"topicConfiguration": settings, "bindingVersion": BINDING}},
    }


def _message(topic: Topic) -> Schema:
    return {
        "name": topic.model.__name__,
        "title": topic.label,
        "contentType": "application/json",
        "payload": {"$ref": f"./schemas/{topic.name}.schema.json"},
        "bindings": {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": BINDING}},
    }


def _of_stages(prefix: str) -> Schema:
    found: Schema = {}
    for stage in Stage:
        binding: Schema = {
            "kafka": {"groupId": {"type": "string", "enum": [group_id(prefix, stage)]}, "bindingVersion": BINDING}
        }
        for topic in TOPICS:
            if stage in topic.readers:
                operation = _operation("receive", topic, f"{stage.label} reads {topic.label}.")
                found[f"{stage.value}-receives-{_key(topic)}"] = {**operation, "bindings": binding}
            if stage in topic.writers:
                found[f"{stage.value}-sends-{_key(topic)}"] = _operation(
                    "send", topic, f"{stage.label} writes {topic.label}."
                )
    return found


def _of_outsiders() -> Schema:
    found: Schema = {}
    for topic in TOPICS:
        if is_written_outside(topic):
            found[f"outside-sends-{_key(topic)}"] = _operation(
                "send", topic, f"Connectors, persons at their desk or other bodies write {topic.label}."
            )
        if not topic.readers:
            found[f"outside-receives-{_key(topic)}"] = _operation(
                "receive", topic, f"Other bodies, desks or the ledger read {topic.label}."
            )
    return found


def _operation(action: str, topic: Topic, summary: str) -> Schema:
    channel = f"#/channels/{_key(topic)}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "summary": summary,
        "messages": [{"$ref": f"{channel}/messages/{topic.model.__name__}"}],
    }
