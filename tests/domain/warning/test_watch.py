"""Early warnings: bursts against the usual level, incidents that grow, and what a restart must not change."""

from __future__ import annotations

import functools
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from builders import assessed, later, small_policy
from opinion_stream.domain.incidents.book import IncidentBook
from opinion_stream.domain.state import DictStore
from opinion_stream.domain.warning.watch import Watch
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.base import Grade
from opinion_stream.models.warning import EarlyWarning, WarningKind, WarningStatus
from opinion_stream.policy import Policy


@functools.cache
def policy(grades: tuple[Grade, ...] = (Grade.III, Grade.IV)) -> Policy:
    """The small policy, with limits that a short story can cross."""
    known = small_policy()
    burst = known.warnings.burst.model_copy(update={"warm_up_hours": 72})
    growth = known.warnings.growth.model_copy(update={"grades": grades})
    return known.model_copy(update={"warnings": known.warnings.model_copy(update={"burst": burst, "growth": growth})})


def said(number: int, hours: float, topic: str = "", **kw: object) -> AssessedMention:
    """One mention; with a `topic` it is of that matter, else of a matter of its own."""
    features = {topic or f"事{number}": 1.0}
    return assessed(source_id=str(number), published_at=later(hours=hours), features=features, **kw)


def calm(days: int, first: int = 0) -> list[AssessedMention]:
    """Two unconnected mentions a day, at 9 and at 15 o'clock."""
    return [said(first + 2 * day + half, 24 * day + 6 * half) for day in range(days) for half in (0, 1)]


def surge(start: float, number: int, first: int = 1000) -> list[AssessedMention]:
    """Unconnected mentions, one every six minutes."""
    return [said(first + n, start + n / 10) for n in range(number)]


def replay(items: list[AssessedMention], rules: Policy | None = None, cut: int = 0) -> list[EarlyWarning]:
    """All warnings of the items; with a restart every `cut` mentions."""
    rules, store = rules or policy(), DictStore()
    book, watch = IncidentBook(rules, store), Watch(rules, store)
    issued: list[EarlyWarning] = []
    for begin in range(0, len(items), cut or len(items)):
        if cut:
            book, watch = IncidentBook(rules, store), Watch(rules, store)
        book.take(items[begin : begin + (cut or len(items))], watch.see)
        issued += watch.drain()
    return issued


def bursts(issued: list[EarlyWarning]) -> list[EarlyWarning]:
    return [warning for warning in issued if warning.kind is WarningKind.BURST]


def test_a_calm_month_brings_no_warning() -> None:
    assert replay(calm(30)) == []


def test_a_burst_opens_once_is_renewed_as_it_doubles_and_closes() -> None:
    issued = bursts(replay([*calm(20), *surge(480.5, 40), *calm(1, 2000), said(3000, 600)]))
    assert len({warning.id for warning in issued}) == 1
    assert [warning.version for warning in issued] == [1, 2, 3, 4][: len(issued)]
    first, *again, last = issued
    assert [w.status for w in issued] == [WarningStatus.OPEN] * (len(issued) - 1) + [WarningStatus.CLOSED]
    assert 6 <= first.observed <= 10
    assert first.usual is not None
    assert first.usual.value < 3
    assert all(later_.observed >= 2 * before.observed for before, later_ in zip([first, *again], again, strict=False))
    assert first.at <= later(hours=481.5), "warned before it is large"
    assert first.mention_ids
    assert "东河县“城乡建设”近" in first.reason
    assert "平常同时段" in first.reason
    assert "预警关闭" in last.reason


def test_the_same_number_is_no_burst_where_it_is_usual() -> None:
    days = [day for day in range(22) if day % 7 < 5]
    busy = [said(100 * day + n, 24 * day + n / 2) for day in days for n in range(10)]
    new = [said(9000 + n, 24 * 21 + n / 2) for n in range(10)]
    assert bursts(replay(busy)) == []
    assert bursts(replay([*calm(20), *new])) != []


def test_a_burst_does_not_become_the_usual_level() -> None:
    twice = [*calm(20), *surge(480.5, 40), *(said(2000 + n, 504 + 12 * n) for n in range(10)), *surge(648.5, 40, 4000)]
    assert len({warning.id for warning in bursts(replay(twice))}) == 2


def test_another_category_or_region_is_counted_apart() -> None:
    mixed = [said(1000 + n, 480 + n / 10, region=("990101", "990102")[n % 2]) for n in range(8)]
    assert bursts(replay([*calm(20), *mixed])) == []


def test_no_burst_is_told_before_the_region_is_known() -> None:
    assert bursts(replay(surge(0, 40))) == []


def test_a_growing_incident_is_warned_of_while_its_grade_is_low() -> None:
    grown = [said(n, n / 20, "停水") for n in range(40)]
    issued = replay([*grown, said(99, 80)])
    first, last = issued[0], issued[-1]
    assert first.kind is WarningKind.GROWTH
    assert first.grade in (Grade.III, Grade.IV)
    assert first.observed <= 20, "warned before it is large"
    assert first.trend is not None
    assert first.trend.expected_24h is not None
    assert first.incidents[0].mentions == first.observed
    assert "近6小时" in first.reason
    assert last.status is WarningStatus.CLOSED
    assert "没有新的提及" in last.reason


def test_a_grade_that_counts_as_large_needs_no_warning() -> None:
    assert replay([said(n, n / 20, "停水") for n in range(40)], policy((Grade.II,))) == []


def test_late_mentions_and_repeats_change_no_warning_already_given() -> None:
    items = [*calm(20), *surge(480.5, 40)]
    late = [said(9000, -50), said(9001, 10), said(9002, 479)]
    assert [w.id for w in replay([*items, *late, *items])][:1] == [w.id for w in replay(items)][:1]


STORY = st.lists(st.tuples(st.floats(0, 900), st.sampled_from(["", "", "停水", "噪声"])), max_size=25)


@settings(max_examples=10, deadline=timedelta(seconds=5))
@given(STORY, st.integers(1, 30))
def test_batches_and_restarts_change_nothing(story: list[tuple[float, str]], cut: int) -> None:
    told = [said(5000 + n, hours, topic) for n, (hours, topic) in enumerate(story)]
    items = [*calm(6), *told[:12], *surge(200, 12), *told[12:]]
    assert replay(items, cut=cut) == replay(items)


def test_memory_is_bounded_by_regions_and_categories() -> None:
    store = DictStore()
    book, watch = IncidentBook(policy(), store), Watch(policy(), store)
    sizes = []
    for day in range(40):
        book.take([said(100 * day + n, 24 * day + n / 5) for n in range(12)], watch.see)
        watch.drain()
        sizes.append(sum(len(raw) for key, raw in store.entries.items() if key.startswith(("usual/", "warning/"))))
    assert len([key for key in store.entries if key.startswith("usual/")]) == 2
    assert max(sizes[20:]) < 1.2 * max(sizes[:20])
