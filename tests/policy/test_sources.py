"""Sources as shipped: samples that are off, on reserved domains, each with the ground for reading it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from opinion_stream.policy import load_policy
from opinion_stream.policy.sources import SourcesPolicy

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("folder", ["config", "examples/xidi"])
def test_no_shipped_source_is_on_or_points_at_a_real_host(folder: str) -> None:
    policy = load_policy(ROOT / folder)
    for source in policy.sources.sources:
        assert not source.enabled
        data = source.model_dump(mode="json")
        for address in (data.get("url"), *(data.get("pages") or ())):
            if address:
                assert (urlsplit(address).hostname or "").endswith(".example")


def test_the_examples_of_the_documentation_are_valid() -> None:
    text = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    examples = [block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if block.startswith("  - name:")]
    assert len(examples) >= 2
    for example in examples:
        SourcesPolicy.model_validate(
            {
                "defaults": {"schedule": {"every_minutes": 15}, "http": {"contact": "https://office.example/about"}},
                "sources": yaml.safe_load(example),
            }
        )
