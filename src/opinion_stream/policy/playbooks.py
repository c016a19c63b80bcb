"""Playbooks (处置预案要点): what a brief on a grave incident says of risks, measures and the answer."""

from __future__ import annotations

from collections.abc import Iterator, Set

from pydantic import Field, model_validator

from opinion_stream.models.base import Grade, Nature
from opinion_stream.models.incident import Direction
from opinion_stream.policy.base import Code, PolicyModel, Word


class Signs(PolicyModel):
    """When a playbook, a risk or a measure applies. All parts that are given must hold; none given always holds.

    `rules`: ids of sensitivity or priority rules, at least one of which the incident met. `any_words` / `none_words`:
    in its title, keywords or extracts. `directions`: of its trend.
    """

    rules: tuple[Code, ...] = ()
    any_words: tuple[Word, ...] = ()
    none_words: tuple[Word, ...] = ()
    categories: tuple[Word, ...] = ()
    natures: tuple[Nature, ...] = ()
    directions: tuple[Direction, ...] = ()
    min_voices: int = Field(default=0, ge=0)
    min_media: int = Field(default=0, ge=0)


class Risk(PolicyModel):
    """A risk that may arise. `source` is a key of `sources`, or nothing for local practice."""

    id: Code
    text: str
    when: Signs = Signs()
    source: Code | None = None


class Measure(PolicyModel):
    """A proposed measure. `by`: lead, co, office, or the code of a unit.

    The time is `within_hours` of the grade, or that of `clock` in `deadlines.yaml`, whose source then holds.
    """

    id: Code
    text: str
    by: tuple[Code, ...] = Field(min_length=1)
    when: Signs = Signs()
    within_hours: float | None = Field(default=None, gt=0)
    clock: Code | None = None
    source: Code | None = None

    @model_validator(mode="after")
    def _one_time(self) -> Measure:
        if self.clock is not None and (self.within_hours is not None or self.source is not None):
            raise ValueError("give a clock, which brings its hours and its source, or within_hours and source")
        return self


class Plan(PolicyModel):
    """Risks, measures and ways to publish; publications are keys of `response.yaml`."""

    risks: tuple[Risk, ...] = ()
    measures: tuple[Measure, ...] = ()
    publications: tuple[Code, ...] = ()


class Playbook(Plan):
    """A plan for one kind of matter; it applies when any one of the signs under `when` holds."""

    id: Code
    name: Word
    when: tuple[Signs, ...] = Field(min_length=1)


class AnswerGuide(PolicyModel):
    """How to answer a concern of one nature."""

    lines: tuple[str, ...] = Field(min_length=1)
    source: Code | None = None
    publications: tuple[Code, ...] = ()


class Extraction(PolicyModel):
    """Which sentences of the mentions are kept for a brief."""

    kept: int = Field(ge=1, le=32)
    """Sentences per incident."""
    min_chars: int = Field(ge=1)
    max_chars: int = Field(ge=10)
    min_mentions: int = Field(ge=1)
    """From so many mentions on, later mentions are looked at; before, the first one's leading sentence alone."""
    min_sensitivity: float = Field(ge=0, le=100)
    """From this sensitivity on, from the first mention on."""
    happened: int = Field(ge=1)
    """Sentences shown in a brief."""
    telling: tuple[Word, ...]
    """Words of time and extent, beside digits, that make a sentence worth keeping."""
    not_facts: tuple[Word, ...]
    """Greetings, thanks, appeals and questions: a clause with one of them is left out."""


class Playbooks(PolicyModel):
    """`playbooks.yaml`."""

    min_grade: Grade
    """A brief is written for incidents at this grade or a more serious one."""
    growth: float = Field(gt=1)
    """At one grade a brief is renewed when the mentions grew by this factor."""
    max_playbooks: int = Field(ge=1)
    extraction: Extraction
    sources: dict[Code, str]
    groups: dict[Word, tuple[Word, ...]]
    """Groups that a matter can concern, and the words by which mentions name them."""
    answers: dict[Nature, AnswerGuide]
    common: Plan
    playbooks: tuple[Playbook, ...]

    @model_validator(mode="after")
    def _sources_and_ids(self) -> Playbooks:
        ids = [book.id for book in self.playbooks]
        if len(set(ids)) != len(ids):
            raise ValueError("playbook ids must differ from one another")
        for name, plan in self.plans():
            rules = [*(risk.id for risk in plan.risks), *(measure.id for measure in plan.measures)]
            if len(set(rules)) != len(rules):
                raise ValueError(f"{name}: ids of risks and measures must differ from one another")
            for source in (*(risk.source for risk in plan.risks), *(measure.source for measure in plan.measures)):
                self._check_source(name, source)
        for nature, guide in self.answers.items():
            self._check_source(f"answers.{nature.value}", guide.source)
        return self

    def _check_source(self, where: str, source: str | None) -> None:
        if source is not None and source not in self.sources:
            raise ValueError(f"{where}: source {source!r} is not defined under `sources`")

    def plans(self) -> Iterator[tuple[str, Plan]]:
        """Every plan with its name: `common`, then the playbooks by id."""
        yield "common", self.common
        yield from ((book.id, book) for book in self.playbooks)

    def signs(self) -> Iterator[tuple[str, Signs]]:
        """Every `when`, with the key it stands under."""
        for book in self.playbooks:
            yield from ((f"{book.id}.when", signs) for signs in book.when)
        for name, plan in self.plans():
            yield from ((f"{name}.{risk.id}.when", risk.when) for risk in plan.risks)
            yield from ((f"{name}.{measure.id}.when", measure.when) for measure in plan.measures)

    def units(self) -> Iterator[tuple[str, str]]:
        """Every code of a unit that a measure names, with the key it stands under."""
        for name, plan in self.plans():
            for measure in plan.measures:
                yield from ((f"{name}.{measure.id}", by) for by in measure.by if by not in ("lead", "co", "office"))

    def unknown(self, rules: Set[str], clocks: Set[str], publications: Set[str]) -> Iterator[str]:
        """One line, with its key, for each rule, clock and publication named here that other files do not define."""
        for name, signs in self.signs():
            for rule in signs.rules:
                if rule not in rules:
                    yield f"{name}.rules: {rule!r} is neither a rule of sensitivity.yaml nor of priority.yaml"
        kinds = [(name, kind) for name, plan in self.plans() for kind in plan.publications]
        kinds += [(f"answers.{nature}", kind) for nature, guide in self.answers.items() for kind in guide.publications]
        for name, plan in self.plans():
            for measure in plan.measures:
                if measure.clock is not None and measure.clock not in clocks:
                    yield f"{name}.{measure.id}.clock: {measure.clock!r} is not a clock of deadlines.yaml"
        for name, kind in kinds:
            if kind not in publications:
                yield f"{name}.publications: {kind!r} is not in publications of response.yaml"
