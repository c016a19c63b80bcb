"""Duty (值班): who is on duty at a post at a time, who stands above, and where the roster has gaps."""

from opinion_stream.domain.duty.coverage import roster_problems
from opinion_stream.domain.duty.roster import OnDuty, Roster, Watch

__all__ = ["OnDuty", "Roster", "Watch", "roster_problems"]
