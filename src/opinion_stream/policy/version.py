"""By which rules something was judged: one short name for the whole content of a policy."""

from __future__ import annotations

from hashlib import sha256

from opinion_stream.policy.loader import Policy


def rules_version(policy: Policy) -> str:
    """12 hex digits that change whenever a rule does; comments and the order of files do not matter.

    `watch.yaml` is left out: it may change while processes run, only collection goes by it, and it has a version of
    its own.
    """
    return sha256(policy.model_dump_json(exclude={"watch"}).encode()).hexdigest()[:12]
