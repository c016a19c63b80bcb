"""When notices go out: grades I and II at once, the rest together, never in quiet hours, and again after a failure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from builders import small_policy
from opinion_stream.domain.notify.notices import Notice
from opinion_stream.domain.notify.planner import Planner
from opinion_stream.models.base import Grade

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=ZONE)
NIGHT = datetime(2026, 3, 2, 23, 30, tzinfo=ZONE)
MORNING = datetime(2026, 3, 3, 7, 0, tzinfo=ZONE)


def planner() -> Planner:
    return Planner(small_policy().notify, ZONE)


def notice(number: int, grade: Grade = Grade.III, channel: str = "duty-desk") -> Notice:
    return Notice(f"e-{number}", channel, grade, "报送首报", f"第{number}件")


def test_a_serious_matter_is_sent_at_once_and_alone_even_at_night() -> None:
    plan = planner()
    plan.take(notice(1), NIGHT)
    plan.take(notice(2, Grade.I), NIGHT)
    plan.take(notice(3, Grade.II), NIGHT)
    assert [message.notice_ids for message in plan.due(NIGHT)] == [("e-2",), ("e-3",)]


def test_the_rest_waits_for_company_and_goes_out_as_one_digest() -> None:
    plan = planner()
    plan.take(notice(1), NOON)
    plan.take(notice(2), NOON + timedelta(minutes=9))
    assert plan.due(NOON + timedelta(minutes=9)) == []
    [message] = plan.due(NOON + timedelta(minutes=10))
    assert message.notice_ids == ("e-1", "e-2")
    assert message.title == "待办汇总2件，最高Ⅲ级（较大·黄）"


def test_a_long_digest_names_the_gravest_and_counts_the_rest() -> None:
    plan = planner()
    for number in range(5):
        plan.take(notice(number, Grade.III if number == 4 else Grade.IV), NOON)
    [message] = plan.due(NOON + timedelta(minutes=10))
    assert message.body.splitlines() == ["第4件", "第0件", "第1件", "……另有2件，请到平台查看"]


def test_what_comes_at_night_waits_for_the_morning() -> None:
    plan = planner()
    plan.take(notice(1), NIGHT)
    assert plan.next_at() == MORNING
    assert plan.due(MORNING - timedelta(seconds=1)) == []
    assert len(plan.due(MORNING)) == 1


def test_a_digest_that_would_fall_into_the_night_waits_too() -> None:
    plan = planner()
    plan.take(notice(1), datetime(2026, 3, 2, 21, 55, tzinfo=ZONE))
    assert plan.next_at() == MORNING


def test_a_failure_is_tried_again_for_ever_and_holds_up_no_other_channel() -> None:
    plan = planner()
    plan.take(notice(1, Grade.I), NOON)
    now = NOON
    waits = []
    for _ in range(4):
        [message] = plan.due(now)
        again = plan.failed(message, now)
        waits.append((again - now).total_seconds())
        plan.take(notice(2, Grade.I, "office-desk"), now)
        [other] = [m for m in plan.due(now) if m.channel == "office-desk"]
        plan.sent(other)
        now = again
    assert waits == [5, 30, 30, 30]
    [message] = plan.due(now)
    plan.sent(message)
    assert len(plan) == 0


@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from(Grade), st.integers(0, 3 * 1440), st.booleans()), max_size=40
    )
)
def test_every_notice_goes_out_exactly_once_and_only_the_grave_ones_at_night(
    events: list[tuple[int, Grade, int, bool]],
) -> None:
    plan = planner()
    sent: list[str] = []
    taken: set[str] = set()

    def serve(now: datetime, works: bool) -> None:
        for message in plan.due(now):
            local = now.astimezone(ZONE)
            grave = "Ⅰ级" in message.title or "Ⅱ级" in message.title
            assert grave or 7 <= local.hour < 22
            if works:
                plan.sent(message)
                sent.extend(message.notice_ids)
            else:
                plan.failed(message, now)

    for number, grade, minute, works in sorted(events, key=lambda event: event[2]):
        now = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=minute)
        name = f"{number}-{grade.value}"
        if name not in taken:
            taken.add(name)
            plan.take(Notice(f"e-{name}", "duty-desk", grade, "报送", name), now)
        serve(now, works)
    while (at := plan.next_at()) is not None:
        serve(at, True)
    assert sorted(sent) == sorted(f"e-{name}" for name in taken)
