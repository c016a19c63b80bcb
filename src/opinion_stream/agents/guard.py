"""The exits of a record: decoded, or to the dead letters with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from opinion_stream.adapters.seal import Sealer
from opinion_stream.agents.stage import Output, Record
from opinion_stream.domain.ids import dead_letter_id
from opinion_stream.errors import Rejected
from opinion_stream.models.base import WireModel
from opinion_stream.models.control import DeadLetter
from opinion_stream.topics import DEAD_LETTERS, Stage

W = TypeVar("W", bound=WireModel)


class Guard:
    """Decodes the records of one stage and writes dead letters for those that cannot be processed."""

    def __init__(self, stage: Stage, sealer: Sealer) -> None:
        self._stage = stage
        self._sealer = sealer

    def dead_letter(self, record: Record, rejected: Rejected) -> Output:
        """The dead letter of a record."""
        letter = DeadLetter(
            id=self.letter_id(record.value),
            stage=self._stage.value,
            kind=rejected.kind,
            reason=rejected.reason,
            topic=record.topic.name,
            partition=record.partition,
            offset=record.offset,
            at=record.at,
            size=len(record.value),
            original_sealed=self._sealer.seal(record.value),
        )
        return Output(DEAD_LETTERS, letter.id.encode(), letter.to_bytes())

    def letter_id(self, value: bytes) -> str:
        """The id of a record's dead letter: the same bytes at the same stage give the same id."""
        return dead_letter_id(self._stage.value, value)

    def decode(self, records: Iterable[Record], model: type[W], dead: list[Output]) -> Iterator[tuple[Record, W]]:
        """Each record that is a valid `model`, with the model; a dead letter in `dead` for each other."""
        validate = TypeAdapter(model).validate_json
        for record in records:
            try:
                yield record, validate(record.value)
            except ValidationError as error:
                dead.append(self.dead_letter(record, _rejected(error, model)))


def _rejected(error: ValidationError, model: type[WireModel]) -> Rejected:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "整条记录"
    return Rejected(f"invalid_{model.__name__.lower()}", f"不是有效的 {model.__name__}：{where}：{first['msg']}")
