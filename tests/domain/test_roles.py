"""Roles have the names that duty staff know them by."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from builders import small_policy
from opinion_stream.adapters.ledger.labels import labels
from opinion_stream.domain.roles import role_name, role_names
from opinion_stream.policy import load_policy

ROOT = Path(__file__).parents[2]
SHIPPED = [ROOT / "config", ROOT / "examples/xidi"]


def test_a_role_that_is_not_known_stands_for_itself() -> None:
    assert role_name(small_policy(), "duty_officer") == "值班员"
    assert role_name(small_policy(), "rule") == "规则"
    assert role_name(small_policy(), "lamplighter") == "lamplighter"


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_who_may_approve_has_a_chinese_name_in_the_ledger_too(folder: Path) -> None:
    policy = load_policy(folder)
    told = {row["code"]: row["name"] for row in labels(policy) if row["kind"] == "role"}
    assert told == role_names(policy)
    assert policy.response.approvers
    assert all(re.search("[\u4e00-\u9fff]", str(told[code])) for code in policy.response.approvers)


def test_every_role_that_acts_in_the_scenario_has_a_name() -> None:
    text = (ROOT / "examples/qingyang-three-days/actions.yaml").read_text(encoding="utf-8")
    acting = {action["role"] for action in yaml.safe_load(text) if "role" in action}
    assert {"handler", "editor", "reviewer", "spokesperson"} <= acting <= role_names(load_policy(SHIPPED[0])).keys()
