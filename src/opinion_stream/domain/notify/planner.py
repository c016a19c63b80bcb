"""Decides when which notices are sent: at once, in a digest, after the quiet hours, or once more after a failure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from opinion_stream.domain.notify.notices import Notice
from opinion_stream.models.base import Grade
from opinion_stream.policy.base import wait_after
from opinion_stream.policy.notify import Notify


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out over one channel in one piece. `id` derives from the notices in it."""

    id: str
    channel: str
    title: str
    body: str
    notice_ids: tuple[str, ...]


@dataclass(slots=True)
class _Parcel:
    """Notices that go out together, and when to try (again)."""

    notices: list[Notice]
    at: datetime
    urgent: bool
    failures: int = 0


@dataclass(slots=True)
class _Queue:
    """Of one channel: parcels in order of arrival; the last one may still be open for more notices."""

    parcels: list[_Parcel] = field(default_factory=list)
    open: _Parcel | None = None


class Planner:
    """The waiting notices of all channels. A channel that fails holds up no other.

    It lives in memory: what was not sent is read from the topics again after a restart. `now` has a zone.
    """

    def __init__(self, policy: Notify, zone: ZoneInfo) -> None:
        self._policy = policy
        self._zone = zone
        self._queues: dict[str, _Queue] = {}
        self._out: dict[str, tuple[str, _Parcel]] = {}
        self._known: set[str] = set()

    def __len__(self) -> int:
        """Number of notices that wait or are on their way."""
        return len(self._known)

    def take(self, notice: Notice, now: datetime) -> None:
        """Take in a notice; one that waits already changes nothing."""
        if notice.id in self._known:
            return
        self._known.add(notice.id)
        queue = self._queues.setdefault(notice.channel, _Queue())
        if notice.grade in self._policy.at_once:
            queue.parcels.append(_Parcel([notice], now, urgent=True))
            return
        if queue.open is None:
            due = self.after_quiet(now + timedelta(minutes=self._policy.digest_minutes))
            queue.open = _Parcel([], due, urgent=False)
            queue.parcels.append(queue.open)
        queue.open.notices.append(notice)

    def next_at(self) -> datetime | None:
        """When the next message is due; None while nothing waits."""
        return min((parcel.at for queue in self._queues.values() for parcel in queue.parcels), default=None)

    def due(self, now: datetime) -> list[Message]:
        """The messages to send now, urgent ones first. Each must be answered by `sent` or `failed`."""
        ready: list[tuple[bool, datetime, str, _Parcel]] = []
        for channel, queue in self._queues.items():
            for parcel in [p for p in queue.parcels if p.at <= now]:
                if not parcel.urgent and (awake := self.after_quiet(now)) != now:
                    parcel.at = awake  # it was due in the evening, and nobody asked before the night
                    continue
                queue.parcels.remove(parcel)
                if parcel is queue.open:
                    queue.open = None
                ready.append((not parcel.urgent, parcel.at, channel, parcel))
        messages: list[Message] = []
        for _, _, channel, parcel in sorted(ready, key=lambda item: item[:3]):
            message = _message(channel, parcel, self._policy.digest_lines)
            self._out[message.id] = channel, parcel
            messages.append(message)
        return messages

    def sent(self, message: Message) -> None:
        """The message has gone out."""
        del self._out[message.id]
        self._known.difference_update(message.notice_ids)

    def failed(self, message: Message, now: datetime) -> datetime:
        """It could not be sent: try again later, without end. Returns when. A digest still keeps quiet hours."""
        channel, parcel = self._out.pop(message.id)
        wait = wait_after(parcel.failures, self._policy.retry_seconds)
        parcel.failures += 1
        parcel.at = now + wait if parcel.urgent else self.after_quiet(now + wait)
        self._queues[channel].parcels.append(parcel)
        return parcel.at

    def after_quiet(self, at: datetime) -> datetime:
        """`at`, or the end of the quiet hours it falls into."""
        quiet = self._policy.quiet_hours
        return at if quiet is None else quiet.over(at, self._zone)


def _message(channel: str, parcel: _Parcel, most: int) -> Message:
    notices = sorted(parcel.notices, key=lambda notice: notice.grade.rank if notice.grade else len(Grade) + 1)
    ids = tuple(notice.id for notice in notices)
    lines = [notice.text for notice in notices[:most]]
    if len(notices) > most:
        lines.append(f"……另有{len(notices) - most}件，请到平台查看")
    gravest = notices[0]
    if len(notices) == 1:
        title = f"【{gravest.grade.label}】{gravest.heading}" if gravest.grade else f"【{gravest.heading}】"
    else:
        title = f"待办汇总{len(notices)}件" + (f"，最高{gravest.grade.label}" if gravest.grade else "")
    name = sha256("\n".join(ids).encode()).hexdigest()[:16]
    return Message(id=f"n-{name}", channel=channel, title=title, body="\n".join(lines), notice_ids=ids)
