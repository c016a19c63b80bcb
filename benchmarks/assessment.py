"""The trained category model beside the baselines: the same folds, one table. `python benchmarks/assessment.py`.

`--bars` leaves out what has no bar. Needs `labelled_train.jsonl` and `categories.json` in `../shared/data`.
The lexicon behind our features was written with sight of a part of the labelled file, so what rests on it is
in-sample to that degree; a file nobody has read gives the honest figure.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import rjieba
from rows import row
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
SYSTEM = DATA.parent / "categories.json"
RECIPE = Recipe()
UNION = "words and characters + LinearSVC (the bar is this + 0.02)"
LEXICON = "lexicon alone, free among all categories"
OURS = "ours: words, lexicon, logistic regression"
Predict = Callable[[np.ndarray, np.ndarray], list[str]]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="of the five folds (default 3)")
    parser.add_argument("--bars", action="store_true", help="only the methods and figures that a bar needs")
    options = parser.parse_args()
    if not DATA.is_file() or not SYSTEM.is_file():
        print(f"assessment: {DATA} or {SYSTEM} is not on this machine; nothing measured")
        return
    recipe = replace(RECIPE, repeats=options.repeats)
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
        UNION: sklearn(lambda: make_pipeline(make_union(words(), chars()), LinearSVC(random_state=0))),
        LEXICON: lambda _, test: [guesses[i] for i in test],
        "ours without the lexicon": lambda train, test: ours(train, test, without=True),
        OURS: ours,
    }
    if options.bars:
        methods = {name: methods[name] for name in (UNION, LEXICON, OURS)}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in methods}
    places = np.unique(labels, return_inverse=True)[1]
    for repeat in range(options.repeats):
        for train, test in split(places, RECIPE.folds, repeat):
            for name, predict in methods.items():
                guess = predict(train, test)
                f1 = f1_score(labels[test], guess, labels=sorted(set(labels)), average="macro", zero_division=0)
                found[name].append((f1, float(np.mean(labels[test] == np.array(guess)))))
    times = f"{options.repeats} times {RECIPE.folds} folds"
    print(f"category, {len(texts)} texts, {times}, the same for all; sd over the folds")
    print(f"{'method':58} macro-F1      sd  accuracy")
    for name, figures in found.items():
        f1s, hits = np.array(figures).T
        print(f"{name:58}   {f1s.mean():.4f}  {f1s.std():.4f}    {hits.mean():.4f}")
    learned = learn(samples, list(labels), names, minimum, recipe)
    v = learned.validation
    print(
        f"unsure {v.unsure_share:.1%}, accuracy on the rest {v.accuracy_on_rest:.4f} (bar: <= 15 %, >= 0.93); "
        f"calibration error {v.calibration_error:.4f}"
    )
    by_names, by_lexicon = (
        f1_score(labels, guess, labels=sorted(set(labels)), average="macro", zero_division=0)
        for guess in (names_alone(texts), guesses)
    )
    simplest = f"names as words {by_names:.3f}"
    row("category, lexicon only: macro-F1", f"{by_lexicon:.3f}", ">= 0.80", by_lexicon >= 0.8, simplest)
    union, trained = (float(np.mean([f1 for f1, _ in found[name]])) for name in (UNION, OURS))
    simplest, bar = f"word+char LinearSVC {union:.3f}", f">= {union + 0.02:.3f}"
    row("category, trained, same folds: macro-F1", f"{trained:.3f}", bar, trained >= union + 0.02, simplest)
    row("category, unsure: share of texts", f"{v.unsure_share:.1%}", "<= 15 %", v.unsure_share <= 0.15)
    row("category, accuracy on the rest", f"{v.accuracy_on_rest:.3f}", ">= 0.93", v.accuracy_on_rest >= 0.93)
    if options.bars:
        return
    _unseen(samples, labels, names, minimum)
    _speed(policy, learned, assessor, labelled.mentions)


def names_alone(texts: list[str]) -> list[str]:
    """Baseline without training: the nearest category by TF-IDF of the words of its level-2 and level-3 names."""
    documents: dict[str, list[str]] = {}
    for category in json.loads(SYSTEM.read_text(encoding="utf-8"))["categories"]:
        below = category["children"]
        lines = [child["name"] for child in below] + [leaf["name"] for c in below for leaf in c.get("children", ())]
        documents[category["name"]] = _long_words(lines)
    vectorizer = TfidfVectorizer(analyzer=list, sublinear_tf=True)
    classes = vectorizer.fit_transform(documents.values())
    near = vectorizer.transform(_long_words([text]) for text in texts) @ classes.T
    return [list(documents)[place] for place in np.asarray(near.argmax(axis=1)).ravel()]


def _long_words(lines: list[str]) -> list[str]:
    return [word for line in lines for word in rjieba.cut(line) if len(word) > 1 and word != "其他"]


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
