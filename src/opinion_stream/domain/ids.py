"""Ids that follow from what they name: the task of an incident and back, the dead letter of a record."""

from __future__ import annotations

import hashlib

INCIDENT_PREFIX = "i-"
TASK_PREFIX = "t-"
BRIEF_PREFIX = "b-"


def task_id(incident_id: str) -> str:
    """The id of the one task of an incident: `i-1a2b` gives `t-1a2b`."""
    return TASK_PREFIX + incident_id.removeprefix(INCIDENT_PREFIX)


def incident_id(task_id: str) -> str:
    """The id of the incident of a task: `t-1a2b` gives `i-1a2b`."""
    return INCIDENT_PREFIX + task_id.removeprefix(TASK_PREFIX)


def brief_id(incident_id: str) -> str:
    """The id of the brief on an incident: `i-1a2b` gives `b-1a2b`."""
    return BRIEF_PREFIX + incident_id.removeprefix(INCIDENT_PREFIX)


def dead_letter_id(stage: str, value: bytes) -> str:
    """The id of the dead letter of a record: the same bytes at the same stage give the same id."""
    return f"d-{hashlib.blake2b(value, digest_size=12, person=b'dead-letter', key=stage.encode()).hexdigest()}"


def referral_matter(from_body: str, referral: str) -> str:
    """The id of the matter that a body refers to us under an id of its own; two bodies may use the same one."""
    digest = hashlib.sha256(chr(31).join((from_body, referral)).encode()).hexdigest()
    return f"{INCIDENT_PREFIX}r{digest[:19]}"
