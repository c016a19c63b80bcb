"""Who may do what: derived from the topics, and no more than each needs."""

from __future__ import annotations

from opinion_stream.access import DESK, INTAKE, LEDGER, SERVICES, rights, upstream, user_of
from opinion_stream.topics import ESCALATIONS, INBOUND, RECEIPTS, REFERRALS, TOPICS, Stage


def test_each_stage_reads_and_writes_what_the_registry_says() -> None:
    found = rights("opinion")
    for stage in Stage:
        mine = {r for r in found if r.principal == f"User:opinion-{stage.value}" and "changelog" not in r.name}
        reads = {r.name for r in mine if r.resource == "TOPIC" and r.operation == "READ"}
        writes = {r.name for r in mine if r.resource == "TOPIC" and r.operation == "WRITE"}
        assert reads == {f"opinion.{t.name}" for t in TOPICS if stage in t.readers}
        assert writes == {f"opinion.{t.name}" for t in TOPICS if stage in t.writers}


def test_only_the_stages_that_mask_it_read_what_is_raw() -> None:
    assert [s.name for s in SERVICES if INBOUND in s.reads] == [Stage.COLLECTION.value]
    assert [s.name for s in SERVICES if REFERRALS in s.reads] == [Stage.REPORTING.value]


def test_an_upstream_body_has_four_rights_on_topics_and_groups_of_its_own() -> None:
    mine = [r for r in rights("opinion", ["province"]) if r.principal == "User:opinion-province"]
    assert {(r.operation, r.name) for r in mine if r.resource == "TOPIC"} == {
        ("READ", f"opinion.{ESCALATIONS.name}"),
        ("WRITE", f"opinion.{RECEIPTS.name}"),
        ("WRITE", f"opinion.{REFERRALS.name}"),
    }
    assert {(r.name, r.prefixed) for r in mine if r.resource == "GROUP"} == {
        ("opinion-province", False),
        ("opinion-province.", True),
    }


def test_whoever_hands_in_joins_no_group() -> None:
    assert not [r for r in rights("opinion") if r.principal == "User:opinion-intake" and r.resource == "GROUP"]
    assert INTAKE.reads == ()


def test_the_ledger_writes_nothing_and_the_desk_sees_how_far_groups_are() -> None:
    assert LEDGER.writes == ()
    assert any(r.operation == "DESCRIBE" and r.prefixed for r in rights("x") if r.principal == "User:x-desk")
    assert user_of("x", DESK) == "x-desk"


def test_user_names_are_distinct() -> None:
    names = [user_of("o", s) for s in (*SERVICES, upstream("upstream"))]
    assert len(names) == len(set(names))


def test_a_right_reads_as_a_command_of_kafka() -> None:
    (right,) = [r for r in rights("o", ["p"]) if r.principal == "User:o-p" and r.prefixed]
    assert right.as_command() == (
        "--add --allow-principal User:o-p --operation Read --group 'o-p.' --resource-pattern-type prefixed"
    )


def test_what_is_raw_is_kept_for_a_week_with_the_time_of_the_broker() -> None:
    assert INBOUND.retention_days == REFERRALS.retention_days == 7
    assert INBOUND.config()["message.timestamp.type"] == "LogAppendTime"
