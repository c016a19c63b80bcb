"""Advice on a draft: what it lacks by the nature of the concern, and which points it leaves out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import T0, command, escalation, later, small_policy
from opinion_stream.domain.response.completeness import DraftCheck, touches
from opinion_stream.domain.response.desk import ResponseDesk
from opinion_stream.domain.state import DictStore
from opinion_stream.models.base import Nature
from opinion_stream.models.task import CommandKind, ResponseTask, TaskState

CHECK = DraftCheck(small_policy())
FULL = "我局接到反映后立即派人，破裂的供水管道已修复，3月2日18时恢复供水。"


def test_a_draft_that_says_all_gets_no_advice() -> None:
    assert CHECK.check(FULL, Nature.DIFFICULTY, ["停水", "供水管道"]) == ()


def test_each_thing_that_is_missing_is_named() -> None:
    found = CHECK.check("您反映的问题已经收到，感谢您的关心和支持。", Nature.DIFFICULTY, [])
    assert [advice.text for advice in found] == ["说明采取了什么措施", "写明由哪个单位办理", "写明什么时候办完"]


def test_a_unit_of_the_jurisdiction_says_who() -> None:
    unit = small_policy().units.units[0].name
    assert CHECK.check(f"{unit}将在论证以后采纳这一建议。", Nature.SUGGESTION, []) == ()


def test_points_left_out_are_listed() -> None:
    [advice] = CHECK.check(FULL, Nature.DIFFICULTY, ["水费", "收费", "供水管道"])
    assert advice.text == "没有回应到：水费、收费"


def test_a_draft_of_a_few_words_is_too_short() -> None:
    assert [advice.element for advice in CHECK.check("已转交。", Nature.THANKS, [])] == ["short"]


@pytest.mark.parametrize(
    ("draft", "point", "expected"),
    [
        ("暖气已经热了", "暖气", True),
        ("供暖恢复", "暖气", False),
        ("管道修好", "供水管道", False),
        ("供水恢复，管道换新", "供水管道", True),
    ],
)
def test_a_longer_word_counts_when_half_of_it_is_there(draft: str, point: str, expected: bool) -> None:
    assert touches(draft, point) is expected


@given(st.text(max_size=80), st.text(max_size=40), st.sampled_from(Nature), st.lists(st.text(min_size=1, max_size=6)))
def test_a_longer_draft_never_lacks_more(draft: str, more: str, nature: Nature, points: list[str]) -> None:
    before = {advice.element for advice in CHECK.check(draft, nature, points)}
    after = {advice.element for advice in CHECK.check(f"{draft}。{more}", nature, points)}
    assert after <= before


def test_the_desk_keeps_the_advice_with_the_draft_and_stops_nobody() -> None:
    desk = ResponseDesk(small_policy(), DictStore())
    [task] = desk.escalation(escalation(keywords=("水费", "供水管道")), T0)
    assert isinstance(task, ResponseTask)
    desk.command(command(task_id=task.id), later(hours=1))
    draft = command(task_id=task.id, kind=CommandKind.DRAFT, text="您反映的问题我们已经知道了，谢谢。")
    [poor] = desk.command(draft, later(hours=2))
    assert isinstance(poor, ResponseTask)
    assert "没有回应到：水费、供水管道" in poor.advice
    better = command(id="c-2", task_id=task.id, kind=CommandKind.DRAFT, text=FULL + "水费按实际用量计收。")
    [good] = desk.command(better, later(hours=3))
    assert isinstance(good, ResponseTask)
    assert good.advice == ()
    [submitted] = desk.command(command(task_id=task.id, kind=CommandKind.SUBMIT), later(hours=4))
    assert isinstance(submitted, ResponseTask)
    assert submitted.state is TaskState.UNDER_REVIEW
