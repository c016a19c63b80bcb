"""What the judgement (研判) rests on: categories, natures, sensitivity, priority, media, grading, grouping."""

from __future__ import annotations

import math

from pydantic import Field, model_validator

from opinion_stream.models.base import Grade, Nature
from opinion_stream.policy.base import Code, Condition, PolicyModel, Score, Word
from opinion_stream.policy.copies import CopyRules
from opinion_stream.policy.places import RegionLevel


class SubCategory(PolicyModel):
    """A category of level 2 or 3. `unit` overrides the lead unit of the level above.

    Words as in `Category`.
    """

    name: Word
    words: tuple[Word, ...] = ()
    strong: tuple[Word, ...] = ()
    decisive: tuple[Word, ...] = ()
    unit: Code | None = None
    co_units: tuple[Code, ...] = ()
    children: tuple[SubCategory, ...] = ()


class Category(PolicyModel):
    """A level-1 category; its children's words count for it too.

    `words` count 1 each, `strong` ones `strong_weight`, `decisive` ones (which outweigh the words of the
    surroundings a matter happens to stand in) `decisive_weight`. A word given twice counts by its larger weight.
    """

    name: Word
    unit: Code
    co_units: tuple[Code, ...] = ()
    words: tuple[Word, ...] = ()
    strong: tuple[Word, ...] = ()
    decisive: tuple[Word, ...] = ()
    children: tuple[SubCategory, ...] = ()


class Categories(PolicyModel):
    """`categories.yaml`. Below `min_confidence` the answer is `unsure` and the category is `fallback`."""

    fallback: Word
    fallback_unit: Code
    min_confidence: float = Field(ge=0, le=1)
    strong_weight: float = Field(gt=0)
    decisive_weight: float = Field(gt=0)
    title_weight: float = Field(gt=0)
    """How many times a word in the title counts against one in the text."""
    categories: tuple[Category, ...] = Field(min_length=1)


class NatureRule(PolicyModel):
    """Signs of one nature of concern. `weight` is added once for each distinct sign found."""

    nature: Nature
    words: tuple[Word, ...]
    weight: float = Field(gt=0)
    source: str


class Natures(PolicyModel):
    """`nature.yaml`. The nature with the largest sum wins; equal sums go to the one listed first."""

    fallback: Nature
    rules: tuple[NatureRule, ...]


class SensitivityRule(PolicyModel):
    """Adds `score` when it applies; `floor` is the lowest grade it allows (emergencies)."""

    id: Code
    text: str
    when: Condition
    score: Score
    floor: Grade | None = None
    source: str = ""


class Sensitivity(PolicyModel):
    """`sensitivity.yaml`. The sum over rules is cut at 100."""

    rules: tuple[SensitivityRule, ...]


class PriorityRule(PolicyModel):
    """A kind of concern that the national rules tell to answer first; the first that applies is named."""

    id: Code
    text: str
    source: str
    when: Condition
    score: Score


class Priority(PolicyModel):
    """`priority.yaml`: response value. A concern must be answered when its score reaches `required_from`."""

    required_from: Score
    base: dict[Nature, Score]
    """Response value by nature alone."""
    rules: tuple[PriorityRule, ...]


class Tier(PolicyModel):
    """A media tier: how far a word reaches."""

    name: Word
    score: Score


class Medium(PolicyModel):
    """A medium with a name of its own; every other medium is nameless here."""

    name: Word
    aliases: tuple[Word, ...] = ()
    kind: str
    tier: str


class MediaPolicy(PolicyModel):
    """`media.yaml`. `kinds` and `channels` give the tier of media that are not listed."""

    tiers: dict[str, Tier]
    default_tier: str
    kinds: dict[str, str]
    channels: dict[str, str]
    media: tuple[Medium, ...]

    @model_validator(mode="after")
    def _tiers_exist(self) -> MediaPolicy:
        used = {
            self.default_tier,
            *self.kinds.values(),
            *self.channels.values(),
            *(m.tier for m in self.media),
        }
        unknown = sorted(used - set(self.tiers))
        if unknown:
            raise ValueError(f"tier {', '.join(unknown)} is not defined under `tiers`")
        return self


class LogScale(PolicyModel):
    """0 at `zero_at`, 100 at `full_at`, logarithmic between: counts of people and clicks span decades."""

    zero_at: float = Field(gt=0)
    full_at: float = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> LogScale:
        if self.full_at <= self.zero_at:
            raise ValueError("full_at must be above zero_at")
        return self


class FactorWeights(PolicyModel):
    """Weights of the three factors; they must add up to 1."""

    content: float = Field(ge=0, le=1)
    reaction: float = Field(ge=0, le=1)
    media: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _sum_to_one(self) -> FactorWeights:
        if abs(self.content + self.reaction + self.media - 1) > 1e-9:
            raise ValueError("content, reaction and media must add up to 1")
        return self


class GradeThresholds(PolicyModel):
    """Lowest total score of grades I, II and III; below III it is grade IV."""

    I: Score  # noqa: E741
    II: Score
    III: Score

    @model_validator(mode="after")
    def _falling(self) -> GradeThresholds:
        if not self.I > self.II > self.III:
            raise ValueError("thresholds must fall: I > II > III")
        return self


class Hysteresis(PolicyModel):
    """A grade rises at once; it falls when the score has stayed `margin` points below its threshold for `hours`."""

    margin: Score
    hours: float = Field(ge=0)
    """Hours of event time."""


class Grading(PolicyModel):
    """`grading.yaml`: three factors (seed 二（二）), each 0-100, weighted into a total."""

    source: str
    weights: FactorWeights
    thresholds: GradeThresholds
    hysteresis: Hysteresis
    voices: LogScale
    interactions: LogScale
    reads: LogScale
    media_count: LogScale
    rising_bonus: Score
    """Added to the reaction factor while the volume rises."""
    priority_bonus: Score
    """Added to the content factor when a priority rule applies."""


class Matching(PolicyModel):
    """How well a mention fits an incident, 0-1: the logistic function of the weighted signs less `offset`.

    Logistic regression on pairs of mention and incident; which signs, and why, is told in `incidents.yaml`.
    """

    cosine: float = Field(2.4, ge=0)
    """Cosine of the weighted terms."""
    lead: float = Field(1.4, ge=0)
    """By how much the cosine is above that of the next incident that is about something else."""
    topic: float = Field(4.7, ge=0)
    """Product of the weights of the common terms alone."""
    rarest: float = Field(4.9, ge=0)
    """Rarity, 0-1, of the rarest term that both have."""
    second: float = Field(4.5, ge=0)
    """The same of the second rarest."""
    together: float = Field(13.5, ge=0)
    """Name and topic with one and the same mention: products of the weights of the terms that a mention of the incident
    shares with the new one, by their rarity for the name and by their commonness for the topic, the lesser of the two
    sums; of several mentions the largest. A place with many matters has each name and each topic, but not together."""
    offset: float = 10.4
    alike: float = Field(0.35, gt=0, le=1)
    """Two incidents of this cosine or above are about one thing."""
    topic_below: float = Field(0.4, ge=0, le=1)
    """Terms of a rarity below this tell the kind of matter, rarer ones tell which."""

    def score(self, signs: tuple[float, float, float, float, float, float]) -> float:
        """0-1, of (cosine, lead, topic, rarest, second, together)."""
        cosine, lead, topic, rarest, second, together = signs
        total = self.cosine * cosine + self.lead * lead + self.topic * topic + self.rarest * rarest
        total += self.second * second + self.together * together
        return 1.0 / (1.0 + math.exp(min(50.0, self.offset - total)))


class Grouping(PolicyModel):
    """`incidents.yaml`: how mentions become incidents. Times in hours of event time."""

    shard_level: RegionLevel = RegionLevel.COUNTY
    """Mentions are grouped within one region of this level. `county`: a mention that names only the city never
    joins a matter of a county. `city`: it may, and all mentions of the city go through one partition."""
    similarity: float = Field(gt=0, lt=1)
    """How well a mention must fit an incident (0-1, see `Matching`) to join it."""
    matching: Matching = Matching()
    title_share: float = Field(ge=0, le=1)
    """Share of the title in the vector, the rest is the text's."""
    max_features: int = Field(ge=8)
    """Largest number of terms kept per mention and per incident."""
    quiet_hours: float = Field(gt=0)
    """An incident without a mention for so long is closed."""
    reopen_days: float = Field(ge=0)
    """A closed incident can be reopened by a late mention for so many days after that quiet time."""
    max_closed: int = Field(ge=0)
    """Largest number of closed incidents remembered per shard; the one quiet for longest is forgotten first."""
    reopen_similarity: float = Field(gt=0, lt=1)
    """Lowest cosine similarity at which a mention reopens a closed incident; never less than `similarity`."""
    trend_window_hours: float = Field(gt=0)
    trend_ratio: float = Field(gt=1)
    """Rising when the last window holds so many times the one before; fading at the inverse."""
    kept_mention_ids: int = Field(ge=1)
    keywords: int = Field(ge=1)
    stop_words: tuple[Word, ...] = ()
    copies: CopyRules
