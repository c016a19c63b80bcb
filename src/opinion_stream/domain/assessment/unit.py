"""谁主管谁负责: from region, category and the bodies a mention names to the lead unit and those beside it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from opinion_stream.domain.assessment.conditions import REMEMBERED
from opinion_stream.domain.assessment.document import Document
from opinion_stream.domain.assessment.lexicon import WordSet
from opinion_stream.domain.places import Places
from opinion_stream.models.assessment import CategoryResult
from opinion_stream.models.base import Reason, RegionRef, UnitRef
from opinion_stream.policy.judgement import Category, SubCategory
from opinion_stream.policy.loader import Policy
from opinion_stream.policy.places import RegionLevel

_BY_CATEGORY, _LOCAL = "unit.category", "unit.local"


class Charge(NamedTuple):
    """Who is in charge, and why."""

    unit: UnitRef
    reason: Reason
    co_units: tuple[UnitRef, ...]


class UnitJudge:
    """Finds the lead unit by `units.yaml` and the units that `categories.yaml` names.

    The rules: 工作制度 一（二） (属地管理、分级负责, 谁主管、谁负责) and 国办发〔2016〕80号 (a local matter is the
    local government's, one across several places that of the competent department above them).
    """

    def __init__(self, policy: Policy, places: Places) -> None:
        self._places = places
        self._units = {unit.code: unit for unit in policy.units.units}
        self._refs = {unit.code: UnitRef(code=unit.code, name=unit.name) for unit in policy.units.units}
        self._office = policy.jurisdiction.office
        self._fallback = policy.categories.fallback_unit
        self._governments: dict[str, str] = {}
        named: dict[str, list[str]] = {}
        for unit in policy.units.units:
            if unit.level is RegionLevel.COUNTY:
                self._governments.setdefault(unit.region, unit.code)
            if unit.code != self._office and places.is_within(unit.region, places.home):
                for word in dict.fromkeys((unit.name, *unit.aliases)):
                    named.setdefault(word, []).append(unit.code)
        self._names = {word: codes[0] for word, codes in named.items() if len(codes) == 1}
        self._words = WordSet(self._names)
        self._competent: dict[tuple[str, ...], tuple[str, tuple[str, ...]]] = {}
        for category in policy.categories.categories:
            self._read(category, (category.name,), category.unit, category.co_units)
        self._decided = lru_cache(REMEMBERED)(self._decide)

    def _read(self, node: Category | SubCategory, path: tuple[str, ...], unit: str, co_units: tuple[str, ...]) -> None:
        self._competent[path] = (unit, co_units)
        for child in node.children:
            # A unit of its own takes the matter over, so the co-units of the level above go with the old lead.
            inherited = co_units if child.unit is None else ()
            self._read(child, (*path, child.name), child.unit or unit, child.co_units or inherited)

    def words(self) -> Iterator[str]:
        """All names of units it looks for."""
        return iter(self._names)

    def judge(self, document: Document, region: RegionRef, category: CategoryResult) -> Charge:
        """Lead unit, co-handling units and the reason."""
        charge = self._decided(region.code, region.name, _path(category), *self._named(document))
        if charge.reason.rule not in (_BY_CATEGORY, _LOCAL):
            return charge
        reason = Reason.trusted(rule=charge.reason.rule, text=charge.reason.text, evidence=category.evidence)
        return Charge(charge.unit, reason, charge.co_units)

    def _decide(self, code: str, region: str, path: tuple[str, ...], body: str | None, word: str) -> Charge:
        """The charge by code and name of the region, path of the category, and unit named by `word`, if any."""
        competent, co_units = self._competent.get(path, (self._fallback, ()))
        government = self._governments.get(code)
        if body is not None:
            unit = self._units[body]
            if government is None or unit.level is RegionLevel.COUNTY or word == unit.name:
                co = (government, competent) if government and path in self._competent else (government,)
                text = f"文中点名“{word}”，谁主管谁负责"
                return self._charge(body, co, Reason(rule="unit.named", text=text, evidence=(word,)))
            text = f"{region}的事项属地负责，文中点名“{word}”，由{unit.name}协同"
            return self._charge(government, (body,), Reason(rule="unit.local-named", text=text, evidence=(word,)))
        if path not in self._competent:
            text = "类别未能判定，由办公室人工判断"
            return self._charge(self._fallback, (government,), Reason(rule="unit.unsure", text=text))
        why = "/".join(path)
        if government is not None:
            text = f"{region}的事项属地负责，类别“{why}”由{self._units[competent].name}协同"
            return self._charge(government, (competent, *co_units), Reason(rule=_LOCAL, text=text))
        text = f"{region}的事项，类别“{why}”由{self._units[competent].name}主管"
        return self._charge(competent, co_units, Reason(rule=_BY_CATEGORY, text=text))

    def _named(self, document: Document) -> tuple[str | None, str]:
        """(code, word) of the body named first in the title, else most often in the text; (None, "") if none."""
        for _, word in document.title_hits.longest(self._words):
            return self._names[word], word
        counts: dict[str, int] = {}
        for _, word in document.text_hits.longest(self._words):
            counts[word] = counts.get(word, 0) + 1
        if not counts:
            return None, ""
        word = max(counts, key=lambda w: counts[w])  # max keeps the first of equals
        return self._names[word], word

    def _charge(self, lead: str, others: tuple[str | None, ...], reason: Reason) -> Charge:
        co = dict.fromkeys(code for code in others if code is not None and code != lead)
        return Charge(self._refs[lead], reason, tuple(self._refs[code] for code in co))


def _path(category: CategoryResult) -> tuple[str, ...]:
    """The names of the levels that are known."""
    if category.level2 is None:
        return (category.level1,)
    return (category.level1, category.level2, *((category.level3,) if category.level3 is not None else ()))
