"""Whatever comes, in whatever order and however often: the reporting desk keeps its promises."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

import hypothesis.strategies as st
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from builders import T0, counts, incident, receipt, small_policy
from domain.reporting.test_receipts import referral
from domain.reporting.test_reporting_growth import answer, outcome
from opinion_stream.domain.reporting import ReportingDesk
from opinion_stream.domain.reporting.desk import Output
from opinion_stream.domain.reporting.memory import Memory
from opinion_stream.domain.reporting.reports import RECEIPTED, Reports, Sent
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.models.base import Grade
from opinion_stream.models.escalation import Escalation, EscalationKind, EscalationStatus, Receipt, ReceiptKind
from opinion_stream.models.incident import Incident
from opinion_stream.models.sharing import OutcomeKind, Referral, ReferralReply, TaskOutcome
from opinion_stream.models.task import PublicResponse
from opinion_stream.policy import Policy
from opinion_stream.policy.handling import FollowUp, Reminders

REMINDERS = 2
MAX_RETURNS = 1
INCIDENTS = st.sampled_from(["inc-1", "inc-2"])
ROLES = st.sampled_from(["duty_officer", "direct_responsible", "nobody"])
MINUTES = st.integers(0, 300) | st.sampled_from([10_000, 1_000_000])
Record = Incident | Receipt | Referral | PublicResponse | TaskOutcome
Chain = tuple[str, int, str, str, str]


def rules() -> Policy:
    """The small policy with everything that a route can ask for. Nothing is forgotten, so that all can be compared."""
    small = small_policy()
    routes = small.routes.model_copy(
        update={
            "reminders": Reminders(every_minutes=30, times=REMINDERS),
            "max_returns": MAX_RETURNS,
            "keep_settled_days": 100_000,
            "follow_up": FollowUp(every_minutes={Grade.I: 120}, on_answer=(Grade.I, Grade.II)),
        }
    )
    return small.model_copy(update={"routes": routes})


RULES = rules()


class Reporting(RuleBasedStateMachine):
    """One desk that runs on, and one that is stopped and rebuilt from its store: both must say the same."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = T0
        self.stores = DictStore(), DictStore()
        self.running = ReportingDesk(RULES, self.stores[0])
        self.restarted = ReportingDesk(RULES, self.stores[1])
        self.taken_in: list[Record] = []
        self.current: dict[str, Escalation] = {}
        self.replies: set[str] = set()
        self.versions: dict[str, int] = {}

    def keep(self, outputs: list[Output]) -> None:
        for e in outputs:
            if isinstance(e, ReferralReply):
                assert e.id not in self.replies, "nothing is replied twice"
                self.replies.add(e.id)
            if not isinstance(e, Escalation):
                continue
            before = self.current.get(e.id)
            assert e.version == (before.version + 1 if before else 1), (
                "versions grow by one, and no report is made twice"
            )
            if before is None:
                assert e.status is EscalationStatus.ISSUED
            else:
                changing = {"version": 0, "status": 0, "status_at": 0, "exhausted": False, "stopped": ""}
                assert e.model_copy(update=changing) == before.model_copy(update=changing), "only its status changes"
                assert before.status is not EscalationStatus.RETURNED
            self.current[e.id] = e

    def both(self, record: Record) -> list[Output]:
        answers: list[list[Output] | tuple[str, str]] = []
        for desk in (self.running, self.restarted):
            try:
                match record:
                    case Incident():
                        answers.append(desk.incident(record, self.now))
                    case Receipt():
                        answers.append(desk.receipt(record, self.now))
                    case Referral():
                        answers.append(desk.referral(record, self.now))
                    case PublicResponse():
                        answers.append(desk.response(record, self.now))
                    case TaskOutcome():
                        answers.append(desk.outcome(record, self.now))
            except Rejected as refusal:
                answers.append((refusal.kind, refusal.reason))
        assert answers[0] == answers[1]
        return [] if isinstance(answers[0], tuple) else answers[0]

    def take(self, record: Record) -> list[Output]:
        outputs = self.both(record)
        self.keep(outputs)
        # A referral to an incident that was not reported yet was refused, and may be sent again later.
        if outputs or not isinstance(record, Referral):
            self.taken_in.append(record)
        return outputs

    def matters(self) -> dict[str, Reports]:
        return {reports.incident_id: reports for reports in Memory(self.stores[0]).every()}

    @rule(
        name=INCIDENTS,
        step=st.integers(-1, 3),
        grade=st.sampled_from(list(Grade)),
        required=st.booleans(),
        voices=st.integers(0, 50),
        unit=st.sampled_from(["housing", "health"]),
        status=st.sampled_from(["open", "open", "open", "closed", "merged"]),
    )
    def snapshot(self, name: str, step: int, grade: Grade, required: bool, voices: int, unit: str, status: str) -> None:
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
            status=status,
        )
        outputs = self.take(record)
        assert version > seen or outputs == [], "a snapshot that is not newer changes nothing"
        self.versions[name] = max(version, seen)
        addressed = [(e.recipient.unit.code, e.recipient.role, e.kind) for e in outputs if isinstance(e, Escalation)]
        assert len(set(addressed)) == len(addressed)

    @precondition(lambda self: self.current)
    @rule(
        data=st.data(),
        kind=st.sampled_from(list(ReceiptKind)),
        role=ROLES,
        key=st.integers(0, 30),
        ago=MINUTES,
        to_unit=st.sampled_from([None, "housing", "transport", "office"]),
        grade=st.sampled_from([None, Grade.I]),
        open_task=st.booleans(),
    )
    def answer_it(
        self,
        data: st.DataObject,
        kind: ReceiptKind,
        role: str,
        key: int,
        ago: int,
        to_unit: str | None,
        grade: Grade | None,
        open_task: bool,
    ) -> None:
        target = self.current[data.draw(st.sampled_from(sorted(self.current)))]
        record = receipt(
            id=f"rcp-{key}",
            escalation_id=target.id,
            incident_id=target.incident_id,
            kind=kind,
            role=role,
            at=self.now - timedelta(minutes=ago),
            to_unit=to_unit,
            grade=grade,
            open_task=open_task,
        )
        outputs = [e for e in self.take(record) if isinstance(e, Escalation)]
        assert len(outputs) <= 2
        if outputs:
            assert (outputs[0].id, outputs[0].status in RECEIPTED) == (target.id, True)
        assert [e.status for e in outputs[1:]] in ([], [EscalationStatus.ISSUED])

    @rule(number=st.integers(0, 1), of=st.sampled_from([None, "inc-1"]))
    def refer(self, number: int, of: str | None) -> None:
        self.take(referral(id=f"{number}{of}", incident_id=of))

    @precondition(lambda self: self.current)
    @rule(data=st.data(), number=st.integers(0, 3), closing=st.sampled_from([None, *OutcomeKind]))
    def answer_in_public(self, data: st.DataObject, number: int, closing: OutcomeKind | None) -> None:
        name = data.draw(st.sampled_from(sorted({e.incident_id for e in self.current.values()})))
        if closing is None:
            self.take(answer(id=f"p-{number}", incident_id=name))
        else:
            self.take(outcome(closing, number).model_copy(update={"incident_id": name}))

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
        self.restarted = ReportingDesk(RULES, self.stores[1])

    @precondition(lambda self: self.taken_in)
    @rule(data=st.data())
    def redelivery(self, data: st.DataObject) -> None:
        first = data.draw(st.integers(0, len(self.taken_in) - 1))
        for record in self.taken_in[first:]:
            assert self.both(record) == [], "what was taken in before changes nothing"

    @invariant()
    def one_first_report_for_each_addressee(self) -> None:
        firsts = [e for e in self.current.values() if e.kind is EscalationKind.FIRST and e.chain_step == 0]
        addressees = {
            (e.incident_id, e.recipient.unit.code, e.recipient.role) for e in firsts if not (e.reminder or e.hop)
        }
        assert len(addressees) == len([e for e in firsts if not (e.reminder or e.hop)])

    def who_was_told_is_told_the_end(self) -> None:
        for name, reports in self.matters().items():
            if not reports.closed or (reports.matter is not None and reports.matter.status == "referred"):
                continue
            mine = [e for e in self.current.values() if e.incident_id == name and not (e.chain_step or e.reminder)]
            told = {(e.recipient.unit.code, e.recipient.role) for e in mine if e.kind is EscalationKind.FIRST}
            ended = {(e.recipient.unit.code, e.recipient.role) for e in mine if e.kind is EscalationKind.FINAL}
            assert {unit for unit, _ in told - ended} <= set(reports.declined)

    def chains(self) -> dict[Chain, list[Escalation]]:
        found: dict[Chain, list[Escalation]] = defaultdict(list)
        for raw in (value for key, value in self.stores[0].entries.items() if key.startswith("reported/")):
            sent = Sent.model_validate_json(raw)
            found[sent.escalation.incident_id, *sent.chain].append(sent.escalation)
        return found

    def chains_go_up_one_level_at_a_time_and_end(self) -> None:
        routes = {route.id: route for route in RULES.routes.routes}
        for chain in self.chains().values():
            route = routes[chain[0].route]
            roles = (route.role, *route.chain)
            steps = sorted((e.chain_step, e.reminder, e.issued_at, e.status) for e in chain)
            whole = [(step, 0) for step in range(len(roles))] + [(len(roles) - 1, n + 1) for n in range(REMINDERS)]
            assert [(step, reminder) for step, reminder, _, _ in steps] == whole[: len(steps)]
            assert [at for _, _, at, _ in steps] == sorted(at for _, _, at, _ in steps)
            assert all(e.recipient.role == roles[e.chain_step] for e in chain)
            assert all(status is not EscalationStatus.ISSUED for _, _, _, status in steps[:-1])
            assert sum(e.exhausted for e in chain) <= 1

    @invariant()
    def returns_end_with_the_office(self) -> None:
        assert all(e.hop <= MAX_RETURNS + 2 for e in self.current.values())
        assert all(e.unit.code == e.recipient.unit.code for e in self.current.values() if e.reassigns)

    def teardown(self) -> None:
        """Left alone from here on, every chain ends: receipted, on record as exhausted, over, or not theirs."""
        for _ in range(10):
            self.now += timedelta(days=1)
            self.keep(self.running.tick(self.now))
        self.who_was_told_is_told_the_end()
        self.chains_go_up_one_level_at_a_time_and_end()
        for chain in self.chains().values():
            assert all(e.status is not EscalationStatus.ISSUED for e in chain)
            ended = any(e.status in RECEIPTED for e in chain) or any(e.exhausted or e.stopped for e in chain)
            assert ended
            assert not any(e.exhausted and e.stopped for e in chain)


TestReporting = Reporting.TestCase
TestReporting.settings = settings(max_examples=25, stateful_step_count=25, deadline=None, phases=[Phase.generate])
