"""A mention made ready for the judgement: cut into words and scanned once, for all rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from opinion_stream.domain.assessment.lexicon import Hits
from opinion_stream.domain.assessment.segment import segment
from opinion_stream.models.mention import Mention

Scan = Callable[[str], Hits]


@dataclass(slots=True)
class Document:
    """Words and hits of title and text."""

    mention: Mention
    title_words: list[str]
    text_words: list[str]
    title_hits: Hits
    text_hits: Hits
    hint_hits: Hits
    """Hits in the source's own statement of the place."""
    found: frozenset[str]
    """All words of the policy that stand in title or text."""


def read_document(mention: Mention, scan: Scan, scan_hint: Scan) -> Document:
    """Cut and scan one mention. `scan_hint` may remember, for hints are few."""
    title_words, text_words = segment(mention.title), segment(mention.text)
    title_hits, text_hits = scan(mention.title), scan(mention.text)
    return Document(
        mention=mention,
        title_words=title_words,
        text_words=text_words,
        title_hits=title_hits,
        text_hits=text_hits,
        hint_hits=scan_hint(mention.region_hint or ""),
        found=title_hits.words | text_hits.words,
    )
