"""The label values that metrics may have: lists that the policy closes, so that no text can add a series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from opinion_stream.domain.figures import ORDERED, ClockStanding, Measure
from opinion_stream.domain.places import Places
from opinion_stream.models.base import Grade
from opinion_stream.models.task import TaskState
from opinion_stream.policy import Policy

OTHER: Final = "other"
"""What is not on a list is counted under this: a model trained on another system, a record of an older policy."""
UNSURE: Final = "unsure"


@dataclass(frozen=True)
class ClosedLists:
    """What a policy knows, as label values."""

    categories: tuple[str, ...]
    """Level 1, with the fallback, `unsure` and `other`."""
    regions: dict[str, str]
    """Code and name of each region of the level by which incidents are kept apart, and above."""
    shard_of: dict[str, str]
    """Code of any region to that of the one it is counted under."""
    tiers: tuple[str, ...]
    notice_levels: tuple[str, ...]
    figures: dict[Measure, tuple[tuple[str, ...], ...]]
    """All label values of each measure."""

    @staticmethod
    def of(policy: Policy) -> ClosedLists:
        """The lists of a policy."""
        places = Places(policy)
        shard_of = {region.code: places.shard(region.code) for region in policy.regions.regions}
        names = [category.name for category in policy.categories.categories]
        grades = tuple((grade.value,) for grade in Grade)
        kinds = (*policy.deadlines.clocks, ORDERED, OTHER)
        return ClosedLists(
            categories=tuple(dict.fromkeys((*names, policy.categories.fallback, UNSURE, OTHER))),
            regions={code: places.ref(code).name for code in sorted(set(shard_of.values()))} | {OTHER: OTHER},
            shard_of=shard_of,
            tiers=(*policy.media.tiers, OTHER),
            notice_levels=(*(level.id for level in policy.deadlines.notices), OTHER),
            figures={
                Measure.INCIDENTS_OPEN: grades,
                Measure.INCIDENTS_CLOSED: ((),),
                Measure.RECEIPTS_OUTSTANDING: grades,
                Measure.TASKS: tuple((state.value,) for state in TaskState),
                Measure.CLOCKS: tuple((kind, standing.value) for kind in kinds for standing in ClockStanding),
            },
        )
