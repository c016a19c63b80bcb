"""The exits of a record: decoded, or to the dead letters with its reason; and what became of one that was replayed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from pydantic import ValidationError

from opinion_stream.adapters.seal import Sealer
from opinion_stream.agents.stage import Output, Record
from opinion_stream.domain.dead_letters.attempt import Attempt, attempt_of
from opinion_stream.domain.dead_letters.codes import code_of
from opinion_stream.domain.ids import dead_letter_id
from opinion_stream.errors import Rejected
from opinion_stream.models.base import WireModel
from opinion_stream.models.control import DeadLetter, DeadLetterState
from opinion_stream.topics import DEAD_LETTERS, Stage

W = TypeVar("W", bound=WireModel)


class Guard:
    """Decodes the records of one stage and writes dead letters for those that cannot be processed."""

    def __init__(self, stage: Stage, sealer: Sealer) -> None:
        self._stage = stage
        self._sealer = sealer

    def dead_letter(self, record: Record, rejected: Rejected) -> Output:
        """The dead letter of a record; parked where the record was a replay."""
        attempt = self._attempt(record)
        sealed = self._sealer.seal(record.value, record.at)
        state = DeadLetterState.OPEN if attempt is None else DeadLetterState.PARKED
        return self._written(record, rejected.kind, rejected.reason, state, sealed, attempt)

    def settled(self, records: Iterable[Record], outputs: Sequence[Output]) -> list[Output]:
        """For each replayed record that did not fail again, the news that its dead letter is resolved.

        `outputs`: all that the records have brought.
        """
        parked = {o.key for o in outputs if o.letter is not None and o.letter[1] is DeadLetterState.PARKED}
        found: list[Output] = []
        for record in records:
            attempt = self._attempt(record)
            if attempt is not None and attempt.letter_id.encode() not in parked:
                found.append(self._written(record, "", "", DeadLetterState.RESOLVED, "", attempt))
        return found

    def _attempt(self, record: Record) -> Attempt | None:
        attempt = attempt_of(record.headers) if record.headers else None
        # Of another stage that reads the same topic, or made up: to this stage it is a record like any other.
        return attempt if attempt is not None and attempt.letter_id == self.letter_id(record.value) else None

    def _written(
        self, record: Record, kind: str, reason: str, state: DeadLetterState, sealed: str, attempt: Attempt | None
    ) -> Output:
        letter = DeadLetter(
            id=self.letter_id(record.value),
            stage=self._stage.value,
            kind=kind,
            reason=reason,
            topic=record.topic.name,
            partition=record.partition,
            offset=record.offset,
            at=record.at,
            size=len(record.value),
            original_sealed=sealed,
            key_sealed=None if record.key is None else self._sealer.seal(record.key, record.at),
            version=1 if attempt is None else attempt.version,
            state=state,
            attempts=0 if attempt is None else attempt.number,
        )
        return Output(DEAD_LETTERS, letter.id.encode(), letter.to_bytes(), (code_of(kind), state))

    def letter_id(self, value: bytes) -> str:
        """The id of a record's dead letter: the same bytes at the same stage give the same id."""
        return dead_letter_id(self._stage.value, value)

    def decode(self, records: Iterable[Record], model: type[W], dead: list[Output]) -> Iterator[tuple[Record, W]]:
        """Each record that is a valid `model`, with the model; a dead letter in `dead` for each other."""
        # The class builds its validator once; an adapter made here would build its own for each batch.
        validate = model.model_validate_json
        for record in records:
            try:
                yield record, validate(record.value)
            except ValidationError as error:
                dead.append(self.dead_letter(record, _rejected(error, model)))


def _rejected(error: ValidationError, model: type[WireModel]) -> Rejected:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "整条记录"
    return Rejected(f"invalid_{model.__name__.lower()}", f"不是有效的 {model.__name__}：{where}：{first['msg']}")
