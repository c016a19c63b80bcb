"""Many queries on one text: one pass for all words of all of them, then each is decided by what was found."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from opinion_stream.domain.assessment.lexicon import Hits, Lexicon
from opinion_stream.domain.collection.watch.query import MAX_NEAR, And, Near, Not, Or, Query, Term, words_of


class Found:
    """The words found in one title and text, and where."""

    def __init__(self, hits: Hits, border: int) -> None:
        """`border`: where the text begins in what was scanned."""
        self.words = hits.words
        self._hits = hits
        self._border = border
        self._places: dict[str, tuple[list[int], list[int]]] | None = None

    def places(self, words: tuple[str, ...]) -> tuple[list[int], list[int]]:
        """Where these words start, and where they end, each in order. Title and text lie out of reach of each other."""
        if self._places is None:
            self._places = {}
            for start, end, word in self._hits.spans:
                shift = MAX_NEAR + 1 if start >= self._border else 0
                starts, ends = self._places.setdefault(word, ([], []))
                starts.append(start + shift)
                ends.append(end + shift)
        found = [self._places[word] for word in words if word in self._places]
        if len(found) == 1:
            return found[0]
        return sorted(s for starts, _ in found for s in starts), sorted(e for _, ends in found for e in ends)


Test = Callable[[Found], bool]


class Matcher:
    """Which of `queries` hold for a text. Work grows with the length of the text and the words found in it.

    Raises ValueError for a query that holds for the empty text: such a one would hold for nearly all.
    """

    def __init__(self, queries: Sequence[Query]) -> None:
        self._tests = [_compiled(query) for query in queries]
        if any(holds_for_nothing(query) for query in queries):
            raise ValueError("a query that holds for the empty text")
        self._by_word: dict[str, list[int]] = {}
        for number, query in enumerate(queries):
            for word in dict.fromkeys(words_of(query)):
                self._by_word.setdefault(word, []).append(number)
        self._lexicon = Lexicon(self._by_word)

    def find(self, title: str, text: str) -> Found:
        """Scan one mention. Neither holds a line break, which parts them here."""
        return Found(self._lexicon.scan(f"{title}\n{text}"), len(title) + 1)

    def holding(self, found: Found) -> frozenset[int]:
        """The numbers of the queries that hold."""
        if not found.words:
            return _NONE
        tests, by_word = self._tests, self._by_word
        # A query none of whose words is here gives what it gives for the empty text: it does not hold.
        touched = {number for word in found.words for number in by_word[word]}
        return frozenset([number for number in touched if tests[number](found)])


_NONE: frozenset[int] = frozenset()


def holds_for_nothing(query: Query) -> bool:
    """Whether the query holds for a text without any of its words."""
    return _compiled(query)(Found(Hits([], [], frozenset(), set()), 0))


def _compiled(query: Query) -> Test:
    match query:
        case Term(word):
            return lambda found: word in found.words
        case Near():
            return _near(query)
        case Not(part):
            inner = _compiled(part)
            return lambda found: not inner(found)
        case And(parts):
            tests = [_compiled(part) for part in parts]
            return lambda found: all(test(found) for test in tests)
        case Or(parts):
            words = frozenset(part.word for part in parts if isinstance(part, Term))
            others = [_compiled(part) for part in parts if not isinstance(part, Term)]
            return lambda found: not words.isdisjoint(found.words) or any(test(found) for test in others)


def _near(near: Near) -> Test:
    left, right, within = frozenset(near.left), frozenset(near.right), near.within

    def test(found: Found) -> bool:
        if left.isdisjoint(found.words) or right.isdisjoint(found.words):
            return False
        starts, ends = found.places(near.left)
        other_starts, other_ends = found.places(near.right)
        return _follows(ends, other_starts, within) or _follows(other_ends, starts, within)

    return test


def _follows(ends: list[int], starts: list[int], within: int) -> bool:
    """Whether some start lies 0 to `within` characters behind some end. By bisection: a text may repeat one word."""
    if len(ends) > len(starts):
        return any((i := bisect_right(ends, start)) > 0 and ends[i - 1] >= start - within for start in starts)
    return any((i := bisect_left(starts, end)) < len(starts) and starts[i] <= end + within for end in ends)
