"""The account of a run: each mention that came in stands in one place, and what is set aside is told apart."""

from __future__ import annotations

from builders import assessed, mention
from opinion_stream.domain.summary import OnTopics, summarise


def test_what_is_set_aside_is_accounted_for_by_rule_and_is_not_lost() -> None:
    aside = mention(source_id="2", set_aside="商业广告")
    found = summarise(
        OnTopics(
            inbound_ids=("wenzheng:1", "wenzheng:2", "wenzheng:3"),
            set_aside=(aside, aside),
            assessed=(assessed(mention=mention()),),
        )
    )
    assert (found.mentions_in, found.assessed, found.set_aside, found.duplicates) == (3, 1, 1, 0)
    assert found.set_aside_rules == {"商业广告": 1}
    assert found.lost == ("wenzheng:3",)


def test_what_was_set_aside_and_then_assessed_is_counted_once() -> None:
    found = summarise(
        OnTopics(
            inbound_ids=("wenzheng:1",),
            set_aside=(mention(set_aside="商业广告"),),
            assessed=(assessed(mention=mention()),),
        )
    )
    assert (found.assessed, found.set_aside, found.lost) == (1, 0, ())
