"""The facts of a brief: what happened, in quoted sentences; who is concerned; the figures; the course."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from opinion_stream.domain.briefing.extracts import Extract, alike
from opinion_stream.models.brief import BriefConcerned, BriefEvidence, Figure, Named, Statement
from opinion_stream.models.incident import Incident, Trend


def happened(incident: Incident, extracts: Sequence[Extract], number: int) -> tuple[Statement, ...]:
    """How it began, then the most telling passages that say something else: at most `number`, in order of time.

    The first of `extracts` is the beginning. Each further one is that with the largest value (its score and the
    incident's keywords in it) times its difference from those chosen (maximal marginal relevance, Carbonell and
    Goldstein 1998).
    """
    if not extracts:
        return ()
    chosen, rest = [extracts[0]], list(extracts[1:])

    def gain(extract: Extract) -> float:
        value = extract.score + sum([word in extract.text for word in incident.keywords])
        return value * (1 - max([alike(extract.text, other.text) for other in chosen]))

    while rest and len(chosen) < number:
        best = max(rest, key=gain)
        chosen.append(best)
        rest.remove(best)
    chosen.sort(key=lambda extract: (extract.at, extract.mention_id))
    return tuple(Statement(text=e.text, mention_id=e.mention_id, at=e.at) for e in chosen)


def concerned(
    extracts: Sequence[Extract], groups: Mapping[str, Iterable[str]], places: Iterable[str]
) -> BriefConcerned:
    """The groups (name -> words) and places that the extracts name, in the order given."""
    named_groups = [_named(name, words, extracts) for name, words in groups.items()]
    named_places = [_named(name, (name,), extracts) for name in places]
    return BriefConcerned(
        groups=tuple([group for group in named_groups if group is not None]),
        places=tuple([place for place in named_places if place is not None]),
    )


def evidence(incident: Incident) -> BriefEvidence:
    """The counts with the field each was taken from, the factors of the grade, and its reasons."""
    counts = incident.counts
    figures = (
        ("提及（条）", counts.mentions, "mentions"),
        ("其中重复转载（条）", counts.copies, "copies"),
        ("不同账号（个）", counts.voices, "voices"),
        ("互动（次）", counts.interactions, "interactions"),
        ("阅读（次）", counts.reads, "reads"),
        ("介入媒体（家）", counts.media, "media"),
    )
    return BriefEvidence(
        figures=tuple(
            [Figure(label=label, value=value, source=f"incident.counts.{field}") for label, value, field in figures]
        ),
        factors=incident.factors,
        reasons=incident.reasons,
    )


def trend_text(trend: Trend) -> str:
    """The trend in a sentence."""
    hours = f"{trend.window_hours:g}小时"
    return f"声量{trend.direction.label}：最近{hours}{trend.recent}条，此前{hours}{trend.before}条。"


def _named(name: str, words: Iterable[str], extracts: Sequence[Extract]) -> Named | None:
    found = tuple([word for word in words if any(word in extract.text for extract in extracts)])
    if not found:
        return None
    ids = dict.fromkeys(extract.mention_id for extract in extracts if any(word in extract.text for word in found))
    return Named(name=name, words=found, mention_ids=tuple(ids))
