"""What goes out first, what is tried again, and how it reads."""

from __future__ import annotations

import json
from datetime import timedelta

from builders import T0, public_response, small_policy, unit_ref
from opinion_stream.domain.publishing.page import as_markdown
from opinion_stream.domain.publishing.queue import ReleaseQueue
from opinion_stream.models.base import Grade
from opinion_stream.models.task import PublicResponse


def response(name: str, grade: Grade | None = Grade.III, minute: int = 0) -> PublicResponse:
    return public_response(id=f"r-{name}", grade=grade, published_at=T0 + timedelta(minutes=minute))


def test_grave_matters_go_out_first_the_rest_in_order_of_time() -> None:
    queue = ReleaseQueue(small_policy().publishing)
    for item in (response("a", minute=1), response("b", None), response("c", Grade.II, 9), response("d", Grade.I, 8)):
        queue.take(item, T0)
    assert [item.id for item in queue.due(T0)] == ["r-d", "r-c", "r-b", "r-a"]


def test_what_fails_waits_longer_each_time_and_is_never_given_up() -> None:
    queue = ReleaseQueue(small_policy().publishing)
    one = response("a")
    queue.take(one, T0)
    now, waits = T0, []
    for _ in range(4):
        [due] = queue.due(now)
        again = queue.failed(due, now)
        assert queue.due(again - timedelta(seconds=1)) == []
        waits.append((again - now).total_seconds())
        now = again
    assert waits == [5, 30, 30, 30]
    queue.done(one)
    assert len(queue) == 0


def test_a_page_carries_its_data_in_front() -> None:
    text = as_markdown(response("a"))
    _, front, body = text.split("---\n")
    assert json.loads(front)["unit"] == unit_ref("housing").name
    assert body.strip() == "管道已于当日修复。"
