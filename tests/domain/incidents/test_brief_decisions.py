"""A person approves or returns the brief that was read, and no other."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from builders import T0, assessed, later, small_policy
from opinion_stream.domain.briefing.render import markdown
from opinion_stream.domain.incidents.book import IncidentBook
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.models.brief import Brief, BriefStatus
from opinion_stream.models.command import IncidentCommand
from opinion_stream.policy import Policy

REVIEWERS = ("direct_responsible", "first_responsible")


def policy() -> Policy:
    made = small_policy()
    return made.model_copy(update={"response": made.response.model_copy(update={"approvers": REVIEWERS})})


def book(store: DictStore | None = None) -> IncidentBook:
    return IncidentBook(policy(), store if store is not None else DictStore())


def mention(number: int, **kw: Any) -> Any:
    return assessed(source_id=str(number), published_at=later(hours=number), **kw)


def decision(action: str, incident_id: str, key: str = "c-1", **kw: Any) -> IncidentCommand:
    basics = {
        "id": key,
        "incident_id": incident_id,
        "action": action,
        "by_role": "direct_responsible",
        "reason": "同意",
    }
    return IncidentCommand.model_validate({**basics, "at": T0, **kw})


def grave(kept: IncidentBook) -> Brief:
    """A matter of grade II, with its brief."""
    kept.take([mention(1, floor="II")])
    (brief,) = kept.take_briefs()
    assert brief.status is BriefStatus.FOR_APPROVAL
    return brief


def refusal(kept: IncidentBook, command: IncidentCommand) -> str:
    with pytest.raises(Rejected) as caught:
        kept.command(command)
    assert caught.value.kind == "illegal_command"
    assert kept.take_briefs() == []
    return caught.value.reason


@pytest.mark.parametrize(
    ("action", "status"), [("approve_brief", BriefStatus.APPROVED), ("return_brief", BriefStatus.RETURNED)]
)
def test_a_decision_stands_on_the_brief_with_role_and_reason(action: str, status: BriefStatus) -> None:
    kept = book()
    read = grave(kept)

    (changed,) = kept.command(decision(action, read.incident_id, brief_version=read.version, reason="按专报处置"))

    (brief,) = kept.take_briefs()
    assert (brief.status, brief.version, brief.id) == (status, changed.version, read.id)
    assert brief.version > read.version
    (said,) = brief.decisions
    assert (said.status, said.version, said.by_role, said.reason) == (status, 1, "direct_responsible", "按专报处置")
    assert brief.model_copy(update={"status": read.status, "version": read.version, "decisions": ()}) == read
    document = markdown(brief, ZoneInfo("Asia/Shanghai"))
    assert f"状态：**{status.label}**（direct\\_responsible，" in document
    assert "按专报处置" in document
    assert f"处置建议（{status.label}）" in document


def test_what_was_not_read_is_not_approved() -> None:
    kept = book()
    read = grave(kept)
    kept.take([mention(2, floor="I")])
    (newer,) = kept.take_briefs()

    reason = refusal(kept, decision("approve_brief", read.incident_id, brief_version=read.version))

    assert f"第{read.version}版" in reason
    assert f"现为第{newer.version}版" in reason
    kept.command(decision("approve_brief", read.incident_id, "c-2", brief_version=newer.version))
    assert [brief.status for brief in kept.take_briefs()] == [BriefStatus.APPROVED]


def test_a_matter_that_grows_graver_comes_for_approval_again_and_keeps_what_was_decided() -> None:
    kept = book()
    read = grave(kept)
    kept.command(decision("approve_brief", read.incident_id))
    kept.take_briefs()

    kept.take([mention(2, floor="I")])

    (brief,) = kept.take_briefs()
    assert brief.status is BriefStatus.FOR_APPROVAL
    assert [said.status for said in brief.decisions] == [BriefStatus.APPROVED]


def test_a_book_made_anew_knows_the_brief_and_the_decision() -> None:
    store = DictStore()
    read = grave(book(store))
    approval = decision("approve_brief", read.incident_id, brief_version=read.version)
    first = book(store)
    first.command(approval)
    (approved,) = first.take_briefs()

    again = book(store)

    assert again.command(approval) == []
    reason = refusal(again, decision("approve_brief", read.incident_id, "c-2"))
    assert "已批准" in reason
    again.command(decision("return_brief", read.incident_id, "c-3", brief_version=approved.version))
    (returned,) = again.take_briefs()
    assert [said.status.value for said in returned.decisions] == ["approved", "returned"]


def test_only_roles_that_may_approve_do() -> None:
    kept = book()
    read = grave(kept)

    reason = refusal(kept, decision("approve_brief", read.incident_id, by_role="duty_officer"))

    assert "direct_responsible" in reason
    assert "response.yaml" in reason


def test_a_lesser_matter_has_no_brief_to_decide_on() -> None:
    kept = book()
    (small,) = kept.take([mention(1)])

    assert "没有研判专报" in refusal(kept, decision("approve_brief", small.id))


def test_the_brief_is_forgotten_with_its_matter() -> None:
    store = DictStore()
    kept = book(store)
    read = grave(kept)
    other = kept.take([mention(2, features={"食堂": 1.0})])[0]

    assert f"brief/{read.incident_id}" in store.entries
    kept.command(IncidentCommand.model_validate({**decision("merge", read.incident_id).model_dump(), "into": other.id}))

    assert f"brief/{read.incident_id}" not in store.entries
