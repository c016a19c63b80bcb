"""However a stream is cut, and wherever the process dies, the same incidents come out."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from builders import assessed, later, reason, small_policy
from opinion_stream.domain.incidents.book import IncidentBook
from opinion_stream.domain.state import DictStore
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.base import Nature
from opinion_stream.models.incident import Incident
from opinion_stream.policy import Policy
from opinion_stream.policy.places import RegionLevel

WINDOW_DAYS = small_policy().collection.repeat_window_days - 2
"""Streams stay within the time for which ids are remembered, less one step of the expiry."""

TERMS = ["停水", "柳树镇", "食堂", "饭菜", "公交", "站台", "暖气", "噪音"]


def policy_of(level: RegionLevel) -> Policy:
    policy = small_policy()
    grouping = policy.incidents.model_copy(update={"shard_level": level, "max_features": 8, "kept_mention_ids": 3})
    return policy.model_copy(update={"incidents": grouping})


@st.composite
def streams(draw: st.DrawFn) -> list[AssessedMention]:
    """Mentions with repeated ids, copies, several regions, gaps long enough to close, times out of order."""
    items = []
    at = 0.0
    for _ in range(draw(st.integers(0, 25))):
        at = min(at + draw(st.sampled_from([0, 0.4, 3, 30, 80])), 24 * WINDOW_DAYS)
        number = draw(st.integers(0, 20))
        several = draw(st.booleans())
        items.append(
            assessed(
                source_id=str(number),
                title=draw(st.sampled_from(["柳树镇停水", "食堂饭菜", "急", ""])),
                published_at=later(hours=at - draw(st.sampled_from([0, 0, 0, 2, 200]))),
                received_at=later(hours=at),
                fingerprint=f"fp-{draw(st.integers(0, 8))}",
                duplicate_of=draw(st.none() | st.integers(0, 20).map("wenzheng:{}".format)),
                voice=draw(st.none() | st.sampled_from("abc")),
                likes=draw(st.integers(0, 5000)),
                region=draw(st.sampled_from(["990100", "990101", "990102"])),
                region_reason=reason(rule="region.several" if several else "region.named"),
                unit=draw(st.sampled_from(["housing", "education"])),
                nature=draw(st.sampled_from(list(Nature))),
                sensitivity=draw(st.sampled_from([0, 40, 100])),
                floor=draw(st.sampled_from([None, None, "II"])),
                features=draw(st.dictionaries(st.sampled_from(TERMS), st.sampled_from([0.2, 0.5, 1.0]), max_size=4)),
            )
        )
    return items


def final(snapshots: list[Incident]) -> dict[str, Incident]:
    """What a consumer of the compacted topic ends with."""
    return {incident.id: incident for incident in snapshots}


@settings(deadline=None, max_examples=150)
@given(streams(), st.lists(st.integers(0, 25), max_size=5), st.lists(st.booleans(), min_size=8, max_size=8), st.data())
def test_batches_and_restarts_change_nothing(
    items: list[AssessedMention], cuts: list[int], restarts: list[bool], data: st.DataObject
) -> None:
    policy = policy_of(data.draw(st.sampled_from([RegionLevel.COUNTY, RegionLevel.CITY])))
    one_by_one, whole = DictStore(), DictStore()
    steady = IncidentBook(policy, one_by_one)
    every = [snapshot for item in items for snapshot in steady.take([item])]

    kept = IncidentBook(policy, whole)
    cut_up: list[Incident] = []
    edges = [0, *sorted(min(cut, len(items)) for cut in cuts), len(items)]
    for start, end, restart in zip(edges, edges[1:], restarts, strict=False):
        if restart:
            kept = IncidentBook(policy, whole)
        cut_up.extend(kept.take(items[start:end]))

    assert final(cut_up) == final(every)
    assert whole.entries == one_by_one.entries
    by_version = {(i.id, i.version): i.to_bytes() for i in every}
    assert all(by_version[i.id, i.version] == i.to_bytes() for i in cut_up)


@settings(deadline=None, max_examples=100)
@given(streams())
def test_each_mention_counts_once_and_versions_grow(items: list[AssessedMention]) -> None:
    kept = IncidentBook(policy_of(RegionLevel.COUNTY), DictStore())
    snapshots = [snapshot for item in items for snapshot in kept.take([item])]
    versions: dict[str, int] = Counter()
    for snapshot in snapshots:
        # By one, or by two where the mention that closes a matter by its time opens it again.
        assert snapshot.version - versions[snapshot.id] in (1, 2)
        versions[snapshot.id] = snapshot.version
        assert snapshot.counts.copies < snapshot.counts.mentions
        assert 1 <= snapshot.counts.voices <= snapshot.counts.mentions
        assert snapshot.first_at <= snapshot.last_at
        assert snapshot.history[-1].grade is snapshot.grade
    assert sum(i.counts.mentions for i in final(snapshots).values()) == len({item.id for item in items})


@settings(deadline=None, max_examples=50)
@given(streams())
def test_taking_the_stream_again_changes_nothing(items: list[AssessedMention]) -> None:
    store = DictStore()
    kept = IncidentBook(policy_of(RegionLevel.CITY), store)
    kept.take(items)
    before = dict(store.entries)
    assert kept.take(items) == []
    assert store.entries == before


@settings(deadline=None, max_examples=50)
@given(streams())
def test_shards_do_not_touch_one_another(items: list[AssessedMention]) -> None:
    """Where the broker puts a shard must not matter: all in one book, or each in its own."""
    policy = policy_of(RegionLevel.COUNTY)
    first_seen: dict[str, AssessedMention] = {}
    for item in items:
        first_seen.setdefault(item.id, item)
    unique = list(first_seen.values())
    together = IncidentBook(policy, DictStore())
    joint = final(together.take(unique))
    apart: dict[str, Incident] = {}
    for shard in {together.shard_of(item) for item in unique}:
        alone = IncidentBook(policy, DictStore())
        apart |= final(alone.take([item for item in unique if alone.shard_of(item) == shard]))
    assert apart == joint
