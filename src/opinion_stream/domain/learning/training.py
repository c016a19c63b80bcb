"""Training: fits the model, cross-validates it, and sets temperature and threshold on out-of-fold predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from opinion_stream.domain.learning.calibration import Target
from opinion_stream.domain.learning.features import Places, Sample, learn_vectoriser
from opinion_stream.domain.learning.model import CategoryModel
from opinion_stream.domain.learning.validation import Validation, calibrate, validate
from opinion_stream.errors import ModelError


@dataclass(frozen=True)
class Recipe:
    """How to train. `penalty` is scikit-learn's C, `min_texts` in how many texts a word must stand."""

    penalty: float = 10.0
    min_texts: int = 2
    folds: int = 5
    repeats: int = 3
    seed: int = 0
    target: Target = field(default_factory=Target)


@dataclass(frozen=True)
class Learned:
    """The model trained on all texts, and what cross-validation says of it."""

    model: CategoryModel
    validation: Validation


def learn(
    samples: Sequence[Sample],
    labels: Sequence[str],
    categories: Sequence[str],
    min_confidence: float,
    recipe: Recipe,
    on_step: Callable[[], None] = lambda: None,
) -> Learned:
    """Train and cross-validate. `on_step` is called after each of `folds * repeats + 1` fits.

    `categories`: the level-1 names of the lexicon; `min_confidence`: from where the lexicon is sure. Raises
    ModelError when there are fewer than two classes or a class has fewer texts than there are folds.
    """
    counts = Counter(labels)
    if len(counts) < 2:
        raise ModelError("training needs texts of two categories or more")
    small = sorted(name for name, texts in counts.items() if texts < recipe.folds)
    if small:
        raise ModelError(
            f"{recipe.folds} folds need {recipe.folds} texts of each category; too few of: {', '.join(small)} (--folds)"
        )
    classes = tuple(sorted(counts))
    places = np.array([classes.index(label) for label in labels], dtype=np.intp)
    runs = []
    for repeat in range(recipe.repeats):
        logits = np.zeros((len(samples), len(classes)))
        fold_of = np.zeros(len(samples), dtype=np.intp)
        for fold, (train, test) in enumerate(split(places, recipe.folds, recipe.seed + repeat)):
            model = fit([samples[i] for i in train], places[train], classes, categories, recipe)
            logits[test] = model.logits([samples[i] for i in test])
            fold_of[test] = fold
            on_step()
        runs.append((logits, fold_of))
    validation = validate(runs, samples, labels, classes, min_confidence, recipe.target)
    model = fit(samples, places, classes, categories, recipe)
    on_step()
    temperature, threshold = calibrate(runs, samples, labels, classes, min_confidence, recipe.target)
    return Learned(replace(model, temperature=temperature, threshold=threshold), validation)


def split(places: Places, folds: int, seed: int) -> Iterator[tuple[Places, Places]]:
    """(train, test) indices of a stratified, shuffled k-fold."""
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for train, test in splitter.split(np.zeros(len(places)), places):
        yield np.asarray(train, dtype=np.intp), np.asarray(test, dtype=np.intp)


def fit(
    samples: Sequence[Sample], places: Places, classes: tuple[str, ...], categories: Sequence[str], recipe: Recipe
) -> CategoryModel:
    """A model without calibration; `places` (n,) are the columns of the right classes. Every class must occur."""
    vectoriser = learn_vectoriser(samples, categories, recipe.min_texts)
    terms = [vectoriser.terms(sample) for sample in samples]
    ends = np.cumsum([0, *(len(found) for found, _ in terms)])
    columns = np.concatenate([found for found, _ in terms])
    weights = np.concatenate([values for _, values in terms])
    words = csr_matrix((weights, columns, ends), shape=(len(samples), len(vectoriser.words)))
    shares = csr_matrix(np.array([vectoriser.shares(sample) for sample in samples]))
    regression = LogisticRegression(C=recipe.penalty, max_iter=500)
    regression.fit(hstack([words, shares]).tocsr(), places)
    weight = np.asarray(regression.coef_, dtype=np.float32).T
    intercept = np.asarray(regression.intercept_, dtype=np.float32)
    if weight.shape[1] == 1:  # two classes: scikit-learn keeps the logit of the second against the first only
        weight, intercept = np.hstack([-weight / 2, weight / 2]), np.concatenate([-intercept / 2, intercept / 2])
    size = len(vectoriser.words)
    return CategoryModel(
        classes, vectoriser, np.ascontiguousarray(weight[:size]), np.ascontiguousarray(weight[size:]), intercept
    )
