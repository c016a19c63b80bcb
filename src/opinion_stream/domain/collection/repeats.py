"""Repeats: mentions that were seen before, by id, and word-for-word copies, by fingerprint."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from opinion_stream.domain.collection.clean import words_only
from opinion_stream.domain.state import ExpiringMap, Store
from opinion_stream.models.mention import Mention


class Repeats:
    """Remembers, for `window` after receipt, which ids and which wordings were seen.

    Copies count across all sources of the stream. A text of fewer than `min_chars` letters, digits and
    Chinese characters (title and text together) is never a copy: two people who write 谢谢 are two mentions.
    """

    def __init__(self, store: Store, window: timedelta, min_chars: int = 10) -> None:
        self._ids = ExpiringMap(store, "id/", window)
        self._wordings = ExpiringMap(store, "fp/", window)
        self._min_chars = min_chars

    def mark(self, mentions: Sequence[Mention]) -> list[Mention | None]:
        """One result per mention, in order.

        None: its id was seen before, so it is on the road already. With `duplicate_of`: it repeats the words
        of the mention named there, the first of that wording. Otherwise the mention as it came.
        """
        return [self._mark(mention) for mention in mentions]

    def _is_short(self, text: str) -> bool:
        # Mostly the beginning is long enough, which saves reading the rest.
        least = self._min_chars
        return len(words_only(text[: 4 * least])) < least and len(words_only(text)) < least

    def _mark(self, mention: Mention) -> Mention | None:
        at = mention.received_at
        if self._ids.get(mention.id) is not None:
            return None
        self._ids.put(mention.id, "1", at)
        if self._is_short(mention.title + mention.text):
            return mention
        first = self._wordings.get(mention.fingerprint)
        if first is None:
            self._wordings.put(mention.fingerprint, mention.id, at)
            return mention
        return mention if first == mention.id else mention.model_copy(update={"duplicate_of": first})
