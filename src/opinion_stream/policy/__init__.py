"""Policy (规则配置): everything a jurisdiction decides, read from YAML and checked at the start."""

from opinion_stream.policy.loader import Policy, load_policy

__all__ = ["Policy", "load_policy"]
