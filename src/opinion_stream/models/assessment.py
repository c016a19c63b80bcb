"""Assessment (研判) of one mention, and the mention with it."""

from __future__ import annotations

from pydantic import Field

from opinion_stream.models.base import Nature, Reason, RegionRef, Score, Share, UnitRef, WireModel
from opinion_stream.models.mention import Mention


class CategoryResult(WireModel):
    """Category with levels 2 and 3 where known. `source`: lexicon | model | both | unsure."""

    level1: str
    level2: str | None = None
    level3: str | None = None
    confidence: Share
    source: str = "lexicon"
    evidence: tuple[str, ...] = ()
    guess: str | None = None
    """Where the source is `unsure`: the nearest category, if any word spoke for one."""
    threshold: Share | None = None
    """Where the source is `unsure`: the confidence that an answer would have needed."""


class ResponseValue(WireModel):
    """Whether the concern must be answered, and by which rule of the policy."""

    required: bool
    score: Score
    rule: str
    text: str
    evidence: tuple[str, ...] = ()
    """The words that met the rule."""


class Keyword(WireModel):
    """A keyword with its TF-IDF weight."""

    word: str
    weight: float


class Assessment(WireModel):
    """研判 of one mention. Every result carries its reason."""

    category: CategoryResult
    region: RegionRef
    region_reason: Reason
    unit: UnitRef
    unit_reason: Reason
    co_units: tuple[UnitRef, ...] = ()
    nature: Nature
    nature_reason: Reason
    sensitivity: Score
    sensitivity_reasons: tuple[Reason, ...] = ()
    floor: str | None = None
    """Lowest grade an emergency rule of the policy allows, as a `Grade` value."""
    response_value: ResponseValue
    priority_rule: str | None = None
    """Id of the priority rule of the national documents that applies, if any."""
    keywords: tuple[Keyword, ...] = ()
    features: dict[str, float] = Field(default_factory=dict)
    """Sparse unit-length vector of weighted terms that groups mentions into incidents; opaque to consumers."""


class AssessedMention(WireModel):
    """A mention with its assessment; the record on `opinion.mentions.assessed`."""

    schema_version: int = 1
    mention: Mention
    assessment: Assessment

    @property
    def id(self) -> str:
        """The mention's id."""
        return self.mention.id
