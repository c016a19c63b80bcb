"""Sources as shipped: samples that are off, on reserved domains, each with the ground for reading it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from opinion_stream.policy import load_policy

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
