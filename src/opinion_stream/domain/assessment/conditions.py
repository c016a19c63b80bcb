"""Whether a policy `Condition` holds for a document, and the words that made it hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from opinion_stream.policy.base import Condition

REMEMBERED = 4096
"""Results of equal rule and equal words that a judge remembers: texts of one matter hit the same words."""


class CompiledCondition:
    """A condition with its word lists as sets."""

    def __init__(self, condition: Condition) -> None:
        self._words = OrderedWords(condition.words())
        self._any = frozenset(condition.any_words)
        self._all = [frozenset(group) for group in condition.all_words]
        self._none = frozenset(condition.none_words)
        self._categories = frozenset(condition.categories)
        self._natures = frozenset(condition.natures)
        self._min_sensitivity = condition.min_sensitivity
        self.needs = self._any or (self._all[0] if self._all else None)
        """Words without any of which it fails; None if it may hold without a word."""

    def evaluate(
        self, found: frozenset[str], category: str, nature: str, sensitivity: float = 0.0
    ) -> tuple[str, ...] | None:
        """The words that made it hold, in the order of the rule (empty if it asks for none); None if it fails.

        `found` are the policy words in the text, `category` a level-1 name, `nature` a `Nature` value,
        `sensitivity` 0-100.
        """
        if sensitivity < self._min_sensitivity:
            return None
        if self._categories and category not in self._categories:
            return None
        if self._natures and nature not in self._natures:
            return None
        if self._any and found.isdisjoint(self._any):
            return None
        if any(found.isdisjoint(group) for group in self._all) or not found.isdisjoint(self._none):
            return None
        return self._words.among(found)


class OrderedWords:
    """The words of a rule, which are told in its order."""

    def __init__(self, words: Iterable[str]) -> None:
        self._places = {word: place for place, word in enumerate(dict.fromkeys(words))}

    def among(self, found: frozenset[str]) -> tuple[str, ...]:
        """Those of the words that are in `found`, each once."""
        here = self._places.keys() & found
        return tuple(here if len(here) < 2 else sorted(here, key=self._places.__getitem__))


class WordIndex:
    """Which of many rules can apply at all, by the words in a text, so that the others cost nothing."""

    def __init__(self, needs: Sequence[frozenset[str] | None]) -> None:
        """`needs`: for each rule the words without any of which it cannot apply; None for one that always can."""
        self._always = frozenset(number for number, words in enumerate(needs) if words is None)
        self._none = sorted(self._always)
        self._by_word: dict[str, list[int]] = {}
        for number, words in enumerate(needs):
            for word in words or ():
                self._by_word.setdefault(word, []).append(number)

    def possible(self, found: frozenset[str]) -> list[int]:
        """Numbers of the rules that can apply, in order."""
        by_word = self._by_word
        hit = by_word.keys() & found
        if not hit:
            return self._none
        return sorted(self._always.union(*[by_word[word] for word in hit]))
