"""The exits of the system: every error we raise on purpose, and what a caller does with it."""

from __future__ import annotations

from unicodedata import east_asian_width


class OpinionStreamError(Exception):
    """Base of all errors raised on purpose; its text is fit to show to an operator."""


class Rejected(OpinionStreamError):
    """A record that can never be processed: it goes to the dead letters with this reason.

    `reason` is a sentence a person understands and never quotes the record's content,
    since the content may hold personal data. `kind` is a short stable slug for counting.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class PolicyError(OpinionStreamError):
    """A file under `config/` is wrong: names file, key and reason. Stops the start."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class QueryError(OpinionStreamError):
    """A watch query cannot be read: `at` is the place in `query` (characters from 0), `what` is wrong, `cure` helps.

    Its text shows the query's line with a caret below the place; Chinese characters are two columns wide.
    """

    def __init__(self, query: str, at: int, what: str, cure: str) -> None:
        start = query.rfind("\n", 0, at) + 1
        line = query[start:].split("\n", 1)[0]
        before = line[: at - start].replace("\t", " ")
        left = max(0, len(before) - 40)
        columns = sum(2 if east_asian_width(char) in "WF" else 1 for char in before[left:])
        shown = line.replace("\t", " ")[left : left + 80]
        super().__init__(f"第 {at + 1} 个字：{what}。改法：{cure}\n    {shown}\n    {' ' * columns}^")
        self.query = query
        self.at = at
        self.what = what
        self.cure = cure


class SettingsError(OpinionStreamError):
    """An environment variable is missing or wrong: names it and the cure. Stops the start."""


class ModelError(OpinionStreamError):
    """A model cannot be trained, or an artefact cannot be trusted: names the file and what is wrong with it."""


class BrokerError(OpinionStreamError):
    """No usable broker: what was tried and the way out."""


class LedgerError(OpinionStreamError):
    """The ledger cannot be used as it stands: what is wrong with it and the cure."""


class DeliveryError(OpinionStreamError):
    """Outputs could not be written to the broker: the worker stops and restarts from its last commit."""


class SourceError(OpinionStreamError):
    """A source could not be read: a later poll tries again.

    `kind` is a short stable slug for counting (`http_503`, `robots`, `timeout`); the reason is a sentence for the
    operator that names host and path at most: no query, no content. `retry_after`: seconds the source asks to
    be left alone.
    """

    def __init__(self, kind: str, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.retry_after = retry_after


class StateError(OpinionStreamError):
    """The local state cannot be read or written (a full or broken disk): the worker stops; the changelog has it all."""


class Fenced(OpinionStreamError):
    """Another worker has taken the partition over, or may have: the worker stops before it says anything more."""
