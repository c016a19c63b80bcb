"""The operator's page names every setting."""

from __future__ import annotations

from pathlib import Path

from opinion_stream.settings import PREFIX, Settings

DOCS = Path(__file__).parents[1] / "docs"


def test_every_setting_is_documented() -> None:
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    shared, _, own = text.partition(f"`{PREFIX}INTAKE_*`")
    missing = [
        name
        for name in Settings.model_fields
        if f"`{PREFIX}{name.upper()}`" not in shared + own and f"`{name.upper().removeprefix('INTAKE_')}`" not in own
    ]
    assert missing == []
