"""Two incidents made one, and mentions taken out of an incident: the arithmetic of records.

Merging loses nothing that matters: counts, votes, buckets and weights of terms add up; the voices of both are the
union of two sketches, which is exact; of maxima (sensitivity, floor, tier) the higher holds.

Splitting is exact on both sides while all mentions of the incident are kept: both are made anew from the essences.
Of a larger incident the part that leaves is exact still; what stays behind is adjusted:

- can be subtracted, and are: mentions, copies, interactions, reads, votes (category, nature, units), the buckets of
  the trend, the weights of terms and keywords (as far as they were not dropped as too weak), and the fingerprints;
- cannot be: distinct voices, since a voice of a mention that leaves may also stand behind one that is no longer
  kept, and maxima and unions (sensitivity, floor, priority rule, media, first and last time). They stay, as upper
  bounds, so that a split never hides how serious the rest is; voices are brought down to the number of mentions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from heapq import merge

from opinion_stream.domain.incidents.essence import Kept
from opinion_stream.domain.incidents.intake import Intake, voice_of
from opinion_stream.domain.incidents.record import (
    KEYWORDS_KEPT,
    MAX_ABSORBED,
    MAX_COMMANDS,
    MAX_EVENTS,
    MAX_FINGERPRINTS,
    MAX_HISTORY,
    MAX_KINDS,
    IncidentRecord,
)
from opinion_stream.domain.incidents.samples import SAMPLE_TERMS, bounded, samples_of
from opinion_stream.domain.incidents.standing import graver, rule_grade
from opinion_stream.domain.incidents.titles import HEADLINE, STEADY, clean_title, overlap
from opinion_stream.domain.incidents.trend import BUCKETS, bucket_of
from opinion_stream.domain.incidents.voices import PERIODS, drop_voices, merge_voices
from opinion_stream.domain.places import Places
from opinion_stream.domain.ranking import add_weights, strongest
from opinion_stream.models.base import Grade
from opinion_stream.policy.loader import Policy

_LIFE = frozenset(
    (
        *("id", "version", "quiet_since", "grade", "held", "below_since", "override", "history"),
        *("status", "merged_into", "absorbed", "events", "commands"),
        *("extracts", "briefed_grade", "briefed_mentions"),
    )
)
"""Fields that tell an incident's life, not its evidence: making the evidence anew leaves them alone."""


def join(
    survivor: IncidentRecord, absorbed: IncidentRecord, times: Mapping[str, datetime], policy: Policy, places: Places
) -> list[str]:
    """Add the evidence and history of `absorbed` to `survivor`, whose grade is yet to be settled.

    `times`: publication of the kept mentions of both, by id. Returns the ids of those no longer kept: the earliest
    and the latest are.
    """
    _join_places(survivor, absorbed, places)
    _join_titles(survivor, absorbed)
    earlier, later = (absorbed, survivor) if absorbed.first_at < survivor.first_at else (survivor, absorbed)
    survivor.samples = bounded([*samples_of(earlier), *samples_of(later)])
    for name in ("mentions", "copies", "interactions", "reads"):
        setattr(survivor, name, getattr(survivor, name) + getattr(absorbed, name))
    survivor.voices = merge_voices(survivor.voices, absorbed.voices)
    survivor.voice_periods = sorted({*survivor.voice_periods, *absorbed.voice_periods})[:PERIODS]
    _join_terms(survivor, absorbed, policy.incidents.max_features)
    for mine, theirs in (
        (survivor.categories, absorbed.categories),
        (survivor.natures, absorbed.natures),
        (survivor.charges, absorbed.charges),
    ):
        for choice, votes in theirs.items():
            if choice in mine or len(mine) < MAX_KINDS:
                mine[choice] = mine.get(choice, 0) + votes
    survivor.unit_names = {**absorbed.unit_names, **survivor.unit_names}
    _join_maxima(survivor, absorbed, policy)
    survivor.media += [name for name in absorbed.media if name not in survivor.media]
    prints = [p for p in absorbed.fingerprints if p not in survivor.fingerprints] + survivor.fingerprints
    survivor.fingerprints = prints[-MAX_FINGERPRINTS:]
    for bucket, number in absorbed.buckets.items():
        survivor.buckets[bucket] = survivor.buckets.get(bucket, 0) + number
    oldest = max(survivor.buckets, default=0) - 2 * BUCKETS + 1
    survivor.buckets = {bucket: number for bucket, number in survivor.buckets.items() if bucket >= oldest}
    ids = _joined_ids(earlier, later, times)
    extracts = [*earlier.extracts, *later.extracts]
    best = sorted(extracts[1:], key=lambda extract: (-extract.score, extract.at, extract.mention_id))
    survivor.extracts = [*extracts[:1], *best[: policy.playbooks.extraction.kept - 1]]
    survivor.first_at = min(survivor.first_at, absorbed.first_at)
    survivor.last_at = max(survivor.last_at, absorbed.last_at)
    survivor.quiet_since = max(survivor.quiet_since, absorbed.quiet_since)
    _join_lives(survivor, absorbed)
    kept = policy.incidents.kept_mention_ids
    # As when they were taken one by one: the first and the latest, or the latest alone where one is kept.
    survivor.mention_ids = ids if len(ids) <= kept else [*ids[: min(1, kept - 1)], *ids[-max(1, kept - 1) :]]
    return [mention_id for mention_id in ids if mention_id not in survivor.mention_ids]


def _join_places(survivor: IncidentRecord, absorbed: IncidentRecord, places: Places) -> None:
    spans = survivor.spans_regions or absorbed.spans_regions
    if spans or not places.compatible(survivor.region, absorbed.region):
        survivor.region = places.common_parent((survivor.region, absorbed.region))
        survivor.spans_regions = True
    elif places.is_within(absorbed.region, survivor.region):
        survivor.region = absorbed.region


def _join_titles(survivor: IncidentRecord, absorbed: IncidentRecord) -> None:
    def weight(record: IncidentRecord) -> float:
        sums = survivor.terms, absorbed.terms
        return sum([overlap(record.title, terms) for terms in sums]) * (HEADLINE if record.headline else 1.0)

    if absorbed.title and (not survivor.title or weight(absorbed) > STEADY * weight(survivor)):
        survivor.title, survivor.headline = absorbed.title, absorbed.headline


def _join_terms(survivor: IncidentRecord, absorbed: IncidentRecord, limit: int) -> None:
    add_weights(survivor.terms, absorbed.terms)
    add_weights(survivor.keywords, absorbed.keywords)
    if len(survivor.terms) > 2 * limit:
        survivor.terms = strongest(survivor.terms, 2 * limit)
    if len(survivor.keywords) > KEYWORDS_KEPT:
        survivor.keywords = strongest(survivor.keywords, KEYWORDS_KEPT)


def _join_maxima(survivor: IncidentRecord, absorbed: IncidentRecord, policy: Policy) -> None:
    if absorbed.sensitivity > survivor.sensitivity:
        survivor.sensitivity = absorbed.sensitivity
        survivor.sensitivity_reasons = absorbed.sensitivity_reasons
    if absorbed.floor is not None:
        survivor.floor = graver(absorbed.floor, survivor.floor)
    survivor.response_required |= absorbed.response_required
    rules = [rule.id for rule in policy.priority.rules]
    named = [rule for rule in (survivor.priority_rule, absorbed.priority_rule) if rule is not None]
    survivor.priority_rule = min(named, key=lambda r: rules.index(r) if r in rules else len(rules), default=None)
    tiers = policy.media.tiers
    known = [tier for tier in (survivor.tier, absorbed.tier) if tier in tiers]
    survivor.tier = max(known, key=lambda tier: tiers[tier].score, default=survivor.tier)


def _joined_ids(earlier: IncidentRecord, later: IncidentRecord, times: Mapping[str, datetime]) -> list[str]:
    first = earlier.mention_ids[:1]
    at = {name: times.get(name, record.last_at) for record in (later, earlier) for name in record.mention_ids}
    rest = {*earlier.mention_ids, *later.mention_ids} - set(first)
    return [*first, *sorted(rest, key=lambda name: (at[name], name))]


def _join_lives(survivor: IncidentRecord, absorbed: IncidentRecord) -> None:
    theirs = [change.model_copy(update={"reason": f"〔{absorbed.id}〕{change.reason}"}) for change in absorbed.history]
    # Merged, not sorted: what befell the survivor keeps its order, which an audit relies on.
    history = [*merge(survivor.history, theirs, key=lambda change: change.at)]
    survivor.history = history if len(history) <= MAX_HISTORY else [history[0], *history[1 - MAX_HISTORY :]]
    lived = [event.model_copy(update={"reason": f"〔{absorbed.id}〕{event.reason}"}) for event in absorbed.events]
    survivor.events = [*merge(survivor.events, lived, key=lambda event: event.at)][-MAX_EVENTS:]
    survivor.absorbed = list(dict.fromkeys([*survivor.absorbed, *absorbed.absorbed, absorbed.id]))[-MAX_ABSORBED:]
    survivor.commands = [*absorbed.commands, *survivor.commands][-MAX_COMMANDS:]
    # Larger evidence never gives a lower grade, so the graver of both goes on, with its time to fall before it.
    survivor.held = graver(survivor.held or survivor.grade, absorbed.held or absorbed.grade)
    survivor.below_since = {}
    override = absorbed.override
    if survivor.override is None and override is not None and override.grade.rank < rule_grade(survivor).rank:
        survivor.override = override


def retaken(intake: Intake, mentions: Sequence[Kept], name: str) -> IncidentRecord:
    """A record made of these mentions alone (at least one), in order; its id derives from `name`."""
    record = intake.open(mentions[0].item, mentions[0].region, name)
    for kept in mentions:
        intake.take(record, kept.item, kept.region, kept.is_copy and record.mentions > 0, kept.says_more)
    return record


def part(
    record: IncidentRecord, leaving: Sequence[Kept], staying: Sequence[Kept], intake: Intake, policy: Policy
) -> None:
    """Take the mentions `leaving` out of `record`, whose grade is yet to be settled.

    `staying`: its other kept mentions, in order. At least one mention must stay, kept or not.
    """
    if len(leaving) + len(staying) == record.mentions:
        anew = retaken(intake, staying, record.id)
        for name in (field.name for field in fields(record) if field.name not in _LIFE):
            setattr(record, name, getattr(anew, name))
    else:
        _subtract(record, leaving, policy)
        _let_go(record, leaving, staying, intake)
    # The grade rested on mentions that never belonged here: it is corrected, it does not fall by and by.
    record.held, record.below_since = Grade.IV, {}


def _subtract(record: IncidentRecord, leaving: Sequence[Kept], policy: Policy) -> None:
    for kept in leaving:
        mention, assessment = kept.item.mention, kept.item.assessment
        record.mentions -= 1
        record.copies -= kept.is_copy
        record.interactions = max(0, record.interactions - mention.interactions)
        record.reads = max(0, record.reads - mention.reads)
        _unvote(record.categories, assessment.category.level1)
        _unvote(record.natures, assessment.nature.value)
        _unvote(record.charges, ",".join(unit.code for unit in (assessment.unit, *assessment.co_units)))
        bucket = bucket_of(mention.published_at, policy.incidents)
        if bucket in record.buckets:
            record.buckets[bucket] -= 1
            if record.buckets[bucket] <= 0:
                del record.buckets[bucket]
        if kept.says_more or not kept.is_copy:
            _take_off(record.terms, assessment.features)
            _take_off(record.keywords, {keyword.word: keyword.weight for keyword in assessment.keywords})
    # Copies whose original has left are no copies of anything here; one mention at least is none.
    record.copies = min(max(0, record.copies), record.mentions - 1)


def _let_go(record: IncidentRecord, leaving: Sequence[Kept], staying: Sequence[Kept], intake: Intake) -> None:
    gone = {kept.item.id for kept in leaving}
    telling = [kept.item.assessment.features for kept in staying if kept.says_more or not kept.is_copy]
    record.samples = bounded([strongest(features, SAMPLE_TERMS) for features in telling])
    record.mention_ids = [mention_id for mention_id in record.mention_ids if mention_id not in gone]
    prints = {kept.item.mention.fingerprint for kept in leaving} - {kept.item.mention.fingerprint for kept in staying}
    record.fingerprints = [fingerprint for fingerprint in record.fingerprints if fingerprint not in prints]
    heard = {voice_of(kept.item.mention) for kept in staying}
    voices = [voice_of(kept.item.mention) for kept in leaving]
    drop_voices(record.voices, [voice for voice in voices if voice not in heard], record.mentions)
    titles = {clean_title(kept.item.mention.title, kept.item.mention.text) for kept in leaving}
    if record.title in titles and staying:
        record.title = ""
        for kept in staying:
            intake.entitle(record, kept.item.mention, kept.item.assessment.nature)


def _unvote(counts: dict[str, int], choice: str) -> None:
    # The last choice stays: an incident is always of some category, nature and unit.
    if counts.get(choice, 0) > 1:
        counts[choice] -= 1
    elif len(counts) > 1:
        counts.pop(choice, None)


def _take_off(sums: dict[str, float], weights: Mapping[str, float]) -> None:
    for name, weight in weights.items():
        if name in sums:
            sums[name] = round(sums[name] - weight, 4)
            if sums[name] <= 0:
                del sums[name]
