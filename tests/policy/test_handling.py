"""What a jurisdiction may not get wrong in routes and deadlines, since a matter or a notice would be lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from builders import SMALL_POLICY, small_policy
from opinion_stream.errors import PolicyError
from opinion_stream.policy import load_policy
from opinion_stream.policy.handling import Archive, Clock, Deadlines, NoticeLevel, Pause, Response


@pytest.mark.parametrize("only", ["categories: [教育文体]", "natures: [enquiry]"])
def test_every_matter_of_every_grade_has_a_route_to_its_lead_unit(tmp_path: Path, only: str) -> None:
    folder = shutil.copytree(SMALL_POLICY, tmp_path / "policy")
    routes = folder / "routes.yaml"
    routes.write_text(routes.read_text("utf-8").replace("grades: [IV]", f"grades: [IV]\n    {only}"), "utf-8")
    with pytest.raises(PolicyError, match=r"routes\.yaml: routes: no route takes every matter of grade IV"):
        load_policy(folder)


def test_a_clock_names_actions_that_exist() -> None:
    given = {"name": "公开回应", "source": "测试", "hours": 48}
    assert Clock.model_validate({**given, "met_by": ["publish", "publish:website", "close"]})
    with pytest.raises(ValidationError, match="publsh"):
        Clock.model_validate({**given, "met_by": ["publsh"]})


@pytest.mark.parametrize("text", ["{unti}：请办理", "{}", "{due:%Y}", "{task.id}"])
def test_a_notice_uses_only_what_it_is_given(text: str) -> None:
    with pytest.raises(ValidationError, match="unknown field"):
        NoticeLevel.model_validate({"id": "x", "at_fraction": 1, "to_role": "duty_officer", "text": text})


def test_notice_levels_differ() -> None:
    deadlines = small_policy().deadlines.model_dump(mode="json")
    with pytest.raises(ValidationError, match="differ"):
        Deadlines.model_validate({**deadlines, "notices": [deadlines["notices"][0]] * 2})


def test_an_extension_counts_as_its_clock_does() -> None:
    given = {"name": "公开回应", "source": "测试", "working_days": 7, "met_by": ["publish"]}
    assert Clock.model_validate({**given, "extension": {"working_days": 8, "source": "测试"}})
    with pytest.raises(ValidationError, match="as the clock counts"):
        Clock.model_validate({**given, "extension": {"hours": 8, "source": "测试"}})


def test_what_may_be_paused_says_on_which_grounds() -> None:
    with pytest.raises(ValidationError, match="grounds"):
        Pause.model_validate({"max_times": 1, "max_working_days": 5})


def test_an_id_is_remembered_as_long_as_the_topic_may_repeat_it() -> None:
    with pytest.raises(ValidationError, match="365"):
        Archive.model_validate({"remember_days": 30})


def test_a_policy_that_says_nothing_of_pauses_and_reopenings_is_still_valid() -> None:
    plain = {"publications": {}, "legal_grounds": {}, "max_hops": 2, "answer_must": {}}
    response = Response.model_validate(plain)
    assert (response.pause.max_times, response.approvers, response.reopen_grounds) == (0, (), {})
