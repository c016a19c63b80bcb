"""Priority words and exclusions of a jurisdiction; `domain/collection/watch` reads their queries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from opinion_stream.policy.base import PolicyModel

RuleName = Annotated[str, Field(min_length=1, max_length=30, pattern=r"^[^\s:：,，\"'“”]+$")]
"""What a rule is called in records, metrics and reasons: no white space, colon, comma or quote."""

QueryText = Annotated[str, Field(min_length=1)]
ReasonText = Annotated[str, Field(min_length=4, max_length=200)]


class PriorityRule(PolicyModel):
    """Mentions that meet the query carry the rule's name. `level` is told to people; it grades nothing."""

    name: RuleName
    query: QueryText
    reason: ReasonText
    level: Literal["normal", "high"] = "normal"


class Exclusion(PolicyModel):
    """Mentions that meet the query, and not `except`, are set aside as no public concern: marked, kept, counted."""

    name: RuleName
    query: QueryText
    reason: ReasonText
    except_: QueryText | None = Field(default=None, alias="except")


class AlwaysHear(PolicyModel):
    """Whoever speaks like this is heard, whatever an exclusion says."""

    query: QueryText
    reason: ReasonText


class Watch(PolicyModel):
    """`watch.yaml`. At most 200 rules of each kind, since each may become a series in the metrics."""

    priority: tuple[PriorityRule, ...] = Field(default=(), max_length=200)
    exclusions: tuple[Exclusion, ...] = Field(default=(), max_length=200)
    always_hear: AlwaysHear | None = None

    def queries(self) -> Iterator[tuple[str, str, str, str]]:
        """(kind, rule's name, reason, text of the query) of each query: priority, exclusion, except, always_hear."""
        for rule in self.priority:
            yield "priority", rule.name, rule.reason, rule.query
        for exclusion in self.exclusions:
            yield "exclusion", exclusion.name, exclusion.reason, exclusion.query
            if exclusion.except_ is not None:
                yield "except", exclusion.name, exclusion.reason, exclusion.except_
        if self.always_hear is not None:
            yield "always_hear", "always_hear", self.always_hear.reason, self.always_hear.query
