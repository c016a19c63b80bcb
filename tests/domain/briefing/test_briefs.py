"""Briefs: for grades I and II alone, quoting and counting but never inventing, equal for equal inputs."""

from __future__ import annotations

import json
import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import assessed, counts, incident, later, mention, small_policy
from opinion_stream.domain.assessment.pipeline import Assessor
from opinion_stream.domain.briefing.extracts import Extract
from opinion_stream.domain.briefing.matching import matter_of, why
from opinion_stream.domain.briefing.render import markdown
from opinion_stream.domain.briefing.writer import BriefWriter
from opinion_stream.domain.incidents.book import IncidentBook
from opinion_stream.domain.incidents.record import IncidentRecord
from opinion_stream.domain.state import DictStore
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.base import Grade, Nature, Reason
from opinion_stream.models.brief import Brief, BriefStatus
from opinion_stream.models.incident import Direction, Factor, GradeFactors, Trend
from opinion_stream.policy.playbooks import Signs

POLICY = small_policy()
ASSESSOR = Assessor(POLICY)
ZONE = ZoneInfo("Asia/Shanghai")
EXTRACTS = (
    Extract("wenzheng:1", later(), "柳树镇昨晚发生爆炸", 2.5),
    Extract("weibo:2", later(hours=1), "住户和学生都已经转移", 1.0),
)


def grave(**kw: Any) -> Any:
    found = Reason(rule="explosion", text="爆炸（+40）", evidence=("爆炸",))
    factors = GradeFactors(
        content=Factor(score=90, reasons=(found,)), reaction=Factor(score=40), media=Factor(score=40)
    )
    return incident(**{"grade": Grade.II, "nature": Nature.SERIOUS_PROBLEM, "factors": factors, **kw})


def write(**kw: Any) -> Brief:
    brief = BriefWriter(POLICY).write(grave(**kw), EXTRACTS)
    assert brief is not None
    return brief


def blast(number: int, text: str = "柳树镇昨晚发生爆炸，有人受伤。") -> AssessedMention:
    said = mention(source_id=str(number), title="柳树镇爆炸", text=text, published_at=later(minutes=number))
    return AssessedMention(mention=said, assessment=ASSESSOR.assess([said])[0])


@pytest.mark.parametrize("grade", [Grade.III, Grade.IV])
def test_lesser_grades_have_no_brief(grade: Grade) -> None:
    writer = BriefWriter(POLICY)
    assert writer.write(incident(grade=grade), EXTRACTS) is None
    assert not writer.due(grade, 1000, None, 0)
    assert BriefWriter(POLICY, Grade.IV).write(incident(grade=grade), EXTRACTS) is not None


def test_a_brief_says_what_happened_in_the_words_of_the_mentions_and_waits_for_approval() -> None:
    brief = write()
    assert brief.status is BriefStatus.FOR_APPROVAL
    assert (brief.id, brief.version, brief.incident_id) == ("b-inc-1", 1, "inc-1")
    assert [(s.text, s.mention_id) for s in brief.happened] == [(e.text, e.mention_id) for e in EXTRACTS]
    assert [(g.name, g.mention_ids) for g in brief.concerned.groups] == [
        ("学生和家长", ("weibo:2",)),
        ("住户", ("weibo:2",)),
    ]
    assert [place.name for place in brief.concerned.places] == ["柳树镇"]


def test_risks_and_measures_come_from_the_playbook_with_reason_time_unit_and_source() -> None:
    brief = write(co_units=("health",))
    assert brief.playbooks == ("explosion",)
    (risk,) = brief.risks
    assert (risk.rule, risk.why) == ("explosion.casualties", "命中规则explosion")
    assert risk.source == "市政务公开回应关切工作制度 二（四）"
    measures = {m.rule: m for m in brief.measures}
    assert [u.code for u in measures["explosion.rescue"].units] == ["emergency", "health"]
    assert (measures["explosion.rescue"].within_hours, measures["explosion.rescue"].source) == (1, "")
    press = measures["common.press"]
    assert (press.within_hours, press.source) == (24, POLICY.deadlines.clocks["press_conference"].source)
    assert [p.kind for p in brief.publications] == ["weibo", "press_conference", "website"]
    assert brief.answer.must == POLICY.response.answer_must[Nature.SERIOUS_PROBLEM]


def test_a_risk_with_a_sign_appears_only_where_the_sign_holds() -> None:
    rising = Trend(direction=Direction.RISING, window_hours=6, recent=9, before=1)
    assert {risk.rule for risk in write(trend=rising).risks} == {"explosion.casualties", "common.rising"}
    assert "最近6小时9条，此前6小时1条" in write(trend=rising).trend.text


def test_unverified_claims_are_called_so() -> None:
    brief = write(nature=Nature.UNVERIFIED_CLAIM, priority_rule="emergency")
    assert brief.nature.unverified
    assert brief.nature.priority is not None
    assert brief.nature.priority.source == "国办发〔2016〕61号 二"
    assert "未经核实" in brief.nature.text


def test_no_figure_is_invented() -> None:
    brief = write(counts=counts(mentions=7, voices=5, reads=123))
    assert {f.source: f.value for f in brief.evidence.figures}["incident.counts.reads"] == 123
    known = grave(counts=counts(mentions=7, voices=5, reads=123)).to_bytes().decode()
    known += json.dumps([e.text for e in EXTRACTS]) + POLICY.model_dump_json()
    facts = (
        brief.evidence.model_dump_json() + brief.trend.model_dump_json() + json.dumps([s.text for s in brief.happened])
    )
    assert set(re.findall(r"\d+", facts)) <= set(re.findall(r"\d+", known))


def test_equal_inputs_give_equal_briefs_and_documents() -> None:
    assert write() == write()
    assert markdown(write(), ZONE) == markdown(write(), ZONE)


def test_the_document_names_mentions_rules_and_sources_and_escapes_what_people_wrote() -> None:
    document = markdown(write(title="**假** [x](y)"), ZONE)
    for part in (
        "待审",
        "wenzheng:1",
        "explosion.casualties",
        "incident.counts.voices",
        "工作惯例",
        "国办发〔2016〕61号 三",
    ):
        assert part in document
    assert "**假**" not in document
    assert r"\*\*假\*\* \[x\](y)" in document


@pytest.mark.parametrize(
    ("signs", "reasons"),
    [
        (Signs(), ()),
        (Signs(rules=("explosion",)), ("命中规则explosion",)),
        (Signs(rules=("crowd",)), None),
        (Signs(any_words=("停水",)), ("提及中出现“停水”",)),
        (Signs(any_words=("停水",), none_words=("爆炸",)), None),
        (Signs(categories=("教育文体",)), None),
        (Signs(natures=(Nature.SERIOUS_PROBLEM,), min_voices=1), ("性质为“重大问题”", "1个不同账号发声")),
        (Signs(min_media=1), None),
    ],
    ids=str,
)
def test_signs(signs: Signs, reasons: tuple[str, ...] | None) -> None:
    assert why(signs, matter_of(grave(), tuple(e.text for e in EXTRACTS))) == reasons


def test_the_book_writes_a_brief_when_a_matter_becomes_grave_and_again_when_it_doubled() -> None:
    book = IncidentBook(POLICY, DictStore())
    briefs: dict[int, int] = {}
    for number in range(1, 9):
        book.take([blast(number, f"柳树镇昨晚发生爆炸，有人受伤，第{number}次听见响声。")])
        briefs.update((number, brief.evidence.figures[0].value) for brief in book.take_briefs())
    assert list(briefs) == [1, 2, 4, 8]
    assert list(briefs.values()) == [1, 2, 4, 8]
    assert book.take_briefs() == []


def test_a_matter_that_is_not_grave_brings_no_brief() -> None:
    book = IncidentBook(POLICY, DictStore())
    (found,) = book.take([assessed()])
    assert book.take_briefs() == []
    assert book.brief(found.id) is None
    assert book.brief("i-unknown") is None


def test_a_record_of_an_older_version_can_still_be_read() -> None:
    store = DictStore()
    IncidentBook(POLICY, store).take([blast(1)])
    ((_, raw),) = store.items("incident/")
    old = {k: v for k, v in json.loads(raw).items() if k not in ("extracts", "briefed_grade", "briefed_mentions")}
    record = IncidentRecord.from_bytes(json.dumps(old).encode())
    assert (record.extracts, record.briefed_grade) == ([], None)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(["柳树镇爆炸", "，", "。", "3人受伤", "您好", "住户转移", "〔姓名〕"]), max_size=9),
        max_size=7,
    ),
    st.integers(1, 7),
)
def test_quotes_stand_in_the_mentions_they_name_however_the_batches_are_cut(texts: list[list[str]], cut: int) -> None:
    items = [blast(number, "".join(pieces) or "柳树镇爆炸了") for number, pieces in enumerate(texts)]
    said = {item.id: f"{item.mention.text}\n{item.mention.title}" for item in items}
    whole, parts, store = IncidentBook(POLICY, DictStore()), [], DictStore()
    whole.take(items)
    for start in range(0, len(items), cut):
        book = IncidentBook(POLICY, store)  # a worker that starts again goes on from the store
        book.take(items[start : start + cut])
        parts += book.take_briefs()
    latest = {brief.incident_id: brief for brief in parts}
    briefs = {brief.incident_id: brief for brief in whole.take_briefs()}
    assert latest == briefs
    for brief in briefs.values():
        assert brief.grade in (Grade.I, Grade.II)
        assert all(statement.text in said[statement.mention_id] for statement in brief.happened)
