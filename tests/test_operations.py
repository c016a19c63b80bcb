"""The operator's page names every setting."""

from __future__ import annotations

from pathlib import Path

from opinion_stream.settings import PREFIX, Settings


def test_every_setting_is_documented() -> None:
    text = (Path(__file__).parents[1] / "docs" / "operations.md").read_text(encoding="utf-8")
    missing = [name for name in Settings.model_fields if f"`{PREFIX}{name.upper()}`" not in text]
    assert missing == []
