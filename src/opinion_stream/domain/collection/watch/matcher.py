"""Many queries on one text: one pass for all words of all of them, then each is decided by what was found."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from ahocorasick_rs import AhoCorasick, Implementation

from opinion_stream.domain.collection.watch.query import MAX_NEAR, And, Near, Not, Or, Query, Term, words_of


class Found:
    """The words found in one title and text, and where. All words are in upper case here."""

    __slots__ = ("_border", "_hits", "_places", "_table", "words")

    def __init__(self, hits: Sequence[tuple[int, int, int]], table: Sequence[str], border: int) -> None:
        """`hits`: (number in `table`, start, end) by end. `border`: where the text begins in what was scanned."""
        self.words = frozenset([table[number] for number, _, _ in hits])
        self._hits = hits
        self._table = table
        self._border = border
        self._places: dict[str, tuple[list[int], list[int]]] | None = None

    def __contains__(self, word: str) -> bool:
        return word.upper() in self.words

    def places(self, words: tuple[str, ...]) -> tuple[list[int], list[int]]:
        """Where these words start, and where they end, each in order. Title and text lie out of reach of each other."""
        if self._places is None:
            self._places = {}
            for number, start, end in self._hits:
                shift = MAX_NEAR + 1 if start >= self._border else 0
                starts, ends = self._places.setdefault(self._table[number], ([], []))
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
            for word in dict.fromkeys(map(str.upper, words_of(query))):
                self._by_word.setdefault(word, []).append(number)
        self._words = list(self._by_word)
        # The table of a few hundred words is small, and this kind reads a text in half the time of the others.
        self._automaton = AhoCorasick(self._words, implementation=Implementation.DFA) if self._words else None

    def find(self, title: str, text: str) -> Found:
        """Scan one mention. Neither holds a line break, which parts them here."""
        if self._automaton is None:
            return _NOTHING_FOUND
        whole = f"{title}\n{text}"
        upper = whole.upper()
        if len(upper) != len(whole):  # a letter such as ß grows; places must stay those of the text
            upper = "".join(c.upper() if len(c.upper()) == 1 else c for c in whole)
        hits = self._automaton.find_matches_as_indexes(upper, overlapping=True)
        return Found(hits, self._words, len(title) + 1) if hits else _NOTHING_FOUND

    def holding(self, found: Found) -> frozenset[int]:
        """The numbers of the queries that hold."""
        if not found.words:
            return _NONE
        tests, by_word = self._tests, self._by_word
        # A query none of whose words is here gives what it gives for the empty text: it does not hold.
        touched = {number for word in found.words for number in by_word[word]}
        return frozenset([number for number in touched if tests[number](found)])


_NONE: frozenset[int] = frozenset()
_NOTHING_FOUND = Found((), (), 0)


def holds_for_nothing(query: Query) -> bool:
    """Whether the query holds for a text without any of its words."""
    return _compiled(query)(_NOTHING_FOUND)


def _compiled(query: Query) -> Test:
    match query:
        case Term(word):
            upper = word.upper()
            return lambda found: upper in found.words
        case Near():
            return _near(query)
        case Not(part):
            inner = _compiled(part)
            return lambda found: not inner(found)
        case And(parts):
            tests = [_compiled(part) for part in parts]
            return lambda found: all(test(found) for test in tests)
        case Or(parts):
            words = frozenset(part.word.upper() for part in parts if isinstance(part, Term))
            others = [_compiled(part) for part in parts if not isinstance(part, Term)]
            return lambda found: not words.isdisjoint(found.words) or any(test(found) for test in others)


def _near(near: Near) -> Test:
    left = tuple(dict.fromkeys(map(str.upper, near.left)))
    right = tuple(dict.fromkeys(map(str.upper, near.right)))
    one, other, within = frozenset(left), frozenset(right), near.within

    def test(found: Found) -> bool:
        if one.isdisjoint(found.words) or other.isdisjoint(found.words):
            return False
        starts, ends = found.places(left)
        other_starts, other_ends = found.places(right)
        return _follows(ends, other_starts, within) or _follows(other_ends, starts, within)

    return test


def _follows(ends: list[int], starts: list[int], within: int) -> bool:
    """Whether some start lies 0 to `within` characters behind some end. By bisection: a text may repeat one word."""
    if len(ends) > len(starts):
        return any((i := bisect_right(ends, start)) > 0 and ends[i - 1] >= start - within for start in starts)
    return any((i := bisect_left(starts, end)) < len(starts) and starts[i] <= end + within for end in ends)
