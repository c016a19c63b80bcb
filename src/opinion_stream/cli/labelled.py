"""Reads a labelled file; each text goes the way of a mention (cleaned, masked), so that a model meets no others."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from opinion_stream.cli.common import err, existing
from opinion_stream.domain.assessment.document import Document
from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.domain.collection.pipeline import Collector, Received
from opinion_stream.errors import OpinionStreamError, Rejected
from opinion_stream.models.mention import Mention
from opinion_stream.policy import Policy

_CHUNK = 500


@dataclass(frozen=True)
class Labelled:
    """Mentions with their categories; `rejected` texts could not be collected and are in neither."""

    mentions: list[Mention]
    labels: list[str]
    rejected: int

    def documents(self, assessor: Assessor) -> Iterator[Sequence[Document]]:
        """The mentions cut and scanned, in chunks."""
        for start in range(0, len(self.mentions), _CHUNK):
            yield assessor.read(self.mentions[start : start + _CHUNK])


def read_labelled(file: Path, policy: Policy) -> Labelled:
    """JSON Lines with `text`, `category` and, if there is one, `title`; other fields are left alone.

    Raises OpinionStreamError naming the line when one is not such an object or the policy has no such category.
    A text that collection rejects (empty, too long) is told on stderr and counted.
    """
    known = {category.name for category in policy.categories.categories}
    labels: list[str] = []
    records: list[Received] = []
    numbers: list[int] = []
    now = datetime.now(UTC)
    with existing(file).open(encoding="utf-8") as lines:
        try:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    title, text, category = _fields(line, f"{file}:{number}")
                    if category not in known:
                        raise OpinionStreamError(
                            f"{file}:{number}: categories.yaml has no level-1 category {category!r}; it has "
                            + "、".join(sorted(known))
                        )
                    raw = {"source": "labelled", "title": title, "text": text, "published_at": now.isoformat()}
                    records.append(Received(json.dumps(raw, ensure_ascii=False).encode(), now))
                    labels.append(category)
                    numbers.append(number)
        except UnicodeDecodeError as error:
            raise OpinionStreamError(f"{file}: not UTF-8") from error
    collector = Collector(policy, secrets.token_bytes(32))
    mentions: list[Mention] = []
    kept: list[str] = []
    for start in range(0, len(records), _CHUNK):
        for place, result in enumerate(collector.collect(records[start : start + _CHUNK]), start):
            if isinstance(result, Rejected):
                err.print(f"{file}:{numbers[place]}: {result.reason}", markup=False)
            else:
                mentions.append(result)
                kept.append(labels[place])
    if not mentions:
        raise OpinionStreamError(f"{file}: no usable text in it")
    return Labelled(mentions, kept, len(records) - len(mentions))


def _fields(line: str, place: str) -> tuple[str, str, str]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise OpinionStreamError(f"{place}: not JSON") from error
    if not isinstance(row, dict):
        raise OpinionStreamError(f"{place}: not a JSON object")
    title, text, category = row.get("title") or "", row.get("text"), row.get("category")
    if not (isinstance(title, str) and isinstance(text, str) and isinstance(category, str)):
        raise OpinionStreamError(f"{place}: needs `text` and `category` as strings (`title` may stand beside them)")
    return title, text, category
