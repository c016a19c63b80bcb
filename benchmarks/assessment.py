"""The trained category model beside the baselines: the same folds, one table. `python benchmarks/assessment.py`.

Needs `../shared/data/labelled_train.jsonl`. The lexicon behind our features was written with sight of a part of that
file, so what rests on it is in-sample to that degree; a file nobody has read gives the honest figure.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import rjieba
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from opinion_stream.cli.labelled import read_labelled
from opinion_stream.domain.assessment.category import LexiconClassifier
from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.domain.learning.combined import CombinedClassifier, decide
from opinion_stream.domain.learning.features import Sample, sample_of
from opinion_stream.domain.learning.training import Learned, Recipe, fit, learn, split
from opinion_stream.policy import load_policy

REPO = Path(__file__).parents[1]
DATA = REPO.parent / "shared" / "data" / "labelled_train.jsonl"
REPEATS = 3
RECIPE = Recipe(repeats=REPEATS)
Predict = Callable[[np.ndarray, np.ndarray], list[str]]


def main() -> None:
    """Print the table."""
    if not DATA.is_file():
        sys.exit(f"{DATA} is not here: nothing to measure")
    policy = load_policy(REPO / "config")
    labelled = read_labelled(DATA, policy)
    assessor, lexicon = Assessor(policy), LexiconClassifier(policy.categories)
    documents = [document for chunk in labelled.documents(assessor) for document in chunk]
    samples = [sample_of(document, lexicon) for document in documents]
    texts = [mention.text for mention in labelled.mentions]
    labels = np.array(labelled.labels)
    names = [category.name for category in policy.categories.categories]
    minimum = policy.categories.min_confidence

    def sklearn(make: Callable[[], object]) -> Predict:
        def predict(train: np.ndarray, test: np.ndarray) -> list[str]:
            model = make().fit([texts[i] for i in train], labels[train])
            return list(model.predict([texts[i] for i in test]))

        return predict

    def ours(train: np.ndarray, test: np.ndarray, without: bool = False) -> list[str]:
        pool = [replace(s, reading=replace(s.reading, sums={})) for s in samples] if without else samples
        classes = tuple(sorted(set(labels)))
        places = np.array([classes.index(label) for label in labels])
        model = fit([pool[i] for i in train], places[train], classes, names, RECIPE)
        rows = model.probabilities([pool[i] for i in test])
        return [decide(row, classes, pool[i], 0.0, minimum).guess for row, i in zip(rows, test, strict=True)]

    def words() -> TfidfVectorizer:
        return TfidfVectorizer(tokenizer=rjieba.cut, token_pattern=None, sublinear_tf=True, min_df=2)

    def chars() -> TfidfVectorizer:
        return TfidfVectorizer(analyzer="char", ngram_range=(2, 4), sublinear_tf=True, min_df=2)

    guesses = [verdict.guess for verdict in lexicon.judge(documents)]
    methods: dict[str, Predict] = {
        "words + LinearSVC": sklearn(lambda: make_pipeline(words(), LinearSVC(random_state=0))),
        "words + ComplementNB": sklearn(lambda: make_pipeline(words(), ComplementNB())),
        "words and characters + LinearSVC (the bar is this + 0.02)": sklearn(
            lambda: make_pipeline(make_union(words(), chars()), LinearSVC(random_state=0))
        ),
        "lexicon alone, free among all categories": lambda _, test: [guesses[i] for i in test],
        "ours without the lexicon": lambda train, test: ours(train, test, without=True),
        "ours: words, lexicon, logistic regression": ours,
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in methods}
    places = np.unique(labels, return_inverse=True)[1]
    for repeat in range(REPEATS):
        for train, test in split(places, RECIPE.folds, repeat):
            for name, predict in methods.items():
                guess = predict(train, test)
                f1 = f1_score(labels[test], guess, labels=sorted(set(labels)), average="macro", zero_division=0)
                found[name].append((f1, float(np.mean(labels[test] == np.array(guess)))))
    print(f"category, {len(texts)} texts, {REPEATS} times {RECIPE.folds} folds, the same for all; sd over the folds")
    print(f"{'method':58} macro-F1      sd  accuracy")
    for name, figures in found.items():
        f1s, hits = np.array(figures).T
        print(f"{name:58}   {f1s.mean():.4f}  {f1s.std():.4f}    {hits.mean():.4f}")
    learned = learn(samples, list(labels), names, minimum, RECIPE)
    v = learned.validation
    print(
        f"unsure {v.unsure_share:.1%}, accuracy on the rest {v.accuracy_on_rest:.4f} (bar: <= 15 %, >= 0.93); "
        f"calibration error {v.calibration_error:.4f}"
    )
    _unseen(samples, labels, names, minimum)
    _speed(policy, learned, assessor, labelled.mentions)


def _unseen(samples: list[Sample], labels: np.ndarray, names: list[str], minimum: float) -> None:
    """Leave one category out of training, and see what becomes of its texts."""
    every = sorted(set(labels))
    right, wrong, alone = 0, 0, 0
    for left_out in every:
        classes = tuple(name for name in every if name != left_out)
        inside = np.flatnonzero(labels != left_out)
        outside = [samples[i] for i in np.flatnonzero(labels == left_out)]
        places = np.array([classes.index(label) for label in labels[inside]])
        learned = fit([samples[i] for i in inside], places, classes, names, RECIPE)
        rows = learned.probabilities(outside)
        made = [decide(row, classes, sample, 0.7, minimum) for row, sample in zip(rows, outside, strict=True)]
        right += sum(d.sure and d.guess == left_out for d in made)
        wrong += sum(d.sure and d.guess != left_out for d in made)
        alone += int((rows.max(axis=1) >= 0.7).sum())
    n = len(labels)
    print(
        f"texts of a category left out of training: {right / n:.0%} get it from the lexicon, {wrong / n:.0%} are filed "
        f"wrongly as sure, the rest goes to a person; the model alone would file {alone / n:.0%} wrongly as sure"
    )


def _speed(policy: object, learned: Learned, assessor: Assessor, mentions: list[object]) -> None:
    classifier = CombinedClassifier(learned.model, policy.categories)
    documents = assessor.read(mentions)
    lexicon = LexiconClassifier(policy.categories)
    for name, job in {
        "cut and scan (the pipeline does it once for all judges)": lambda: assessor.read(mentions),
        "lexicon": lambda: lexicon.classify(documents),
        "model and lexicon, with evidence": lambda: classifier.classify(documents),
    }.items():
        runs = []
        for _ in range(3):
            start = time.perf_counter()
            job()
            runs.append(time.perf_counter() - start)
        print(f"{name:58} {len(mentions) / sorted(runs)[1]:8,.0f} texts/s")


if __name__ == "__main__":
    main()
