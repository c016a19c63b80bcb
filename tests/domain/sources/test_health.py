"""How a source stands: missed polls, silence by its own rhythm, faults told once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import CST, T0, small_policy
from opinion_stream.domain.notify.notices import from_source_health
from opinion_stream.domain.sources.folding import shortened
from opinion_stream.domain.sources.health import Diagnosis, diagnose, waking
from opinion_stream.domain.sources.history import History
from opinion_stream.domain.sources.missed import awake, missed_between, outages
from opinion_stream.domain.sources.standing import Standing, settle
from opinion_stream.domain.sources.wording import reason_of
from opinion_stream.models.source import PollOutcome, SourceHealth, SourceState
from opinion_stream.policy.notify import QuietHours
from opinion_stream.policy.source import Schedule, SourceBase
from opinion_stream.policy.source_health import HealthRules

RULES = HealthRules.model_validate({"silence": {"night": {"start": "23:00", "end": "07:00"}}})
EVERY = timedelta(minutes=10)
PACE = Schedule(every_minutes=10)
NIGHT = QuietHours.model_validate({"start": "22:00", "end": "06:00"})


def source(expected: float | None = None, enabled: bool = True) -> SourceBase:
    return SourceBase(name="s", title="县网站", licence="测试用的来源", enabled=enabled, expected_every_hours=expected)


def poll(at: datetime, sent: int = 0, error: str | None = None, **more: object) -> PollOutcome:
    return PollOutcome.model_validate(
        {"source": "s", "at": at, "ok": error is None, "sent": sent, "fetched": sent, "error": error, **more}
    )


def polls(days: float, has_news: Callable[[datetime], bool], until: datetime = T0) -> list[PollOutcome]:
    times = [until - n * EVERY for n in range(int(days * 144), -1, -1)]
    return [poll(at, int(has_news(at))) for at in times]


def stands(outcomes: list[PollOutcome], now: datetime = T0, expected: float | None = None) -> Diagnosis:
    return diagnose(source(expected), History(PACE, RULES.silence, CST, outcomes), RULES, now)


def by_day(at: datetime) -> bool:
    return 8 <= at.hour < 20 and at.minute == 0


def working_days(at: datetime) -> bool:
    return by_day(at) and at.weekday() < 5


def test_a_source_never_read_is_unknown_and_a_disabled_one_is_off() -> None:
    assert stands([]).state is SourceState.UNKNOWN
    found = diagnose(source(enabled=False), History(PACE, RULES.silence, CST), RULES, T0)
    assert found.state is SourceState.OFF


def test_a_quiet_night_and_a_quiet_weekend_are_no_silence_but_a_quiet_morning_is() -> None:
    monday_before_news = T0.replace(hour=7, minute=50)
    history = polls(21, working_days, monday_before_news)
    assert stands(history, monday_before_news).state is SourceState.OK
    later = [poll(monday_before_news + n * EVERY) for n in range(1, 60)]
    known, states = History(PACE, RULES.silence, CST, history), []
    for outcome in later:
        known.add(outcome)
        states.append(diagnose(source(), known, RULES, outcome.at).state)
    first = states.index(SourceState.SILENT)
    assert later[first].at.hour in range(9, 14)
    assert all(state is SourceState.SILENT for state in states[first:])
    assert stands([*history, *later, poll(later[-1].at + EVERY, 1)], later[-1].at + EVERY).state is SourceState.OK


def test_a_young_source_is_judged_by_what_is_expected_of_it_and_its_nights_do_not_count() -> None:
    evening = T0.replace(hour=18, minute=0)
    news = [poll(evening - EVERY), poll(evening, 1)]
    morning = [poll(evening + n * EVERY) for n in range(1, 6 * 16)]
    assert stands(news + morning[:85], morning[84].at, expected=12).state is SourceState.OK
    assert waking(evening, timedelta(hours=12), RULES.silence.night, CST) == evening + timedelta(hours=20)
    long = [poll(evening + n * EVERY) for n in range(1, 6 * 21)]
    assert stands(news + long, long[-1].at, expected=12).state is SourceState.SILENT
    assert stands(news + long, long[-1].at).state is SourceState.OK, "without an expectation nothing is claimed"


def test_failures_in_a_row_make_a_source_failing_and_one_success_mends_it() -> None:
    bad = [poll(T0 - n * EVERY, error="http_503: x") for n in range(2, -1, -1)]
    assert stands([poll(T0 - 3 * EVERY, 1), *bad[:2]], bad[1].at).state is SourceState.OK
    found = stands([poll(T0 - 3 * EVERY, 1), *bad])
    assert (found.state, found.figures.error_kind) == (SourceState.FAILING, "http_503")
    assert "连续3次读取失败：对方服务器出错（503）" in reason_of(found, RULES, CST, T0, 10)
    assert stands([*bad, poll(T0 + EVERY, 1)], T0 + EVERY).state is SourceState.OK


def test_a_service_that_stands_still_makes_its_sources_late() -> None:
    assert stands([poll(T0, 1)], T0 + timedelta(minutes=29)).state is SourceState.OK
    assert stands([poll(T0, 1)], T0 + timedelta(minutes=31)).state is SourceState.LATE


def test_news_that_are_old_when_they_come_make_a_source_late_but_not_what_the_first_poll_brings() -> None:
    old = {"latest_published_at": T0 - timedelta(days=9)}
    first = poll(T0 - 4 * EVERY, 5, **old)
    assert stands([first, *polls(0.01, lambda _: False)]).state is SourceState.OK
    assert stands([first, *(poll(T0 - n * EVERY, 1, **old) for n in (3, 2, 1))]).state is SourceState.LATE


@settings(deadline=None)
@given(st.integers(0, 3 * 1440), st.integers(0, 4 * 1440))
def test_time_awake_adds_up(start: int, length: int) -> None:
    begin, middle = T0 + timedelta(minutes=start), T0 + timedelta(minutes=start + length // 3)
    end = T0 + timedelta(minutes=start + length)
    assert awake(begin, end, NIGHT, CST) == awake(begin, middle, NIGHT, CST) + awake(middle, end, NIGHT, CST)
    assert awake(begin, begin + timedelta(days=1), NIGHT, CST) == timedelta(hours=16)


def test_nothing_is_missed_over_quiet_hours() -> None:
    schedule = Schedule(every_minutes=30, quiet_hours=NIGHT)
    evening = T0.replace(hour=21, minute=45)
    assert missed_between(evening, evening + timedelta(hours=8, minutes=15), schedule, CST) == 0
    assert missed_between(evening, evening + timedelta(hours=10, minutes=15), schedule, CST) == 3


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(10, 90), st.booleans(), st.integers(0, 3)), min_size=1, max_size=60))
def test_every_poll_due_is_either_made_or_missed(steps: list[tuple[int, bool, int]]) -> None:
    at, outcomes = T0, [poll(T0, 1)]
    for minutes, ok, sent in steps:
        at += timedelta(minutes=minutes)
        outcomes.append(poll(at, sent if ok else 0, None if ok else "timeout: x"))
    good = [outcome for outcome in outcomes if outcome.ok]
    found = outages(outcomes, PACE, CST, at)
    closed = [outage for outage in found if outage.until is not None]
    assert sum(outage.missed for outage in closed) == sum(max(0, (b.at - a.at) // EVERY - 1) for a, b in pairwise(good))
    assert sum(outage.failures for outage in found) <= sum(not outcome.ok for outcome in outcomes)
    assert sum(o.caught_up for o in closed) <= sum(outcome.sent for outcome in outcomes)
    assert all(a.until is not None and a.until <= (b.since or at) for a, b in pairwise(found))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.booleans(), st.integers(0, 2)), max_size=80), st.integers(0, 30))
def test_folding_loses_no_count(steps: list[tuple[int, bool, int]], kept: int) -> None:
    at, outcomes = T0, []
    for minutes, ok, sent in steps:
        at += timedelta(minutes=minutes)
        outcomes.append(poll(at, sent, None if ok else "timeout: x"))
    left = shortened(outcomes, kept, 1000)
    assert sum(outcome.polls for outcome in left) == len(outcomes)
    assert sum(outcome.sent for outcome in left) == sum(outcome.sent for outcome in outcomes)
    assert left[len(left) - min(kept, len(outcomes)) :] == outcomes[len(outcomes) - min(kept, len(outcomes)) :]
    assert shortened(left, kept, 1000)[-1:] == outcomes[-1:] or kept == 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=20, max_size=60), st.integers(1, 200), st.integers(1, 200))
def test_silence_only_grows_until_news_come(gaps: list[int], first: int, more: int) -> None:
    at, outcomes = T0, [poll(T0, 1)]
    for gap in gaps:
        for n in range(1, gap + 1):
            at += EVERY
            outcomes.append(poll(at, int(n == gap)))
    quiet = [poll(at + n * EVERY) for n in range(1, first + more + 1)]
    before = stands(outcomes + quiet[:first], quiet[first - 1].at, expected=24).figures.quiet
    after = stands(outcomes + quiet, quiet[-1].at, expected=24).figures.quiet
    assert before is not None
    assert after is not None
    assert before.ratio < after.ratio
    assert before.until == after.until


def told(states: list[tuple[int, SourceState]]) -> list[SourceHealth]:
    """What is told when a source is seen in these states, at these minutes."""
    standing, found = Standing(), []
    for minute, state in states:
        now = T0 + timedelta(minutes=minute)
        seen = Diagnosis(source(), state, "ok", stands([poll(T0)]).figures)
        standing, health = settle(Standing.model_validate_json(standing.to_bytes()), seen, "因为", RULES, now)
        found += [health] if health is not None else []
    return found


OK, LATE, FAILING = SourceState.OK, SourceState.LATE, SourceState.FAILING


def test_a_fault_is_told_at_once_and_a_recovery_once_it_lasts() -> None:
    found = told([(0, OK), (5, FAILING), (6, FAILING), (10, OK), (20, FAILING), (30, OK), (59, OK), (60, OK), (90, OK)])
    assert [(h.state, h.since - T0) for h in found] == [
        (OK, timedelta()),
        (FAILING, timedelta(minutes=5)),
        (OK, timedelta(minutes=30)),
    ]


@settings(deadline=None)
@given(st.lists(st.sampled_from([OK, LATE, FAILING, SourceState.OFF]), max_size=40))
def test_versions_grow_and_no_state_is_told_twice_in_a_row(states: list[SourceState]) -> None:
    found = told([(10 * n, state) for n, state in enumerate(states)])
    assert all(a.version < b.version and a.state is not b.state is not None for a, b in pairwise(found))
    assert all(b.previous is a.state for a, b in pairwise(found))


def test_the_desk_is_told_of_a_fault_and_of_its_end_and_of_nothing_else() -> None:
    first, fault, end = told([(0, OK), (5, FAILING), (10, OK), (50, OK)])
    policy = small_policy()
    assert from_source_health(first, policy) is None
    notice, mended = from_source_health(fault, policy), from_source_health(end, policy)
    assert notice is not None
    assert mended is not None
    assert (notice.channel, notice.grade, notice.heading) == ("duty-desk", None, "监测盲区")
    assert "来源“县网站”报错（03月02日09:05发现）：因为" in notice.text
    assert "03月02日09:10恢复正常，此前自03月02日09:05起报错" in mended.text
    assert notice.id != mended.id
    assert from_source_health(fault.model_copy(update={"version": 1}), policy) == notice
    silent_desk = policy.model_copy(update={"notify": policy.notify.model_copy(update={"source_faults": None})})
    assert from_source_health(fault, silent_desk) is None


@pytest.mark.parametrize("field", ["error_rate", "late_polls"])
def test_thresholds_out_of_range_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        HealthRules.model_validate({field: 0})
