"""The effect of a reply: what was said before and after it, measured once per window, whatever crashed between."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

import builders
from builders import T0, later, public_response, small_policy
from opinion_stream.domain.response.followup import PREFIX, Followed, FollowUp
from opinion_stream.domain.state import DictStore
from opinion_stream.models.effect import ResponseEffect
from opinion_stream.models.incident import Incident
from opinion_stream.models.task import PublicResponse


def incident(mentions: int, critical: int | None = None) -> Incident:
    natures = {"difficulty": mentions if critical is None else critical}
    natures["thanks"] = mentions - natures["difficulty"]
    return builders.incident(version=mentions + 1, counts=builders.counts(mentions=mentions), natures=natures)


def response(at: datetime, name: str = "1") -> PublicResponse:
    return public_response(id=f"r-{name}", published_at=at)


def followed(*samples: tuple[float, int, int]) -> tuple[FollowUp, DictStore]:
    """Samples: hours after T0, mentions and concerned ones so far."""
    store = DictStore()
    follow = FollowUp(small_policy(), store)
    follow.watch("inc-1")
    for hours, mentions, critical in samples:
        follow.incident(incident(mentions, critical), later(hours=hours))
    return follow, store


def of(effects: list[ResponseEffect], hours: float) -> ResponseEffect:
    [effect] = [effect for effect in effects if effect.hours == hours]
    return effect


def test_a_reply_after_which_it_went_quiet() -> None:
    follow, _ = followed((0, 2, 2), (4, 30, 27), (6, 40, 36))
    follow.published(response(later(hours=7)))
    follow.incident(incident(44, 37), later(hours=9))
    [effect] = follow.tick(later(hours=13))
    assert (effect.before, effect.after) == (38, 4)
    assert (effect.critical_before, effect.critical_after) == (round(34 / 38, 4), 0.25)
    assert effect.text == "回应前6小时38条，回应后6小时4条，声量回落89%；诉求和质疑占比由89%变为25%"


def test_few_mentions_are_told_as_too_few() -> None:
    follow, _ = followed((0, 1, 1), (1, 3, 3))
    follow.published(response(later(hours=2)))
    [effect] = follow.tick(later(hours=8))
    assert not effect.enough
    assert "不足以判断" in effect.text


def test_windows_that_passed_while_nobody_looked_are_measured_once_each() -> None:
    follow, store = followed((0, 1, 1), (1, 9, 9))
    follow.published(response(later(hours=2)))
    assert follow.tick(later(hours=7)) == []
    effects = FollowUp(small_policy(), store).tick(later(hours=500))
    assert [effect.hours for effect in effects] == [6, 24, 72]
    assert FollowUp(small_policy(), store).tick(later(hours=900)) == []


def test_only_the_first_reply_to_a_matter_is_measured() -> None:
    follow, _ = followed((0, 9, 9))
    follow.published(response(later(hours=1), "1"))
    follow.published(response(later(hours=2), "2"))
    assert {effect.response_id for effect in follow.tick(later(hours=500))} == {"r-1"}


def test_a_matter_that_nobody_follows_leaves_nothing_behind() -> None:
    store = DictStore()
    FollowUp(small_policy(), store).incident(incident(5), T0)
    assert list(store.items(PREFIX)) == []
    follow, store = followed((0, 1, 1))
    follow.forget("inc-1")
    assert list(store.items(PREFIX)) == []


steps = st.lists(st.tuples(st.floats(0, 5), st.integers(0, 20)), min_size=1, max_size=200)


@given(steps, st.floats(0, 200))
def test_memory_is_bounded_and_counts_are_those_of_the_samples(found: list[tuple[float, int]], asked: float) -> None:
    keep = timedelta(hours=145)
    known, hours, total = Followed(), 0.0, 0
    samples: list[tuple[datetime, int]] = []
    for wait, more in found:
        hours, total = hours + wait, total + more
        samples.append((later(hours=hours), total))
        known = known.sampled(later(hours=hours), total, total, keep)
    assert len(known.times) <= 145 * 4 + 3
    assert known.count_at(later(hours=hours + 1)) == (total, total)
    at = later(hours=asked)
    if at >= samples[-1][0] - keep:
        # A sample stands for the end of its quarter of an hour, so a count may run ahead by that much.
        least = max([number for when, number in samples if when <= at - timedelta(minutes=15)], default=0)
        most = max([number for when, number in samples if when <= at + timedelta(minutes=15)], default=samples[0][1])
        assert least <= known.count_at(at)[0] <= max(most, samples[0][1])
