"""How long the ledger (台账) keeps what."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from opinion_stream.policy.base import PolicyModel

Days = Annotated[int, Field(ge=1, le=36_500)] | None
"""Days; None keeps for ever."""


class KeepDays(PolicyModel):
    """Days by table, counted from what the table's rows are about: publication, issue, last mention, last change.

    What still goes on is kept however old it is: open incidents and warnings, tasks that are not closed, reports that
    wait for a receipt, dead letters that are not settled.
    """

    mentions: Days
    assessments: Days
    incidents: Days
    briefs: Days
    warnings: Days
    escalations: Days
    receipts: Days
    tasks: Days
    responses: Days
    supervision_notices: Days
    effects: Days
    referral_replies: Days
    task_outcomes: Days
    dead_letters: Days
    unreadable: Days


class LedgerPolicy(PolicyModel):
    """`ledger.yaml`."""

    keep_days: KeepDays
    source: str
    """The rules that the periods come from: document and clause."""
