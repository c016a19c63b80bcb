"""Chains of audited acts: bound to one another, continued where they end, the same in whatever pieces they grew."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import builders
from opinion_stream.domain.ledger.acts import of_incident, origin
from opinion_stream.domain.ledger.chain import Entry, Link, Proof, entry, extend, not_yet

POOL = [entry(builders.T0 + timedelta(hours=n), kind, {"n": n}) for n in range(6) for kind in "ab"]
acts = st.lists(st.sampled_from(POOL), max_size=12)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entries=acts, cuts=st.lists(st.integers(0, 12), max_size=4))
def test_a_chain_is_the_same_in_whatever_pieces_it_grew(entries: list[Entry], cuts: list[int]) -> None:
    whole = extend("s", None, entries)
    grown: list[Link] = []
    for end in [*sorted(cuts), len(entries)]:
        grown += extend("s", grown[-1] if grown else None, entries[len(grown) : end])
    assert grown == whole
    assert Proof().take(whole) is None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entries=st.lists(st.sampled_from(POOL), min_size=2, max_size=12), data=st.data())
def test_any_change_of_any_row_is_found_there(entries: list[Entry], data: st.DataObject) -> None:
    links = extend("s", None, entries)
    index = data.draw(st.integers(0, len(links) - 1))
    link = links[index]
    changed = [
        Link(
            link.subject,
            link.seq,
            Entry(link.entry.at, link.entry.kind, link.entry.payload + " "),
            link.prev,
            link.hash,
        ),
        Link(
            link.subject,
            link.seq,
            Entry(link.entry.at + timedelta(1), link.entry.kind, link.entry.payload),
            link.prev,
            link.hash,
        ),
        Link(link.subject, link.seq, link.entry, link.prev, "0" * 64),
    ]
    broken = Proof().take([*links[:index], data.draw(st.sampled_from(changed)), *links[index + 1 :]])
    assert broken is not None
    assert broken.seq == link.seq
    gone = Proof().take([*links[:index], *links[index + 1 :]])
    assert index == len(links) - 1 or (gone is not None and gone.seq == link.seq)


def test_the_fingerprint_stands_for_the_ends_of_all_chains() -> None:
    act = entry(builders.T0, "k", {})
    one, two = extend("a", None, [act]), extend("b", None, [act, act])

    def print_of(*links: Link) -> str:
        proof = Proof()
        assert proof.take(links) is None
        return proof.fingerprint()

    assert print_of(*one, *two) == print_of(*one, *two)
    assert len({print_of(*one, *two), print_of(*one, two[0]), print_of(*one), print_of()}) == 4


def test_only_what_comes_after_the_last_entry_is_new() -> None:
    first, second, third = (entry(builders.later(hours=n), "k", {"n": n}) for n in range(3))

    def end_of(*acts: Entry) -> Link:
        return extend("a", None, acts)[-1]

    assert not_yet(None, [first, second]) == [first, second]
    assert not_yet(end_of(first, second), [first, second, third]) == [third]
    assert not_yet(end_of(first, second, third), [first, second, third]) == []
    # More happened than a record keeps.
    assert not_yet(end_of(first), [second, third]) == [second, third]
    # A record that keeps the latest alone, and one whose acts are alike.
    assert not_yet(end_of(first, second), [second, third]) == [third]
    assert not_yet(end_of(first), [first, second, first]) == [second, first]


def test_an_act_taken_over_from_a_merged_incident_belongs_to_that_one() -> None:
    assert origin("i-1", "首次定级") == "i-1"
    assert origin("i-1", "〔i-2〕首次定级") == "i-2"
    assert origin("i-1", "〔i-2〕〔i-3〕首次定级") == "i-3"
    incident = builders.incident()
    ((subject, entries),) = of_incident(incident)
    assert subject == f"incident/{incident.id}/grade"
    assert [act.kind for act in entries] == ["grade_change"]
