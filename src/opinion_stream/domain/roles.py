"""The names of roles (岗位) as duty staff read them; never those of persons."""

from __future__ import annotations

from collections.abc import Mapping

from opinion_stream.policy import Policy

RULE = "rule"
"""The role of what no person did."""


def role_names(policy: Policy) -> Mapping[str, str]:
    """Every role's name by its code: those that reports go to, those that act on tasks, and the rule."""
    addressed = {code: role.name for code, role in policy.routes.roles.items()}
    return {RULE: "规则", **policy.response.roles, **addressed}


def role_name(policy: Policy, code: str) -> str:
    """The name; a code that the policy does not know stands for itself."""
    return role_names(policy).get(code, code)
