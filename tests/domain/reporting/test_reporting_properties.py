"""Whatever comes, in whatever order and however often: the reporting desk keeps its promises."""

from __future__ import annotations

from datetime import datetime, timedelta

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from builders import T0, counts, incident, receipt, small_policy
from opinion_stream.domain.reporting import ReportingDesk
from opinion_stream.domain.reporting.reports import RECEIPTED
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.models.base import Grade
from opinion_stream.models.escalation import Escalation, EscalationKind, EscalationStatus, Receipt, ReceiptKind
from opinion_stream.models.incident import Incident

INCIDENTS = st.sampled_from(["inc-1", "inc-2"])
ROLES = st.sampled_from(["duty_officer", "direct_responsible", "nobody"])
MINUTES = st.integers(0, 300) | st.sampled_from([10_000, 1_000_000])


class Reporting(RuleBasedStateMachine):
    """One desk that runs on, and one that is stopped and rebuilt from its store: both must say the same."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = T0
        self.store = DictStore()
        self.restarted = ReportingDesk(small_policy(), self.store)
        self.running = ReportingDesk(small_policy(), DictStore())
        self.taken_in: list[Incident | Receipt] = []
        self.current: dict[str, Escalation] = {}
        self.versions: dict[str, int] = {}
        self.closed: set[str] = set()

    def keep(self, outputs: list[Escalation]) -> None:
        for e in outputs:
            before = self.current.get(e.id)
            assert e.version == (before.version + 1 if before else 1), "versions grow by one"
            if before is None:
                assert e.status is EscalationStatus.ISSUED
            else:
                assert e.model_copy(update={"version": 0, "status": 0, "status_at": 0}) == before.model_copy(
                    update={"version": 0, "status": 0, "status_at": 0}
                ), "only the status of a report changes"
                assert before.status is not EscalationStatus.RETURNED
            self.current[e.id] = e

    def both(self, record: Incident | Receipt) -> list[Escalation]:
        answers: list[list[Escalation] | tuple[str, str]] = []
        for desk in (self.running, self.restarted):
            try:
                if isinstance(record, Incident):
                    answers.append(desk.incident(record, self.now))
                else:
                    answers.append(desk.receipt(record, self.now))
            except Rejected as refusal:
                answers.append((refusal.kind, refusal.reason))
        assert answers[0] == answers[1]
        return [] if isinstance(answers[0], tuple) else answers[0]

    @rule(
        name=INCIDENTS,
        step=st.integers(-1, 3),
        grade=st.sampled_from(list(Grade)),
        required=st.booleans(),
        voices=st.integers(0, 50),
        unit=st.sampled_from(["housing", "health"]),
        closed=st.sampled_from([False, False, False, True]),
    )
    def snapshot(
        self, name: str, step: int, grade: Grade, required: bool, voices: int, unit: str, closed: bool
    ) -> None:
        seen = self.versions.get(name, 0)
        version = max(1, seen + step)
        record = incident(
            id=name,
            version=version,
            grade=grade,
            response_required=required,
            counts=counts(voices=voices),
            unit=unit,
            co_units=("transport",),
            status="closed" if closed else "open",
        )
        outputs = self.both(record)
        if version <= seen:
            assert outputs == [], "a snapshot that is not newer changes nothing"
        else:
            self.versions[name] = version
            self.closed = self.closed | {name} if closed else self.closed - {name}
        assert len({(e.recipient.unit.code, e.recipient.role, e.kind) for e in outputs}) == len(outputs)
        self.keep(outputs)
        self.taken_in.append(record)

    @precondition(lambda self: self.current)
    @rule(data=st.data(), kind=st.sampled_from(list(ReceiptKind)), role=ROLES, key=st.integers(0, 30), ago=MINUTES)
    def answer(self, data: st.DataObject, kind: ReceiptKind, role: str, key: int, ago: int) -> None:
        target = self.current[data.draw(st.sampled_from(sorted(self.current)))]
        record = receipt(
            id=f"rcp-{key}",
            escalation_id=target.id,
            incident_id=target.incident_id,
            kind=kind,
            role=role,
            at=self.now - timedelta(minutes=ago),
        )
        outputs = self.both(record)
        assert [e.id for e in outputs] in ([], [target.id])
        assert all(e.status in RECEIPTED for e in outputs)
        self.keep(outputs)
        self.taken_in.append(record)

    @rule(minutes=MINUTES)
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        outputs = self.running.tick(self.now)
        assert self.restarted.tick(self.now) == outputs
        self.keep(outputs)
        assert self.running.tick(self.now) == [], "what has lapsed is not repeated"
        late = [
            e for e in self.current.values() if e.status is EscalationStatus.ISSUED and e.receipt_due_at <= self.now
        ]
        assert late == [], "nothing waits beyond its time"

    @rule()
    def restart(self) -> None:
        self.restarted = ReportingDesk(small_policy(), self.store)

    @precondition(lambda self: self.taken_in)
    @rule(data=st.data())
    def redelivery(self, data: st.DataObject) -> None:
        first = data.draw(st.integers(0, len(self.taken_in) - 1))
        for record in self.taken_in[first:]:
            assert self.both(record) == [], "what was taken in before changes nothing"

    @invariant()
    def one_first_report_for_each_addressee(self) -> None:
        firsts = [e for e in self.current.values() if e.kind is EscalationKind.FIRST and e.chain_step == 0]
        addressees = {(e.incident_id, e.recipient.unit.code, e.recipient.role) for e in firsts}
        assert len(addressees) == len(firsts)

    @invariant()
    def nobody_who_was_told_is_left_without_the_end(self) -> None:
        for name in self.closed:
            mine = [e for e in self.current.values() if e.incident_id == name and e.chain_step == 0]
            told = {(e.recipient.unit.code, e.recipient.role) for e in mine if e.kind is EscalationKind.FIRST}
            ended = {(e.recipient.unit.code, e.recipient.role) for e in mine if e.kind is EscalationKind.FINAL}
            assert ended == told

    @invariant()
    def chains_stay_within_the_policy(self) -> None:
        routes = {route.id: route for route in small_policy().routes.routes}
        for e in self.current.values():
            route = routes[e.route]
            assert e.recipient.role == (route.role, *route.chain)[e.chain_step]


TestReporting = Reporting.TestCase
TestReporting.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
