"""A mention made ready for the judgement: cut into words and scanned once, for all rules."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from opinion_stream.domain.assessment.lexicon import Hits, Lexicon
from opinion_stream.domain.assessment.segment import segment
from opinion_stream.models.mention import Mention


@dataclass(frozen=True)
class Document:
    """Words and hits of title and text."""

    mention: Mention
    title_words: list[str]
    text_words: list[str]
    title_hits: Hits
    text_hits: Hits
    hint_hits: Hits
    """Hits in the source's own statement of the place."""

    @cached_property
    def title_counts(self) -> Counter[str]:
        """How often each word stands in the title."""
        return Counter(self.title_words)

    @cached_property
    def text_counts(self) -> Counter[str]:
        """How often each word stands in the text."""
        return Counter(self.text_words)

    @cached_property
    def found(self) -> frozenset[str]:
        """All words of the policy that stand in title or text."""
        return self.title_hits.words | self.text_hits.words


def read_document(mention: Mention, lexicon: Lexicon) -> Document:
    """Cut and scan one mention."""
    return Document(
        mention=mention,
        title_words=segment(mention.title),
        text_words=segment(mention.text),
        title_hits=lexicon.scan(mention.title),
        text_hits=lexicon.scan(mention.text),
        hint_hits=lexicon.scan(mention.region_hint or ""),
    )
