"""The few mentions of an incident that are kept as they are, so that a new one can be held against each of them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from opinion_stream.domain.incidents.record import IncidentRecord
from opinion_stream.domain.ranking import strongest

SAMPLES = 4
"""Mentions kept: the first, which says what the incident began with, and the latest."""

SAMPLE_TERMS = 48
"""Terms kept of each, the heaviest."""


def told_by(record: IncidentRecord) -> int:
    """How many mentions, at least 1, the sum of the record's terms is taken to be of."""
    return max(1, record.mentions - record.copies)


def samples_of(record: IncidentRecord) -> list[dict[str, float]]:
    """The samples of a record; the mean of its terms where none are kept: with one mention, that is its own."""
    if record.samples or not record.terms:
        return record.samples
    taken = told_by(record)
    return [{term: round(weight / taken, 4) for term, weight in strongest(record.terms, SAMPLE_TERMS).items()}]


def add_sample(record: IncidentRecord, features: Mapping[str, float]) -> None:
    """Keep one more mention, by its features, heaviest first. To be called before it is counted or its terms added."""
    if record.terms:
        record.samples = bounded([*samples_of(record), dict(islice(features.items(), SAMPLE_TERMS))])


def bounded(samples: list[dict[str, float]]) -> list[dict[str, float]]:
    """The first and the latest of `samples`, SAMPLES in all."""
    return samples if len(samples) <= SAMPLES else [samples[0], *samples[1 - SAMPLES :]]
