"""Supervision (督查考核): how figures are told."""

from __future__ import annotations

from pydantic import Field

from opinion_stream.policy.base import PolicyModel


class Supervision(PolicyModel):
    """`supervision.yaml`. `small_count`: a share of fewer cases than this is told as counts alone."""

    small_count: int = Field(ge=0, le=1000)
    source: str
