"""A file that is replaced is the old one or the new one, never half of one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from opinion_stream.adapters.whole_file import replace


def test_a_file_is_made_with_its_folder_and_replaced_without_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "s.json"
    replace(path, b"old and longer")
    replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.json"
    replace(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            replace(path, b"new")
    assert path.read_bytes() == b"old"
    replace(path, b"newer")
    assert path.read_bytes() == b"newer"
