"""What an agent is made of: records in, outputs out, and one desk per partition that judges between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from opinion_stream.adapters.seal import Sealer
from opinion_stream.domain.state import Store
from opinion_stream.policy import Policy
from opinion_stream.topics import Stage, Topic

if TYPE_CHECKING:  # a dictionary is loaded with it, which only the assessment worker needs
    from opinion_stream.domain.assessment.category import Classifier


@dataclass(frozen=True)
class Record:
    """One record as it stands on a topic. `at` is the broker's time stamp of it."""

    topic: Topic
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    at: datetime


@dataclass(frozen=True)
class Output:
    """One record to be written."""

    topic: Topic
    key: bytes
    value: bytes


class Desk(Protocol):
    """The judgement of one stage for one partition: pure, but for the store it was given."""

    def handle(self, records: Sequence[Record]) -> list[Output]:
        """Take in records of the partition in order, from any of the stage's topics; what is to be written.

        Never raises for a bad record: that one becomes a dead letter among the outputs.
        """

    def tick(self, now: datetime) -> list[Output]:
        """What the passing of time brings about; called when nothing arrives, too."""


@dataclass(frozen=True)
class Tools:
    """What every desk may use; made once per worker."""

    policy: Policy
    sealer: Sealer
    secret: bytes
    classifier: Classifier | None = None
    """Takes the lexicon's place in the assessment; None: the lexicon."""


DeskFactory = Callable[[Tools, Store], Desk]


@dataclass(frozen=True)
class StageSpec:
    """A stage and how its desks are made."""

    stage: Stage
    make_desk: DeskFactory
