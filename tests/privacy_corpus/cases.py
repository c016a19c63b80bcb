"""The cases: a seeded choice of datum, disguise and context; each with the stretches that must be masked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from opinion_stream.domain.collection.clean import clean
from privacy_corpus import later, negatives
from privacy_corpus.contexts import TEMPLATES, is_held_back
from privacy_corpus.disguises import DISGUISES, Disguise
from privacy_corpus.values import MAKERS

SEED = 20_260_301
PER_KIND = 90
"""Positive cases of each kind, plain; as many disguised."""
NEGATIVES = 900


@dataclass(frozen=True)
class Case:
    """A cleaned text. `planted`: (start, end, kind) of each datum in it. `kind`: what it is a case of."""

    text: str
    planted: tuple[tuple[int, int, str], ...]
    kind: str
    disguised: bool
    held_back: bool


def positives(seed: int = SEED) -> Iterator[Case]:
    """`PER_KIND` plain and as many disguised cases of each kind, the templates in turn."""
    for kind, templates in TEMPLATES.items():
        for disguised in (False, True):
            rng = Random(f"{seed}/{kind}/{disguised}")
            for number in range(PER_KIND):
                index = number % len(templates)
                yield _case(rng, templates[index], kind, disguised, is_held_back(index))


def later_positives(seed: int = SEED) -> Iterator[Case]:
    """A third as many, of the texts and disguises in `later`."""
    for kind, templates in later.TEMPLATES.items():
        for disguised in (False, True):
            rng = Random(f"{seed}/later/{kind}/{disguised}")
            for number in range(PER_KIND // 3):
                ways = later.DISGUISES[kind]
                yield _case(rng, templates[number % len(templates)], kind, disguised, True, ways)


def hard_negatives(seed: int = SEED) -> Iterator[Case]:
    """`NEGATIVES` texts without personal data, the kinds in turn. Every third template is held back."""
    rng = Random(f"{seed}/negatives")
    kinds = list(negatives.MAKERS)
    for number in range(NEGATIVES):
        kind = kinds[number % len(kinds)]
        index = number // len(kinds) % len(negatives.TEMPLATES)
        text = negatives.TEMPLATES[index].format(negatives.MAKERS[kind](rng))
        yield Case(clean(text), (), kind, False, is_held_back(index))


def _case(
    rng: Random, template: str, kind: str, disguised: bool, held_back: bool, ways: Sequence[Disguise] = ()
) -> Case:
    text, planted = "", []
    for piece in re.split(r"(\{[a-z_]*\})", template):
        if not piece.startswith("{"):
            text += piece
            continue
        what = piece[1:-1] or kind
        datum = MAKERS[what](rng)
        if disguised and what == kind:
            datum = disguise(rng, ways or DISGUISES[kind], datum)
        start = len(clean(text + "|")) - 1
        text += datum
        planted.append((start, len(clean(text)), what))
    return Case(clean(text), tuple(planted), kind, disguised, held_back)


def disguise(rng: Random, ways: Sequence[Disguise], datum: str) -> str:
    """The datum in one of these disguises; in another one where that changes nothing."""
    while True:
        changed = rng.choice(ways)(rng, datum)
        if changed != datum:
            return changed
