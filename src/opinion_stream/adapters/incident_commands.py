"""Incidents as they stand on their topic, and commands about them: sent, and followed to their effect."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from opinion_stream.adapters.reading import Stored, reader
from opinion_stream.adapters.window import decoded, outgoing, producer, standing
from opinion_stream.domain.ids import dead_letter_id
from opinion_stream.domain.summary import latest
from opinion_stream.models.brief import Brief
from opinion_stream.models.command import IncidentCommand
from opinion_stream.models.control import DeadLetter
from opinion_stream.models.incident import Incident
from opinion_stream.settings import Settings
from opinion_stream.topics import BRIEFS, DEAD_LETTERS, INCIDENT_COMMANDS, INCIDENTS, Stage, full_name


@dataclass(frozen=True)
class Outcome:
    """What became of a command: the incidents or the brief it changed, or why it was refused; neither: nothing yet."""

    incidents: tuple[Incident, ...] = ()
    brief: Brief | None = None
    refused: str | None = None


async def current_incidents(settings: Settings) -> list[Incident]:
    """Every incident in its latest version. Raises BrokerError when the broker or the topic is not there."""
    return latest(await standing(settings, INCIDENTS, Incident))


async def send_and_wait(settings: Settings, command: IncidentCommand, shard: str, seconds: float) -> Outcome:
    """Send a command to the partition of its shard; wait up to `seconds` for what becomes of it, 0: do not wait.

    The effect is told by the events of the incidents and by the brief, which name the command; a refusal by the dead
    letter of its bytes.
    """
    topics = (INCIDENTS, BRIEFS, DEAD_LETTERS)
    incidents, briefs, letters = (full_name(settings.topic_prefix, topic) for topic in topics)
    record = outgoing(settings, INCIDENT_COMMANDS, shard, command)
    async with producer(settings) as made:
        if not seconds:
            await made.send_all([record])
            return Outcome()
        async with reader(settings.broker()) as read:
            # From the beginning, since a command whose key has acted before brings nothing new.
            await read.seek([incidents, briefs, letters], from_beginning=True)
            await made.send_all([record])
            deadline = time.monotonic() + seconds
            seen: dict[str, Incident] = {}
            while time.monotonic() < deadline:
                batch = await read.next_batch(200)
                refused = _refusal([r for r in batch if r.topic == letters], command)
                if refused is not None:
                    return Outcome(refused=refused)
                decided = _decided([r for r in batch if r.topic == briefs], command)
                if decided is not None:
                    return Outcome(brief=decided)
                seen |= _changed([r for r in batch if r.topic == incidents], command)
                if seen and not batch:
                    break
        return Outcome(incidents=tuple(seen.values()))


def _changed(records: Sequence[Stored], command: IncidentCommand) -> dict[str, Incident]:
    return {i.id: i for i in decoded(records, Incident) if any(event.cause == command.id for event in i.events)}


def _decided(records: Sequence[Stored], command: IncidentCommand) -> Brief | None:
    briefs = (b for b in decoded(records, Brief) if any(decision.cause == command.id for decision in b.decisions))
    return next(briefs, None)


def _refusal(records: Sequence[Stored], command: IncidentCommand) -> str | None:
    wanted = dead_letter_id(Stage.INCIDENTS.value, command.to_bytes())
    return next((letter.reason for letter in decoded(records, DeadLetter) if letter.id == wanted), None)
