"""Every test that the threat model names is there."""

from __future__ import annotations

import re
from pathlib import Path

REPO = Path(__file__).parents[1]


def test_every_named_test_exists() -> None:
    text = (REPO / "docs" / "threat-model.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/[\w/.]+)`", text))
    assert len(named) > 10
    assert [name for name in sorted(named) if not (REPO / name).exists()] == []


def test_each_threat_names_a_test_or_says_why_not() -> None:
    text = (REPO / "docs" / "threat-model.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if re.match(r"\| [STRIDE] \|", line)]
    assert {row[2] for row in rows} == set("STRIDE")
    for row in rows:
        threat, guard, test = [cell.strip() for cell in row.strip("|").split("|")[1:]]
        assert threat
        assert guard
        assert "`" in test or "fails" in test or "**Taken**" in guard or "operations" in test, row
