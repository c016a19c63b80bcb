"""Who may do what on the broker: each service its own user with the rights it needs, derived from the topics.

`topics apply` gives these rights where the broker asks for a login; `topics rights` prints them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from opinion_stream.topics import (
    DEAD_LETTERS,
    ESCALATIONS,
    INBOUND,
    INCIDENT_COMMANDS,
    RECEIPTS,
    REFERRALS,
    RESPONSES,
    SOURCE_HEALTH,
    STATEFUL,
    SUPERVISION,
    TASK_COMMANDS,
    TOPICS,
    Stage,
    Topic,
    changelog_name,
    full_name,
    group_id,
)


@dataclass(frozen=True)
class Service:
    """A process of ours, or a body outside, that has a user of its own on the broker.

    `groups`: whether it consumes in the group of its user's name, or in groups that begin with it and a dot.
    `sees_groups`: whether it may ask how far all groups are.
    """

    name: str
    label: str
    reads: tuple[Topic, ...] = ()
    writes: tuple[Topic, ...] = ()
    groups: bool = True
    sees_groups: bool = False


COLLECT = Service("collect", "采集连接器", writes=(INBOUND, SOURCE_HEALTH), groups=False)
INTAKE = Service("intake", "接入接口", writes=(INBOUND,), groups=False)
NOTIFY = Service("notify", "通知", reads=(ESCALATIONS, SUPERVISION, SOURCE_HEALTH))
PUBLISH = Service("publish", "公开发布", reads=(RESPONSES,))
LEDGER = Service("ledger", "台账", reads=tuple(topic for topic in TOPICS if topic not in (INBOUND, REFERRALS)))
DESK = Service(
    "desk",
    "值班操作台",
    reads=tuple(topic for topic in TOPICS if topic not in (INBOUND, REFERRALS)),
    writes=(INBOUND, INCIDENT_COMMANDS, TASK_COMMANDS, RECEIPTS, REFERRALS, DEAD_LETTERS),
    sees_groups=True,
)
"""The command line of duty staff and operators: `replay`, `task`, `incident`, `escalation`, `referral`, `dlq`. It
hands in what is raw and never reads it: nobody but the stage that masks it may."""


def _stage(stage: Stage) -> Service:
    reads = tuple(topic for topic in TOPICS if stage in topic.readers)
    return Service(stage.value, stage.label, reads, tuple(topic for topic in TOPICS if stage in topic.writers))


SERVICES: tuple[Service, ...] = (*map(_stage, Stage), COLLECT, INTAKE, NOTIFY, PUBLISH, LEDGER, DESK)
"""All but the upstream bodies, of which there may be any number (see `upstream`)."""


def upstream(name: str) -> Service:
    """A body that escalations are sent to: it reads them, and writes receipts and referrals."""
    return Service(name, "上级单位", reads=(ESCALATIONS,), writes=(RECEIPTS, REFERRALS))


class Resource(Enum):
    """What a right is about; the values are those of the Kafka protocol."""

    TOPIC = 2
    GROUP = 3


class Operation(Enum):
    """What a right allows; the values are those of the Kafka protocol. READ and WRITE imply DESCRIBE."""

    READ = 3
    WRITE = 4
    DESCRIBE = 8


@dataclass(frozen=True, order=True)
class Right:
    """One entry of the broker's access control list. `prefixed`: for all resources whose name begins so."""

    principal: str
    resource: str
    name: str
    operation: str
    prefixed: bool = False

    def as_command(self) -> str:
        """The same as arguments of Kafka's own `kafka-acls.sh`."""
        pattern = " --resource-pattern-type prefixed" if self.prefixed else ""
        return (
            f"--add --allow-principal {self.principal} --operation {self.operation.capitalize()} "
            f"--{self.resource.lower()} '{self.name}'{pattern}"
        )


def user_of(prefix: str, service: Service) -> str:
    """The user name of a service, e.g. `opinion-collection`."""
    return f"{prefix}-{service.name}"


def rights(prefix: str, upstreams: Sequence[str] = ("upstream",)) -> list[Right]:
    """Every right of every service of an installation; nothing else is allowed to anybody but the administrator.

    `upstreams`: names of the bodies that escalations are sent to.
    """
    every = [*SERVICES, *(upstream(name) for name in upstreams)]
    return sorted({right for service in every for right in _of(prefix, service)})


def _of(prefix: str, service: Service) -> Iterator[Right]:
    user = user_of(prefix, service)
    principal = f"User:{user}"

    def right(resource: Resource, name: str, operation: Operation, *, prefixed: bool = False) -> Right:
        return Right(principal, resource.name, name, operation.name, prefixed)

    for topic in service.reads:
        yield right(Resource.TOPIC, full_name(prefix, topic), Operation.READ)
    for topic in service.writes:
        yield right(Resource.TOPIC, full_name(prefix, topic), Operation.WRITE)
    stage = next((stage for stage in Stage if stage.value == service.name), None)
    if stage in STATEFUL:
        yield right(Resource.TOPIC, changelog_name(prefix, stage), Operation.READ)
        yield right(Resource.TOPIC, changelog_name(prefix, stage), Operation.WRITE)
    if stage is not None:
        yield right(Resource.GROUP, group_id(prefix, stage), Operation.READ)
    elif service.groups:
        yield right(Resource.GROUP, user, Operation.READ)
        yield right(Resource.GROUP, f"{user}.", Operation.READ, prefixed=True)
    if service.sees_groups:
        yield right(Resource.GROUP, prefix, Operation.DESCRIBE, prefixed=True)
