"""Repeats: mentions that were seen before, by id, and word-for-word copies, by fingerprint."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from opinion_stream.domain.collection.clean import words_only
from opinion_stream.domain.state import ExpiringMap, Store
from opinion_stream.models.mention import Mention

_WORDS = 8
"""So much of the fingerprint tells whether the words of an id have changed."""
_UNKNOWN = "1"
"""What an older version remembered of an id's words."""
_ASIDE = "aside:"
"""Stands before what is remembered of an id that was set aside."""


class Repeats:
    """Remembers, for `window` after receipt, which ids and which wordings were seen, at most `most` of each.

    Where more come in within the window, those seen first are forgotten early (`forgotten_early`): a repeat of
    them passes as new. A mention that comes again under its id is on the road already, whatever its words are
    now, for ids tell repeats apart: `corrections` counts those whose words had changed.

    Copies count across all sources of the stream. A text of fewer than `min_chars` letters, digits and
    Chinese characters (title and text together) is never a copy: two people who write 谢谢 are two mentions.
    """

    def __init__(self, store: Store, window: timedelta, min_chars: int = 10, most: int | None = None) -> None:
        self._ids = ExpiringMap(store, "id/", window, most)
        self._wordings = ExpiringMap(store, "fp/", window, most)
        self._min_chars = min_chars
        self.corrections = 0

    @property
    def forgotten_early(self) -> int:
        """How many ids and wordings were forgotten within the window since this object was made."""
        return self._ids.forgotten_early + self._wordings.forgotten_early

    def mark(self, mentions: Sequence[Mention]) -> list[Mention | None]:
        """One result per mention, in order.

        None: its id was seen before, so it is on the road already, or set aside again. With `duplicate_of`: it
        repeats the words of the mention named there, the first of that wording. Otherwise the mention as it came.
        One that is set aside is nobody's original; sent again when no rule sets it aside any more, it goes its way.
        """
        return [self._mark(mention) for mention in mentions]

    def _is_short(self, text: str) -> bool:
        # Mostly the beginning is long enough, which saves reading the rest.
        least = self._min_chars
        return len(words_only(text[: 4 * least])) < least and len(words_only(text)) < least

    def _mark(self, mention: Mention) -> Mention | None:
        at = mention.received_at
        self._ids.advance(at)
        self._wordings.advance(at)
        words = mention.fingerprint[:_WORDS]
        aside = mention.set_aside is not None
        if (known := self._ids.get(mention.id)) is not None:
            if aside or not known.startswith(_ASIDE):
                self.corrections += known.removeprefix(_ASIDE) not in (words, _UNKNOWN)
                return None
            self._ids.replace(mention.id, words)
        else:
            self._ids.put(mention.id, _ASIDE + words if aside else words, at)
        if aside:
            return mention
        if self._is_short(mention.title + mention.text):
            return mention
        first = self._wordings.get(mention.fingerprint)
        if first is None:
            self._wordings.put(mention.fingerprint, mention.id, at)
            return mention
        return mention if first == mention.id else mention.model_copy(update={"duplicate_of": first})
