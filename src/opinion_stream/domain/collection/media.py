"""Media: which medium a mention appeared in, by the policy's own list."""

from __future__ import annotations

from opinion_stream.domain.collection.clean import words_only
from opinion_stream.models.mention import Media
from opinion_stream.policy.judgement import MediaPolicy


class MediaResolver:
    """Finds media by the policy. What a source says about its own tier is not asked for."""

    def __init__(self, policy: MediaPolicy) -> None:
        self._policy = policy
        self._listed: dict[str, Media] = {}
        self._unlisted: dict[tuple[str, str], Media] = {}
        for medium in policy.media:
            for name in (medium.name, *medium.aliases):
                self._listed.setdefault(words_only(name), Media(name=medium.name, kind=medium.kind, tier=medium.tier))

    def resolve(self, name: str | None, kind: str | None, channel: str | None) -> Media:
        """The medium of that stated name and kind (cleaned) in that channel.

        A listed one, by name or alias, keeps name, kind and tier of the policy. Any other has no name,
        its kind if the policy knows it, and the tier of its kind, of its channel, or the default.
        """
        listed = self._listed.get(words_only(name)) if name else None
        if listed is not None:
            return listed
        policy = self._policy
        known = kind if kind in policy.kinds else None
        tier = policy.kinds[known] if known else policy.channels.get(channel or "", policy.default_tier)
        key = known or "unknown", tier
        if key not in self._unlisted:
            self._unlisted[key] = Media(name=None, kind=key[0], tier=tier)
        return self._unlisted[key]
