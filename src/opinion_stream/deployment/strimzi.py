"""Topics and users as resources of Strimzi, the Kafka operator for Kubernetes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from opinion_stream.access import SERVICES, Right, rights, upstream, user_of
from opinion_stream.adapters.admin import wanted_topics
from opinion_stream.settings import Settings

API = "kafka.strimzi.io/v1"
Manifest = dict[str, object]


def topics(settings: Settings, cluster: str) -> list[Manifest]:
    """A KafkaTopic for each topic of the registry and each changelog, named as on the broker."""
    return [
        {
            "apiVersion": API,
            "kind": "KafkaTopic",
            "metadata": {"name": name, "labels": {"strimzi.io/cluster": cluster}},
            "spec": {"topicName": name, "partitions": partitions, "replicas": settings.replication, "config": config},
        }
        for name, (partitions, config) in wanted_topics(settings).items()
    ]


def users(settings: Settings, cluster: str, upstreams: Sequence[str] = ("upstream",)) -> list[Manifest]:
    """A KafkaUser with SCRAM login for each service and upstream body, with its rights and nothing more."""
    prefix = settings.topic_prefix
    by_user: dict[str, list[Right]] = defaultdict(list)
    for right in rights(prefix, upstreams):
        by_user[right.principal.removeprefix("User:")].append(right)
    names = [user_of(prefix, service) for service in (*SERVICES, *map(upstream, upstreams))]
    return [
        {
            "apiVersion": API,
            "kind": "KafkaUser",
            "metadata": {"name": name, "labels": {"strimzi.io/cluster": cluster}},
            "spec": {
                "authentication": {"type": "scram-sha-512"},
                "authorization": {"type": "simple", "acls": _acls(by_user[name])},
            },
        }
        for name in names
    ]


def _acls(own: Sequence[Right]) -> list[Manifest]:
    operations: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for right in own:
        operations[right.resource, right.name, right.prefixed].append(right.operation.capitalize())
    return [
        {
            "resource": {
                "type": resource.lower(),
                "name": name,
                "patternType": "prefix" if prefixed else "literal",
            },
            "operations": sorted(found),
        }
        for (resource, name, prefixed), found in operations.items()
    ]
