"""The watch rules of a jurisdiction at work: which priority words a mention carries, and whether it is set aside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from opinion_stream.domain.collection.watch.matcher import Matcher, holds_for_nothing
from opinion_stream.domain.collection.watch.parse import parse
from opinion_stream.domain.collection.watch.query import Query, wanted_words
from opinion_stream.errors import QueryError
from opinion_stream.policy.watch import Watch


@dataclass(frozen=True, slots=True)
class Seen:
    """What the rules say about one mention."""

    watch: tuple[str, ...]
    """Names of the priority rules that it meets, in the order of the file."""
    set_aside: str | None
    """Name of the exclusion by which it is no public concern."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that a text meets. `kind`: priority, exclusion, except (of an exclusion) or always_hear."""

    kind: str
    name: str
    reason: str
    words: tuple[str, ...]


NOTHING = Seen((), None)


class Watcher:
    """Compiled rules. Raises QueryError or ValueError for rules in which `rule_problems` finds any."""

    def __init__(self, rules: Watch) -> None:
        self.rules = rules
        self.version = version_of(rules)
        self._sites = [(kind, name, reason) for kind, name, reason, _ in rules.queries()]
        self._queries = [parse(text) for *_, text in rules.queries()]
        self._matcher = Matcher(self._queries)
        numbers = {(kind, name): number for number, (kind, name, _) in enumerate(self._sites)}
        self._priority = [(numbers["priority", rule.name], rule.name) for rule in rules.priority]
        self._exclusions = [
            (numbers["exclusion", rule.name], numbers.get(("except", rule.name), -1), rule.name)
            for rule in rules.exclusions
        ]
        self._always = numbers.get(("always_hear", "always_hear"), -1)

    def look(self, title: str, text: str) -> Seen:
        """What the rules say of a cleaned, masked title and text. A priority rule beats every exclusion."""
        holding = self._matcher.holding(self._matcher.find(title, text))
        if not holding:
            return NOTHING
        watch = tuple([name for number, name in self._priority if number in holding])
        if watch or self._always in holding:
            return Seen(watch, None)
        for number, exception, name in self._exclusions:
            if number in holding and exception not in holding:
                return Seen((), name)
        return NOTHING

    def explain(self, title: str, text: str) -> list[Hit]:
        """Every rule that holds, those that another beats too, with the words that speak for it."""
        found = self._matcher.find(title, text)
        return [
            Hit(*self._sites[number], tuple(w for w in dict.fromkeys(wanted_words(query)) if w in found.words))
            for number in sorted(self._matcher.holding(found))
            for query in (self._queries[number],)
        ]

    def queries(self) -> Iterator[tuple[str, str, Query]]:
        """(kind, name, tree) of each query."""
        for (kind, name, _), query in zip(self._sites, self._queries, strict=True):
            yield kind, name, query


def version_of(rules: Watch) -> str:
    """Short hash of what the rules say: 10 hexadecimal digits; comments and layout of the file do not change it."""
    return hashlib.blake2b(rules.model_dump_json(by_alias=True).encode(), digest_size=5).hexdigest()


def rule_problems(rules: Watch) -> Iterator[str]:
    """What is wrong with the rules, one text per problem: rule, place with a caret below it, and the cure."""
    names = [*(rule.name for rule in rules.priority), *(rule.name for rule in rules.exclusions)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name}.name: 规则重名（the name is given {names.count(name)} times）。改法：每条规则用一个不同的名称"
    keys = {"priority": "query", "exclusion": "query", "except": "except", "always_hear": "query"}
    for kind, name, _, text in rules.queries():
        where = f"{name}.{keys[kind]}"
        try:
            tree = parse(text)
        except QueryError as error:
            yield f"{where}: {error}"
            continue
        if holds_for_nothing(tree):
            yield (
                f"{where}: 没有出现任何一个词时也会命中，几乎每条提及都会被命中。"
                "改法：not 前面要有必须出现的词，写成 词 and not 另一词"
            )
