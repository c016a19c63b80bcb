"""What an agent is made of: records in, outputs out, and one desk per partition that judges between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from opinion_stream.adapters.seal import Sealer
from opinion_stream.agents.observing import Nobody, Observer
from opinion_stream.domain.collection.keys import KeyRing
from opinion_stream.domain.state import Store
from opinion_stream.models.control import DeadLetterState
from opinion_stream.models.mention import Mention
from opinion_stream.policy import Policy
from opinion_stream.topics import Stage, Topic

if TYPE_CHECKING:  # a dictionary is loaded with the first, which only the assessment worker needs
    from opinion_stream.domain.assessment.category import Classifier

if TYPE_CHECKING:
    from opinion_stream.domain.collection.watch.watcher import Watcher


@dataclass(frozen=True)
class Record:
    """One record as it stands on a topic. `at` is the broker's time stamp of it."""

    topic: Topic
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    at: datetime
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class Output:
    """One record to be written. `letter`: code and state of a dead letter, for the metrics."""

    topic: Topic
    key: bytes
    value: bytes
    letter: tuple[str, DeadLetterState] | None = None


class Desk(Protocol):
    """The judgement of one stage for one partition: pure, but for the store it was given."""

    def handle(self, records: Sequence[Record]) -> list[Output]:
        """Take in records of the partition in order, from any of the stage's topics; what is to be written.

        Never raises for a bad record: that one becomes a dead letter among the outputs.
        """

    def tick(self, now: datetime) -> list[Output]:
        """What the passing of time brings about; called when nothing arrives, too."""


class Happening(StrEnum):
    """What a desk has counted besides records and outputs."""

    FORGOTTEN_EARLY = "forgotten_early"
    """An id or wording was forgotten within its window, since more came in than may be remembered."""
    CORRECTION_PASSED_OVER = "correction_passed_over"
    """A mention came again under its id with other words; the first wording stands."""
    SET_ASIDE = "set_aside"
    """A mention was passed over, since an exclusion of `watch.yaml` sets it aside."""


def _count_nothing(what: Happening, times: int) -> None:
    """Where nobody looks at metrics."""


def _look_at_nothing(mentions: Sequence[Mention]) -> None:
    """Where nobody looks at metrics."""


@dataclass(frozen=True)
class Tools:
    """What every desk may use; made once per worker."""

    policy: Policy
    sealer: Sealer
    secret: KeyRing | bytes
    classifier: Classifier | None = None
    """Takes the lexicon's place in the assessment; None: the lexicon."""
    count: Callable[[Happening, int], None] = _count_nothing
    """Tells the worker's metrics that something happened so many times."""
    observer: Observer = field(default_factory=Nobody)
    """Is told what goes through."""
    watcher: Callable[[], Watcher] | None = None
    """The watch rules in force now, asked once a batch; None: those of the policy for good."""
    watched: Callable[[Sequence[Mention]], None] = _look_at_nothing
    """Tells the worker's metrics what the watch rules said of collected mentions."""


DeskFactory = Callable[[Tools, Store], Desk]


@dataclass(frozen=True)
class StageSpec:
    """A stage and how its desks are made."""

    stage: Stage
    make_desk: DeskFactory
