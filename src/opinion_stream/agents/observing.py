"""What desks tell, beside their outputs, to whoever keeps the metrics; nobody by default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.mention import Mention

if TYPE_CHECKING:
    from opinion_stream.agents.outputs import Result


class Observer(Protocol):
    """Is told what went through a desk. A batch that is done again after a crash is told again."""

    def mentions(self, mentions: Sequence[Mention]) -> None:
        """These mentions went through the stage just now."""

    def assessed(self, assessed: Sequence[AssessedMention]) -> None:
        """These were assessed just now; `mentions` is not told of them besides."""

    def results(self, results: Sequence[Result]) -> None:
        """This follows from one record, or from the passing of time, in the reporting or the response stage."""


class Nobody:
    """An observer where nobody looks at metrics."""

    def mentions(self, mentions: Sequence[Mention]) -> None:
        """See `Observer`."""

    def assessed(self, assessed: Sequence[AssessedMention]) -> None:
        """See `Observer`."""

    def results(self, results: Sequence[Result]) -> None:
        """See `Observer`."""
