"""Whether a policy `Condition` holds for a document, and the words that made it hold."""

from __future__ import annotations

from opinion_stream.policy.base import Condition


class CompiledCondition:
    """A condition with its word lists as sets."""

    def __init__(self, condition: Condition) -> None:
        self._words = condition.words()
        self._any = frozenset(condition.any_words)
        self._all = [frozenset(group) for group in condition.all_words]
        self._none = frozenset(condition.none_words)
        self._categories = frozenset(condition.categories)
        self._natures = frozenset(condition.natures)
        self._min_sensitivity = condition.min_sensitivity

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
        return tuple(dict.fromkeys(word for word in self._words if word in found))
