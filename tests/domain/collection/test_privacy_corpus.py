"""Masking on the made-up corpus: floors that never sink. `make bench-privacy` prints the figures."""

from __future__ import annotations

import pytest

from opinion_stream.domain.collection.mask import mask
from privacy_corpus.cases import Case, hard_negatives, later_positives, positives
from privacy_corpus.from_outside import SETS, outside
from privacy_corpus.scoring import score
from privacy_corpus.values import MAKERS

PLAIN, DISGUISED, PRECISION = 0.99, 0.95, 0.98
LATER_DISGUISED = 0.90
"""Of the texts written later, whose disguises (signs at random, room numbers without a cue) go further."""
OUTSIDE_DISGUISED = 0.90
"""Of the sets from outside, in which some cases (numbers told in words, provinces written out) stay open."""
CASES = [*positives(), *hard_negatives()]


def test_the_corpus_is_large_and_always_the_same() -> None:
    assert sum(1 for case in CASES if case.planted) >= 1500
    assert sum(1 for case in CASES if not case.planted) >= 500
    assert [*positives(), *hard_negatives()] == CASES
    assert {(case.kind, case.disguised) for case in CASES if case.planted} == {
        (kind, disguised) for kind in MAKERS for disguised in (False, True)
    }


@pytest.mark.parametrize("held_back", [False, True], ids=["open", "held back"])
def test_recall_and_precision_of_each_kind_hold_their_floors(held_back: bool) -> None:
    scores, _ = score([case for case in CASES if case.held_back is held_back], mask)
    floors = {(kind, disguised): DISGUISED if disguised else PLAIN for kind in MAKERS for disguised in (False, True)}
    assert {key: scores[key].recall for key, floor in floors.items() if scores[key].recall < floor} == {}
    assert {key: found.precision for key, found in scores.items() if found.precision < PRECISION} == {}


def test_texts_written_later_hold_theirs() -> None:
    scores, _ = score(later_positives(), mask)
    floors = {(kind, disguised): LATER_DISGUISED if disguised else PLAIN for kind, disguised in scores}
    assert {key: found.recall for key, found in scores.items() if found.planted and found.recall < floors[key]} == {}


@pytest.mark.parametrize("number", SETS)
def test_the_sets_from_outside_hold_theirs(number: str) -> None:
    cases = list(outside(number))
    scores, _ = score(cases, mask)
    floors = {(kind, disguised): OUTSIDE_DISGUISED if disguised else PLAIN for kind, disguised in scores}
    assert {key: found.recall for key, found in scores.items() if found.planted and found.recall < floors[key]} == {}
    assert [case.text for case in cases if not case.planted and mask(case.text)[1]] == []


def test_nothing_is_masked_in_texts_without_personal_data() -> None:
    assert [case.text for case in CASES if not case.planted and mask(case.text)[1]] == []


def test_masking_the_corpus_again_changes_nothing() -> None:
    masked = [mask(case.text)[0] for case in CASES]
    assert [text for text in masked if mask(text) != (text, {})] == []


def test_the_score_counts_what_is_left_and_what_is_too_much() -> None:
    case = Case("打13800138000找我", ((1, 12, "phone"),), "phone", False, False)
    found, wrong = score([case], lambda text: ("打〔手机号〕找我", {}))
    assert (found["phone", False].recall, found["phone", False].precision, wrong) == (1.0, 1.0, [])
    missed, wrong = score([case], lambda text: ("打〔手机号〕8000找我", {}))
    assert (missed["phone", False].recall, wrong) == (0.0, [case])
    other, _ = score([case], lambda text: ("打〔银行卡号〕找我", {}))
    assert (other["phone", False].recall, other["bank_card", False].precision) == (1.0, 0.0)
