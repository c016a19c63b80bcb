"""A changed file of watch rules is taken up; a wrong one is refused, once and loudly, and the old rules stay."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from opinion_stream.adapters.watch_file import Outcome, WatchFile
from opinion_stream.policy.loader import load_watch

RULE = "priority: [{{name: {name}, query: '{query}', reason: 因为如此}}]\n"


class Scene:
    """A file of rules, a clock set by hand, and what the worker was told."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "watch.yaml"
        self.write("停水", "停水")
        self.seconds = 0.0
        self.told: list[Outcome] = []
        self.rules = WatchFile(
            self.path, load_watch(self.path), every=3, now=lambda: self.seconds, told=self.told.append
        )

    def write(self, name: str, query: str) -> None:
        self.path.write_text(RULE.format(name=name, query=query), encoding="utf-8")

    def names(self, after: float = 5) -> list[str]:
        self.seconds += after
        return [rule.name for rule in self.rules().rules.priority]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_changed_file_is_taken_up_when_it_is_time_to_look(scene: Scene) -> None:
    assert scene.names() == ["停水"]
    before = scene.rules().version
    scene.write("停电", "停电")
    assert scene.names(after=1) == ["停水"], "not yet looked at"
    assert scene.names(after=2) == ["停电"]
    assert scene.rules().version != before
    assert scene.told == ["same", "taken"]


def test_a_change_that_leaves_time_and_size_as_they_were_is_seen(scene: Scene) -> None:
    scene.names()
    stamp = scene.path.stat()
    scene.write("停电", "停电")
    os.utime(scene.path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert scene.path.stat().st_size == stamp.st_size
    assert scene.names() == ["停电"]


def test_a_wrong_file_is_refused_once_and_the_old_rules_stay_until_it_is_mended(scene: Scene) -> None:
    scene.names()
    scene.write("停电", "停电 or")
    with capture_logs() as logs:
        assert [scene.names(), scene.names(), scene.names()] == [["停水"]] * 3
    assert [entry["event"] for entry in logs] == ["watch_rules_refused"]
    assert logs[0]["log_level"] == "error"
    assert "停电.query" in logs[0]["problems"][0]
    scene.write("停电", "停电 or 断电")
    assert scene.names() == ["停电"]
    assert scene.told == ["same", "refused", "taken"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"priority: [", b"[]", b"no_such_key: 1"])
def test_nothing_that_may_stand_in_the_file_stops_the_worker(scene: Scene, content: bytes) -> None:
    scene.path.write_bytes(content)
    assert scene.names() == ["停水"]
    assert scene.told == ["refused"]


def test_a_file_that_went_away_is_refused_and_its_return_is_noticed(scene: Scene) -> None:
    scene.names()
    scene.path.unlink()
    assert [scene.names(), scene.names()] == [["停水"]] * 2
    scene.write("停水", "停水")
    assert scene.names() == ["停水"]
    assert scene.told == ["same", "refused", "same"]
    scene.path.unlink()
    scene.path.mkdir()
    assert scene.names() == ["停水"]
    assert scene.told[-1] == "refused"


def test_comments_alone_are_no_new_rules(scene: Scene) -> None:
    watcher = scene.rules()
    scene.path.write_text("# 一行说明\n" + scene.path.read_text(encoding="utf-8"), encoding="utf-8")
    scene.seconds += 5
    assert scene.rules() is watcher
    assert scene.told == ["same", "same"]
