"""The table of rules names tests and keys that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]
TEXT = "\n".join((REPO / "docs" / name).read_text(encoding="utf-8") for name in ("rules.md", "rules-response.md"))
TESTS = "\n".join(
    f"{p.name}\n{p.read_text(encoding='utf-8')}" for p in (REPO / "tests").rglob("*.py") if p.name != "test_rules.py"
)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(?:tests/\S*/)?([Tt]est_?[A-Za-z0-9_.]+)…?`", TEXT))))
def test_every_test_that_the_rules_name_exists(name: str) -> None:
    assert name in TESTS


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([a-z]+\.yaml)`((?: `[^`]+`)+)", TEXT))))
def test_every_key_that_the_rules_name_exists(name: tuple[str, str]) -> None:
    file, keys = name
    text = (REPO / "config" / file).read_text(encoding="utf-8")
    for key in re.findall(r"`([^`]+)`", keys):
        assert all(part == "*" or part in text for part in key.partition(":")[0].split(".")), key
