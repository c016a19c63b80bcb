"""Stretches of text to be masked, and cue words beside which they stand."""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of text to be masked: [start, end), and what it is (a key of `mask.MARKERS`)."""

    start: int
    end: int
    kind: str


class Taken:
    """Spans that do not overlap, and whether another one would overlap them: in time logarithmic in their number."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def is_free(self, span: Span) -> bool:
        """Whether it overlaps none of them."""
        at = bisect_right(self.spans, span)
        if at and self.spans[at - 1].end > span.start:
            return False
        return at == len(self.spans) or self.spans[at].start >= span.end

    def add(self, span: Span) -> None:
        """Take the span in, unless it overlaps one that was."""
        if self.is_free(span):
            insort(self.spans, span)


_LOOK_BACK = 24
_IN_WORD = re.compile("[A-Za-z_][0-9]*$")
"""What stands before a place inside of a Latin word or id; a number before it, as in 13800000000QQ, is none."""
Reader = Callable[[str, re.Match[str]], Span | None]
"""What stands beside a cue word, given the text and the match of the cue; None where it is nothing personal."""


def reader(kind: str, pattern: re.Pattern[str]) -> Reader:
    """Reads what `pattern` matches right after the cue word: its named group, or all of it.

    A colon that ends the cue word is matched again, as the sign between cue and datum.
    """

    def read(text: str, cue: re.Match[str]) -> Span | None:
        match = pattern.match(text, cue.end() - (cue[0][-1] in ":："))
        return Span(*match.span(match.lastgroup or 0), kind) if match else None

    return read


class Cues:
    """Finds all cue words in one pass over the text and asks the reader of each."""

    def __init__(self, readers: Mapping[str, Reader]) -> None:
        self._readers = readers
        # By their first sign: at each place the regex engine then tries a few dozen branches, and not hundreds.
        rests: dict[str, list[str]] = {}
        for cue in sorted(readers, key=len, reverse=True):
            rests.setdefault(cue[0], []).append(re.escape(cue[1:]))
        self._pattern = re.compile("|".join(f"{re.escape(sign)}(?:{'|'.join(rest)})" for sign, rest in rests.items()))

    def find(self, text: str) -> Iterator[Span]:
        """What the readers find, in the order of the cues. A Latin cue counts only at the start of a word."""
        for cue in self._pattern.finditer(text):
            start = cue.start()
            latin = text[start].isascii() and text[start].isalpha()
            if latin and _IN_WORD.search(text, max(0, start - _LOOK_BACK), start):
                continue
            span = self._readers[cue[0]](text, cue)
            if span:
                yield span
