"""The watch rules of a jurisdiction at work: which priority words a mention carries, and whether it is set aside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
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
        # What speaks against an exclusion stands in nearly every text and matters in hardly any: it is looked for
        # only where an exclusion holds, which halves the cost.
        self._speaking = _Part([site for site in rules.queries() if site[0] in ("priority", "exclusion")])
        self._against = _Part([site for site in rules.queries() if site[0] in ("except", "always_hear")])
        first = len(rules.priority)
        self._priority = list(enumerate(rule.name for rule in rules.priority))
        self._exclusions = [
            (number, self._against.number("except", rule.name), rule.name)
            for number, rule in enumerate(rules.exclusions, first)
        ]
        self._always = self._against.number("always_hear", "always_hear")

    def look(self, title: str, text: str) -> Seen:
        """What the rules say of a cleaned, masked title and text. A priority rule beats every exclusion."""
        holding = self._speaking.holding(title, text)
        if not holding:
            return NOTHING
        watch = tuple([name for number, name in self._priority if number in holding])
        if watch:
            return Seen(watch, None)
        against = self._against.holding(title, text)
        if self._always in against:
            return NOTHING
        for number, exception, name in self._exclusions:
            if number in holding and exception not in against:
                return Seen((), name)
        return NOTHING

    def explain(self, title: str, text: str) -> list[Hit]:
        """Every rule that holds, those that another beats too, with the words that speak for it."""
        return [*self._speaking.explain(title, text), *self._against.explain(title, text)]

    def queries(self) -> Iterator[tuple[str, str, Query]]:
        """(kind, name, tree) of each query: priority and exclusion rules, then what speaks against exclusions."""
        for part in (self._speaking, self._against):
            for (kind, name, _), query in zip(part.sites, part.queries, strict=True):
                yield kind, name, query


class _Part:
    """Some of the queries, matched together."""

    def __init__(self, queries: Sequence[tuple[str, str, str, str]]) -> None:
        self.sites = [(kind, name, reason) for kind, name, reason, _ in queries]
        self.queries = [parse(text) for *_, text in queries]
        self._matcher = Matcher(self.queries)

    def number(self, kind: str, name: str) -> int:
        """The number of a query; -1 if there is none."""
        return next((number for number, site in enumerate(self.sites) if site[:2] == (kind, name)), -1)

    def holding(self, title: str, text: str) -> frozenset[int]:
        """The numbers of the queries that hold."""
        return self._matcher.holding(self._matcher.find(title, text))

    def explain(self, title: str, text: str) -> Iterator[Hit]:
        """Each query that holds, with the words that speak for it."""
        found = self._matcher.find(title, text)
        for number in sorted(self._matcher.holding(found)):
            words = dict.fromkeys(wanted_words(self.queries[number]))
            yield Hit(*self.sites[number], tuple(word for word in words if word in found))


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
