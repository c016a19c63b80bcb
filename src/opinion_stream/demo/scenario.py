"""Reads a scenario: mentions in order of time, and what people do when."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, TypeVar

import orjson
import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from opinion_stream.adapters.inbound import raw_lines
from opinion_stream.errors import OpinionStreamError
from opinion_stream.models.escalation import ReceiptKind
from opinion_stream.models.task import CommandKind

T = TypeVar("T")


class Action(BaseModel):
    """What a person does at a time about the matter that a mention belongs to (`matter`: its id).

    A receipt answers the open escalation at `recipient_level`; a command acts on the matter's task.
    `expect: refused` marks one that the task's state does not allow.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime
    matter: str
    kind: Literal["receipt", "command"]
    role: str
    recipient_level: str | None = None
    receipt: ReceiptKind | None = None
    note: str = ""
    command: CommandKind | None = None
    unit: str = ""
    text: str = ""
    publication: str | None = None
    url: str | None = None
    consult_units: tuple[str, ...] = ()
    to_unit: str | None = None
    legal_ground: str | None = None
    ground: str | None = None
    approver: str | None = None
    expect: Literal["refused"] | None = None


class Routine(BaseModel):
    """What the duty staff does unasked: receipts for all reports, acceptance of tasks that no action names.

    `left_alone`: matters (ids of a mention in each) that nobody looks after, to show what follows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    acknowledge_after_minutes: float = Field(gt=0)
    accept_after_hours: float = Field(gt=0)
    left_alone: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """A stretch of simulated time up to `until`: what is said in it, then what is done in it.

    `tick`: at its end deadlines are looked at.
    """

    until: datetime
    lines: tuple[bytes, ...]
    actions: tuple[Action, ...]
    tick: bool


GROUP = timedelta(minutes=45)
"""Actions that lie closer together are done in one go; each keeps its own time."""


def load_steps(folder: Path, minutes: int) -> list[Step]:
    """The scenario in `folder` (`mentions.jsonl`, `actions.yaml`) cut every `minutes` and after each group of actions.

    A line without a readable time takes that of the line before it. Raises OpinionStreamError naming the
    file and the entry that is wrong.
    """
    mentions = folder / "mentions.jsonl"
    if not mentions.is_file():
        raise OpinionStreamError(f"{mentions}: no such file; name the scenario's folder with --scenario")
    timed = _timed(list(raw_lines(mentions)))
    actions = _actions(folder / "actions.yaml")
    ticks = _grid(timed[0][0], max([timed[-1][0], *(a.at for a in actions)]), timedelta(minutes=minutes))
    steps: list[Step] = []
    said = done = 0
    for cut in sorted({*ticks, *_group_ends(actions, ticks)}):
        first_said, first_done = said, done
        while said < len(timed) and timed[said][0] <= cut:
            said += 1
        while done < len(actions) and actions[done].at <= cut:
            done += 1
        lines = tuple(line for _, line in timed[first_said:said])
        steps.append(Step(cut, lines, tuple(actions[first_done:done]), tick=cut in ticks))
    return steps


def _grid(first: datetime, last: datetime, width: timedelta) -> set[datetime]:
    """Every multiple of `width` of the clock from `first` on, the last one at or after `last`."""
    seconds = width.total_seconds()
    at = datetime.fromtimestamp(first.timestamp() // seconds * seconds, first.tzinfo)
    cuts: set[datetime] = set()
    while at < last:
        at += width
        cuts.add(at)
    return cuts


def _group_ends(actions: list[Action], ticks: set[datetime]) -> Iterator[datetime]:
    start: datetime | None = None
    for action, after in itertools.zip_longest(actions, actions[1:]):
        start = start or action.at
        if after is None or after.at - start > GROUP or any(action.at <= tick < after.at for tick in ticks):
            yield action.at
            start = None


def load_routine(folder: Path) -> Routine | None:
    """The routine in `folder/routine.yaml`; None if there is no such file. Raises OpinionStreamError if it is wrong."""
    path = folder / "routine.yaml"
    return _read(path, TypeAdapter(Routine)) if path.is_file() else None


def _timed(lines: list[bytes]) -> list[tuple[datetime, bytes]]:
    known = [_time_of(line) for line in lines]
    first = next((at for at in known if at is not None), None)
    if first is None:
        raise OpinionStreamError("the scenario holds no mention with a readable published_at")
    timed: list[tuple[datetime, bytes]] = []
    latest = first
    for at, line in zip(known, lines, strict=True):
        # A line that is out of order or absurd (a year 9999) must not move the simulated time.
        if at is not None and abs((at - latest).total_seconds()) < 7 * 86_400:
            latest = max(latest, at)
        timed.append((latest, line))
    return timed


def _time_of(line: bytes) -> datetime | None:
    try:
        data = orjson.loads(line)
        at = datetime.fromisoformat(data["published_at"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None
    return at if at.tzinfo is not None else None


def _actions(path: Path) -> list[Action]:
    return sorted(_read(path, TypeAdapter(list[Action])), key=lambda action: action.at)


def _read(path: Path, kind: TypeAdapter[T]) -> T:
    try:
        return kind.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise OpinionStreamError(f"{path}: cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise OpinionStreamError(f"{path}: not readable as YAML: {error}") from error
    except ValidationError as error:
        item = error.errors()[0]
        where = ".".join(str(part) for part in item["loc"])
        raise OpinionStreamError(f"{path}: entry {where}: {item['msg']}") from error
