"""The life of an incident: it closes, comes back, is merged, split, closed and regraded by persons."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import T0, assessed, later, reason, small_policy
from opinion_stream.domain.incidents.book import IncidentBook
from opinion_stream.domain.incidents.commands import ALLOWED
from opinion_stream.domain.state import DictStore
from opinion_stream.errors import Rejected
from opinion_stream.models.assessment import AssessedMention
from opinion_stream.models.base import Grade, Nature
from opinion_stream.models.command import IncidentCommand, IncidentCommandKind
from opinion_stream.models.incident import Incident, IncidentAction, IncidentStatus
from opinion_stream.models.mention import Media
from opinion_stream.policy import Policy
from opinion_stream.policy.places import RegionLevel

SCHOOL = {"食堂": 0.8, "饭菜": 0.6}
HEATING = {"暖气": 0.8, "供热": 0.6}
KINDS = {kind.value: kind for kind in IncidentCommandKind}


def policy_with(**grouping: Any) -> Policy:
    policy = small_policy()
    return policy.model_copy(update={"incidents": policy.incidents.model_copy(update=grouping)})


def book(store: DictStore | None = None, **grouping: Any) -> IncidentBook:
    return IncidentBook(policy_with(**grouping), store or DictStore())


def item(number: int, hours: float = 0, **kw: Any) -> AssessedMention:
    return assessed(source_id=str(number), published_at=later(hours=hours), **kw)


def order(kind: str, incident_id: str, key: str = "c-1", **kw: Any) -> IncidentCommand:
    basics = {"id": key, "incident_id": incident_id, "action": kind, "by_role": "duty_officer", "reason": "经核实"}
    return IncidentCommand.model_validate({**basics, "at": T0, **kw})


def refused(kept: IncidentBook, command: IncidentCommand) -> Rejected:
    with pytest.raises(Rejected) as caught:
        kept.command(command)
    assert any("\u4e00" <= c <= "\u9fff" for c in caught.value.reason)
    return caught.value


def closed_school(kept: IncidentBook) -> Incident:
    """A closed matter in a book that has seen 73 hours pass."""
    kept.take([item(1, features=SCHOOL, fingerprint="words")])
    closed, _ = kept.take([item(2, hours=73)])
    assert closed.status == "closed"
    return closed


@pytest.mark.parametrize(
    "mention",
    [
        item(3, hours=90, features=SCHOOL),
        item(3, hours=90, features={}, fingerprint="words"),
        item(3, hours=90, features={}, duplicate_of="wenzheng:1"),
    ],
    ids=["near", "same words", "known repeat"],
)
def test_a_late_mention_opens_a_closed_matter_again(mention: AssessedMention) -> None:
    kept = book()
    closed = closed_school(kept)

    (again,) = kept.take([mention])

    assert (again.id, again.status, again.counts.mentions) == (closed.id, "open", 2)
    assert again.version > closed.version
    assert [event.action for event in again.events] == [IncidentAction.CLOSED, IncidentAction.REOPENED]
    assert "重新打开" in again.events[-1].reason
    assert again.events[-1].cause == "wenzheng:3"


@pytest.mark.parametrize(
    ("mention", "why"),
    [
        (item(3, hours=90, features=SCHOOL), "与已关闭事件吻合度"),
        (item(3, hours=90, features={}, fingerprint="words"), "与已关闭事件中的提及内容相同"),
    ],
    ids=["near", "same words"],
)
def test_a_late_mention_is_told_that_it_opened_a_closed_matter_again(mention: AssessedMention, why: str) -> None:
    kept = book()
    closed_school(kept)

    late, next_one = kept.follow([mention, item(4, hours=91, features=SCHOOL)])

    assert late.joined.startswith(why)
    assert late.joined.endswith("该事件重新打开")
    assert late.reopened
    assert "重新打开" not in next_one.joined
    assert not next_one.reopened


def test_a_matter_that_was_opened_again_closes_again() -> None:
    kept = book()
    closed = closed_school(kept)
    kept.take([item(3, hours=90, features=SCHOOL)])

    after = kept.take([item(4, hours=170, features=HEATING)])

    assert {i.id: i.status for i in after}[closed.id] == "closed"


def test_an_open_matter_goes_before_a_closed_one_and_weak_likeness_opens_nothing_again() -> None:
    kept = book()
    closed_school(kept)
    weak = {"食堂": 0.3, "价格": 0.95}
    opened, joined = kept.take([item(3, hours=74, features=weak)]) + kept.take([item(4, hours=75, features=weak)])
    assert opened.id == joined.id
    assert opened.version == 1


def test_a_closed_matter_of_another_place_is_not_opened_again() -> None:
    kept = book(shard_level=RegionLevel.CITY)
    kept.take([item(1, features=SCHOOL, fingerprint="words")])
    kept.take([item(2, hours=73)])
    (found,) = kept.take([item(3, hours=74, features=SCHOOL, fingerprint="words", region="990102")])
    assert found.version == 1


def test_what_is_remembered_of_closed_matters_is_bounded_and_the_longest_quiet_goes_first() -> None:
    store = DictStore()
    kept = book(store, max_closed=3)
    words = [{f"事项{number}": 1.0} for number in range(8)]
    for number, features in enumerate(words):
        kept.take([item(number, hours=number, features=features)])
    kept.take([item(100, hours=200, features=SCHOOL)])

    assert len(list(store.items("incident/"))) == 4
    assert len(list(store.items("essence/"))) == 4
    (again,) = kept.take([item(201, hours=201, features=words[7])])
    (anew,) = kept.take([item(202, hours=201, features=words[0])])
    assert (again.counts.mentions, anew.counts.mentions) == (2, 1)


def test_a_closed_matter_is_forgotten_after_its_time() -> None:
    store = DictStore()
    kept = book(store, reopen_days=1)
    kept.take([item(1, features=SCHOOL)])
    kept.take([item(2, hours=73)])
    assert len(list(store.items("incident/"))) == 2
    kept.take([item(3, hours=72 + 25)])
    assert len(list(store.items("incident/"))) == 1


def test_a_repeated_mention_of_a_closed_matter_changes_nothing() -> None:
    kept = book()
    closed_school(kept)
    assert kept.take([item(1, hours=90, features=SCHOOL)]) == []


# Commands by persons.


def two(kept: IncidentBook) -> tuple[Incident, Incident]:
    return kept.place(item(1, likes=5, voice="a")), kept.place(item(2, hours=1, features=SCHOOL, likes=7, voice="b"))


def test_merging_adds_everything_up_and_later_mentions_go_to_the_survivor() -> None:
    kept = book()
    water, school = two(kept)
    kept.take([item(3, hours=2, features=SCHOOL, voice="a", sensitivity=50, floor="II")])

    absorbed, survivor = kept.command(order("merge", school.id, into=water.id))

    assert (absorbed.id, absorbed.status, absorbed.merged_into) == (school.id, "merged", water.id)
    assert absorbed.reasons[-1].rule == "incident.merged"
    assert (survivor.id, survivor.status, survivor.grade) == (water.id, "open", Grade.II)
    assert (survivor.counts.mentions, survivor.counts.voices, survivor.counts.interactions) == (3, 2, 12)
    assert survivor.mention_ids == ("wenzheng:1", "wenzheng:2", "wenzheng:3")
    assert survivor.absorbed == (school.id,)
    assert (survivor.history[-1].by, survivor.history[-1].grade) == ("duty_officer", Grade.II)
    assert any(school.id in change.reason for change in survivor.history)
    for late in (item(4, hours=3, features=SCHOOL), item(5, hours=3, features={}, duplicate_of="wenzheng:2")):
        (found,) = kept.take([late])
        assert found.id == water.id


def test_a_merge_into_a_closed_matter_opens_it_and_of_two_closed_ones_does_not() -> None:
    kept = book()
    closed = closed_school(kept)
    other = kept.place(item(3, hours=74, features=HEATING))
    (_, survivor) = kept.command(order("merge", other.id, into=closed.id))
    assert survivor.status == "open"

    kept = book()
    closed = closed_school(kept)
    kept.take([item(5, hours=150, features=HEATING)])
    water = kept.place(item(2, hours=73))
    assert water.status == "closed"
    (_, survivor) = kept.command(order("merge", water.id, into=closed.id))
    assert (survivor.status, survivor.counts.mentions) == ("closed", 2)


def test_a_matter_merged_twice_is_still_found_and_goes_on_after_a_restart() -> None:
    store = DictStore()
    kept = book(store)
    water, school = two(kept)
    heating = kept.place(item(3, hours=1, features=HEATING))
    kept.command(order("merge", water.id, into=school.id))
    kept.command(order("merge", school.id, "c-2", into=heating.id))

    again = book(store)
    (found,) = again.take([item(4, hours=2, features={}, duplicate_of="wenzheng:1")])

    assert (found.id, found.counts.mentions) == (heating.id, 4)
    assert heating.id in refused(again, order("close", water.id, "c-3")).reason
    assert again.command(order("merge", water.id, into=school.id)) == []


def test_splitting_gives_both_sides_their_right_counts() -> None:
    kept = book()
    paper = Media(name="人民日报", kind="newspaper", tier="central")
    incident = kept.place(item(1, voice="a", likes=1, title="柳树镇停水", nature=Nature.DIFFICULTY))
    kept.take([item(2, hours=1, voice="b", likes=10, media=paper, sensitivity=80, nature=Nature.ENQUIRY)])
    kept.take([item(3, hours=2, voice="b", likes=100, duplicate_of="wenzheng:2", reads=7)])
    kept.take([item(4, hours=3, voice="a", likes=1000)])

    rest, part = kept.command(order("split", incident.id, mention_ids=["wenzheng:3", "wenzheng:2"]))

    assert rest.id == incident.id
    assert part.id != rest.id
    assert (rest.mention_ids, part.mention_ids) == (("wenzheng:1", "wenzheng:4"), ("wenzheng:2", "wenzheng:3"))
    assert (rest.counts.mentions, rest.counts.voices, rest.counts.interactions, rest.counts.media) == (2, 1, 1001, 0)
    assert (part.counts.mentions, part.counts.voices, part.counts.copies, part.counts.reads) == (2, 1, 1, 7)
    assert (part.counts.interactions, part.counts.media, part.status) == (110, 1, "open")
    assert rest.factors.content.score == 10
    assert (rest.events[-1].action, part.events[-1].action) == (IncidentAction.SPLIT, IncidentAction.SPLIT_OFF)
    (copy,) = kept.take([item(5, hours=4, features={}, duplicate_of="wenzheng:2")])
    assert copy.id == part.id


def test_a_split_of_a_large_matter_subtracts_what_can_be_and_keeps_the_rest_as_upper_bounds() -> None:
    kept = book(kept_mention_ids=3)
    for number in range(6):
        incident = kept.place(item(number, hours=number / 10, likes=10, voice=f"v{number % 5}", sensitivity=40))
    assert incident.mention_ids == ("wenzheng:0", "wenzheng:4", "wenzheng:5")

    rest, part = kept.command(order("split", incident.id, mention_ids=["wenzheng:4", "wenzheng:5"]))

    assert (rest.counts.mentions, rest.counts.interactions, rest.counts.voices) == (4, 40, 4)
    assert (part.counts.mentions, part.counts.interactions, part.counts.voices) == (2, 20, 2)
    assert rest.factors.content.score == 40


def test_a_split_takes_only_mentions_that_are_kept_and_never_all() -> None:
    kept = book(kept_mention_ids=3)
    for number in range(6):
        incident = kept.place(item(number))
    gone = refused(kept, order("split", incident.id, mention_ids=["wenzheng:1", "wenzheng:5"]))
    assert gone.kind == "illegal_command"
    assert "wenzheng:1" in gone.reason
    assert "wenzheng:5" not in gone.reason
    alone = kept.place(item(7, features=SCHOOL))
    assert "全部" in refused(kept, order("split", alone.id, mention_ids=["wenzheng:7"])).reason


def test_closing_by_a_person_and_opening_by_a_mention() -> None:
    kept = book()
    water, _ = two(kept)
    (closed,) = kept.command(order("close", water.id))
    assert (closed.status, closed.events[-1].by, closed.version) == ("closed", "duty_officer", water.version + 1)
    again = kept.place(item(3, hours=1))
    assert (again.id, again.status) == (water.id, "open")


def test_a_person_overrides_the_grade_until_it_is_lifted() -> None:
    kept = book()
    water, _ = two(kept)
    (found,) = kept.command(order("override_grade", water.id, grade="II", reason="现场有人受伤"))
    assert (found.grade, found.rule_grade, found.history[-1].by) == (Grade.II, Grade.IV, "duty_officer")
    assert found.override is not None
    assert (found.override.by_role, found.override.reason, found.override.grade) == (
        "duty_officer",
        "现场有人受伤",
        Grade.II,
    )
    assert found.reasons[-1].rule == "grading.override"
    assert kept.place(item(3, hours=1)).grade is Grade.II
    (lifted,) = kept.command(order("lift_override", water.id, "c-2"))
    assert (lifted.grade, lifted.override, lifted.history[-1].grade) == (Grade.IV, None, Grade.IV)
    assert refused(kept, order("lift_override", water.id, "c-3")).kind == "illegal_command"


def test_a_persons_lower_grade_stands_above_a_floor_until_the_rules_go_beyond_what_was_known() -> None:
    kept = book()
    water = kept.place(item(1, floor="III"))
    (found,) = kept.command(order("override_grade", water.id, grade="IV"))
    assert (found.grade, found.rule_grade) == (Grade.IV, Grade.III)
    assert kept.place(item(2, hours=1, floor="III")).grade is Grade.IV

    worse = kept.place(item(3, hours=2, floor="I"))

    assert (worse.grade, worse.rule_grade) == (Grade.I, Grade.I)
    assert worse.override is not None
    assert worse.override.surpassed
    assert "较高" in worse.history[-1].reason


def test_an_override_ends_at_its_time_whichever_matter_brings_the_time_on() -> None:
    store = DictStore()
    kept = book(store)
    water, school = two(kept)
    kept.command(order("override_grade", water.id, grade="I", until=later(hours=5)))
    assert [i.id for i in kept.take([item(3, hours=4.9, features=SCHOOL)])] == [school.id]
    ended, _ = book(store).take([item(4, hours=5.1, features=SCHOOL)])
    assert (ended.id, ended.grade, ended.override) == (water.id, Grade.IV, None)
    assert (ended.events[-1].action, ended.events[-1].by) == (IncidentAction.LIFTED, "rule")


@pytest.mark.parametrize("kind", list(IncidentCommandKind))
def test_a_repeated_command_changes_nothing_and_merged_matters_allow_none(kind: IncidentCommandKind) -> None:
    kept = book()
    water, school = two(kept)
    kept.take([item(3, hours=1)])
    parts = {"grade": "II", "into": school.id, "mention_ids": ["wenzheng:3"]}
    if kind in (
        IncidentCommandKind.LIFT_OVERRIDE,
        IncidentCommandKind.APPROVE_BRIEF,
        IncidentCommandKind.RETURN_BRIEF,
    ):
        kept.command(order("override_grade", water.id, "c-0", **parts))
    assert kept.command(order(kind, water.id, **parts))
    assert kept.command(order(kind, water.id, **parts)) == []
    if kind is IncidentCommandKind.MERGE:
        for other in IncidentCommandKind:
            assert (
                refused(kept, order(other, water.id, f"c-{other}", **{**parts, "into": "i-x"})).kind
                == "illegal_command"
            )
    assert IncidentStatus.MERGED not in ALLOWED[kind]


def test_a_state_that_forbids_a_command_is_named_with_those_that_allow_it() -> None:
    kept = book()
    closed = closed_school(kept)
    refusal = refused(kept, order("close", closed.id))
    assert (refusal.kind, "已关闭" in refusal.reason, "「进行中」" in refusal.reason) == ("illegal_command", True, True)


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("merge", {}),
        ("merge", {"into": "SELF"}),
        ("split", {}),
        ("override_grade", {}),
        ("override_grade", {"grade": "II", "until": T0}),
        ("close", {"reason": " "}),
        ("close", {"by_role": ""}),
        ("close", {"by_role": "张三"}),
    ],
)
def test_what_could_never_be_done_is_refused_before_anything_is_looked_up(kind: str, parts: dict[str, Any]) -> None:
    kept = book()
    water, _ = two(kept)
    parts = {k: water.id if v == "SELF" else v for k, v in parts.items()}
    assert refused(kept, order(kind, water.id, **parts)).kind == "invalid_command"


def test_matters_that_are_not_there_or_in_another_region_are_refused() -> None:
    kept = book()
    water, _ = two(kept)
    west = kept.place(item(3, region="990102"))
    assert refused(kept, order("close", "i-nowhere")).kind == "unknown_incident"
    for into in (west.id, "i-nowhere"):
        refusal = refused(kept, order("merge", water.id, into=into))
        assert (refusal.kind, "归并范围" in refusal.reason) == ("illegal_command", True)


def test_a_merge_in_a_city_of_two_counties_belongs_to_the_city() -> None:
    kept = book(shard_level=RegionLevel.CITY)
    water = kept.place(item(1))
    west = kept.place(item(2, region="990102"))
    (_, survivor) = kept.command(order("merge", west.id, into=water.id))
    assert survivor.region.code == "990100"


# However it is cut: mentions and commands mixed, with restarts.

Step = AssessedMention | tuple[str, int, int]


@st.composite
def lives(draw: st.DrawFn) -> list[Step]:
    """Mentions of few matters with gaps that close, and commands about incidents by their order of appearance."""
    steps: list[Step] = []
    at = 0.0
    for number in range(draw(st.integers(1, 18))):
        at += draw(st.sampled_from([0, 1, 30, 80, 400]))
        features = draw(st.sampled_from([{"停水": 0.8, "柳树镇": 0.6}, SCHOOL, HEATING, {"停水": 0.5, "食堂": 0.5}]))
        original = draw(st.none() | st.integers(0, 10).map("wenzheng:{}".format))
        steps.append(
            item(
                number,
                hours=at,
                features=features,
                duplicate_of=original,
                fingerprint=f"fp-{draw(st.integers(0, 9))}",
                voice=draw(st.sampled_from("abc")),
                likes=draw(st.integers(0, 900)),
                sensitivity=draw(st.sampled_from([0, 40, 100])),
                region_reason=reason(rule=draw(st.sampled_from(["region.named", "region.several"]))),
            )
        )
        if draw(st.booleans()):
            steps.append((draw(st.sampled_from(sorted(KINDS))), draw(st.integers(0, 4)), draw(st.integers(0, 4))))
    return steps


class Run:
    """Plays steps on a book; commands are numbered, and name incidents in the order of their ids' appearance."""

    def __init__(self, policy: Policy, store: DictStore) -> None:
        self.policy, self.store = policy, store
        self.book = IncidentBook(policy, store)
        self.seen: dict[str, Incident] = {}
        self.by_version: dict[tuple[str, int], bytes] = {}

    def play(self, number: int, step: Step) -> None:
        if isinstance(step, tuple):
            self.note(self.command(number, *step))
        else:
            self.note(self.book.take([step]))

    def command(self, number: int, kind: str, one: int, other: int) -> list[Incident]:
        ids = list(self.seen)
        if not ids:
            return []
        incident = self.seen[ids[one % len(ids)]]
        parts = {
            "grade": list(Grade)[other % 4],
            "until": later(hours=100 * other) if other else None,
            "into": ids[other % len(ids)],
            "mention_ids": incident.mention_ids[: other + 1],
        }
        command = order(kind, incident.id, f"c-{number}", **parts)
        try:
            changed = self.book.command(command)
        except Rejected:
            return []
        assert self.book.command(command) == []
        return changed

    def note(self, changed: list[Incident]) -> None:
        for incident in changed:
            known = self.seen.get(incident.id)
            assert known is None or incident.version > known.version
            assert known is None or known.status != "merged"
            assert incident.history[-1].grade is incident.grade
            assert incident.counts.copies < incident.counts.mentions
            assert 1 <= incident.counts.voices <= incident.counts.mentions
            assert 1 <= len(incident.mention_ids) <= self.policy.incidents.kept_mention_ids
            assert set(incident.mention_ids) == self.essences(incident.id) or incident.status != "open"
            self.seen[incident.id] = incident
            self.by_version[incident.id, incident.version] = incident.to_bytes()

    def essences(self, incident_id: str) -> set[str]:
        return {key.rpartition("/")[2] for key, _ in self.store.items(f"essence/{incident_id}/")}


@settings(deadline=None, max_examples=25)
@given(lives(), st.lists(st.booleans(), min_size=40, max_size=40))
def test_mentions_count_once_through_merges_splits_and_restarts(steps: list[Step], restarts: list[bool]) -> None:
    policy = policy_with(kept_mention_ids=4, max_closed=2, reopen_days=10)
    steady, restarted = Run(policy, DictStore()), Run(policy, DictStore())
    for number, (step, restart) in enumerate(zip(steps, restarts, strict=False)):
        if restart:
            restarted.book = IncidentBook(policy, restarted.store)
        steady.play(number, step)
        restarted.play(number, step)

    assert restarted.store.entries == steady.store.entries
    assert restarted.by_version == steady.by_version
    living = [incident for incident in steady.seen.values() if incident.status != "merged"]
    assert sum(i.counts.mentions for i in living) == sum(isinstance(step, AssessedMention) for step in steps)
    remembered = {key.split("/")[1] for key, _ in steady.store.items("essence/")}
    assert remembered <= {key.split("/")[1] for key, _ in steady.store.items("incident/")}


@functools.cache
def busy() -> tuple[IncidentBook, DictStore]:
    store = DictStore()
    kept = book(store)
    kept.take([item(number, hours=number / 50) for number in range(300)])
    return kept, store


def test_only_the_essences_of_kept_mentions_stay_in_the_store() -> None:
    _, store = busy()
    assert len(list(store.items("essence/"))) == small_policy().incidents.kept_mention_ids


def test_a_record_of_an_older_version_is_read_and_goes_on() -> None:
    _, store = busy()
    (key, raw), *_ = store.items("incident/")
    new_fields = ("status", "held", "below_since", "override", "merged_into", "absorbed", "events", "commands")
    data = {name: value for name, value in json.loads(raw).items() if name not in new_fields}
    old = DictStore()
    old.put(key, json.dumps(data).encode())
    (found,) = book(old).take([item(1000, hours=7)])
    assert (found.counts.mentions, found.status, found.rule_grade) == (301, "open", found.grade)
    assert "wenzheng:0" in refused(book(old), order("split", found.id, mention_ids=["wenzheng:0"])).reason
