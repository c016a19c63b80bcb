"""Masking on the made-up corpus of `tests/privacy_corpus`: recall and precision per kind, plain and disguised.

`--wrong` prints the made-up cases that fail; those from templates that are held back are counted and never shown.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from opinion_stream.domain.collection.mask import mask
from privacy_corpus.cases import Case, hard_negatives, later_positives, positives
from privacy_corpus.from_outside import SETS, outside
from privacy_corpus.scoring import Score, score
from privacy_corpus.values import MAKERS


def table(cases: list[Case], title: str, *, precision: bool = True) -> None:
    """Print one table. Without `precision` where not all data in the texts are noted."""
    scores, _ = score(cases, mask)
    negatives = [case for case in cases if not case.planted]
    hit = sum(1 for case in negatives if mask(case.text)[1])
    print(f"\n{title}: {len(cases) - len(negatives)} cases with a datum, {len(negatives)} without")
    print(f"{'kind':14}{'recall plain':>14}{'disguised':>12}{'precision plain':>17}{'disguised':>12}")
    for kind in sorted({*MAKERS, *(kind for kind, _ in scores)}):
        plain, other = scores.get((kind, False), Score()), scores.get((kind, True), Score())
        recalls = [f"{s.recall:.3f} {s.planted:4}" if s.planted else "-" for s in (plain, other)]
        precisions = [f"{s.precision:.3f}" if s.marks and precision else "-" for s in (plain, other)]
        print(f"{kind:14}{recalls[0]:>14}{recalls[1]:>12}{precisions[0]:>17}{precisions[1]:>12}")
    print(f"texts without personal data in which something was masked: {hit} of {len(negatives)}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", action="store_true", help="print the cases that fail (not those held back)")
    args = parser.parse_args()
    cases = [*positives(), *hard_negatives()]
    table([case for case in cases if not case.held_back], "open templates")
    table([case for case in cases if case.held_back], "templates held back")
    table([*later_positives()], "texts and disguises written later, fitted to since (at first sight: docs/privacy.md)")
    for number in SETS:
        title = f"set {number} from outside, fitted to since (at first sight: docs/privacy.md)"
        table([*outside(number)], title, precision=False)
    if args.wrong:
        for case in score([case for case in cases if not case.held_back], mask)[1]:
            print(case.kind, "|", case.text, "|", mask(case.text)[0])


if __name__ == "__main__":
    main()
