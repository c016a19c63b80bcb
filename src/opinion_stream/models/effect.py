"""ResponseEffect (回应效果): how volume and mood of a matter went after it was answered."""

from __future__ import annotations

from opinion_stream.models.base import Count, Instant, Share, UnitRef, WireModel


class ResponseEffect(WireModel):
    """What was said before and after a response, over the same number of hours. `id` = response and hours."""

    schema_version: int = 1
    id: str
    response_id: str
    task_id: str
    incident_id: str
    unit: UnitRef
    hours: float
    """Length of the two windows: the one that ends and the one that begins with the publication."""
    published_at: Instant
    measured_at: Instant
    before: Count
    """Mentions in the window before; `after` in the window after."""
    after: Count
    critical_before: Share | None
    """Share of them that voice a concern (natures of `supervision.yaml`); None where there were none."""
    critical_after: Share | None
    enough: bool
    """Whether there were enough mentions before to judge by."""
    text: str
    """In Chinese, with the figures."""
