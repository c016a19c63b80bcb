"""Which playbooks, risks and measures apply to an incident, and why."""

from __future__ import annotations

from dataclasses import dataclass

from opinion_stream.models.incident import Incident
from opinion_stream.policy.playbooks import Playbook, Playbooks, Signs


@dataclass(frozen=True)
class Matter:
    """What signs are looked for in: the incident, the rules it met, and its title, keywords and extracts."""

    incident: Incident
    rules: frozenset[str]
    text: str


def matter_of(incident: Incident, passages: tuple[str, ...]) -> Matter:
    """The matter of an incident; `passages` are the sentences kept of its mentions."""
    rules = {reason.rule for reason in incident.factors.content.reasons}
    if incident.priority_rule is not None:
        rules.add(incident.priority_rule)
    return Matter(incident, frozenset(rules), "\n".join((incident.title, *incident.keywords, *passages)))


def why(signs: Signs, matter: Matter) -> tuple[str, ...] | None:
    """What makes the signs hold, a phrase for each part that was asked for (none if none was); None if they fail."""
    incident = matter.incident
    found: list[str] = []
    if signs.rules:
        met = [rule for rule in signs.rules if rule in matter.rules]
        if not met:
            return None
        found.append(f"命中规则{'、'.join(met)}")
    if signs.any_words:
        words = [word for word in signs.any_words if word in matter.text]
        if not words:
            return None
        found.append(f"提及中出现“{'、'.join(words[:5])}”")
    if any(word in matter.text for word in signs.none_words):
        return None
    if signs.categories:
        if incident.category not in signs.categories:
            return None
        found.append(f"类别为“{incident.category}”")
    if signs.natures:
        if incident.nature not in signs.natures:
            return None
        found.append(f"性质为“{incident.nature.label}”")
    if signs.directions:
        if incident.trend.direction not in signs.directions:
            return None
        found.append(f"声量{incident.trend.direction.label}")
    for least, number, name in (
        (signs.min_voices, incident.counts.voices, "个不同账号发声"),
        (signs.min_media, incident.counts.media, "家媒体介入"),
    ):
        if number < least:
            return None
        if least:
            found.append(f"{number}{name}")
    return tuple(found)


def matching(policy: Playbooks, matter: Matter) -> list[tuple[Playbook, str]]:
    """The playbooks that apply, in the order of the policy, at most `max_playbooks`, each with why."""
    found: list[tuple[Playbook, str]] = []
    for playbook in policy.playbooks:
        for signs in playbook.when:
            because = why(signs, matter)
            if because is not None:
                found.append((playbook, "，".join(because) or "适用于所有事项"))
                break
        if len(found) == policy.max_playbooks:
            break
    return found
