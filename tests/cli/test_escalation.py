"""The duty staff's commands: sign, instruct, return; who is on duty; matters of other bodies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from builders import SMALL_POLICY, escalation, recipient
from opinion_stream.adapters import reporting_window
from opinion_stream.cli.main import app
from opinion_stream.errors import OpinionStreamError
from opinion_stream.models.escalation import EscalationStatus, Receipt
from opinion_stream.models.sharing import Referral

runner = CliRunner(env={"COLUMNS": "220", "TERM": "dumb"})
EVERY = {
    e.id: e
    for e in (
        escalation(id="e-lead"),
        escalation(id="e-office", recipient=recipient(unit="office", level="own", seat="day", post="office")),
        escalation(id="e-done", status=EscalationStatus.RETURNED, incident_id="inc-2"),
    )
}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would go to the broker."""
    records: list[Any] = []

    async def now(_: object) -> dict[str, Any]:
        return EVERY

    async def send(_: object, record: object) -> None:
        records.append(record)

    monkeypatch.setattr(reporting_window, "escalations_now", now)
    monkeypatch.setattr(reporting_window, "send", send)
    monkeypatch.setenv("OPINION_CONFIG", str(SMALL_POLICY))
    return records


def run(*words: str) -> str:
    result = runner.invoke(app, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_a_receipt_names_role_and_key_and_goes_to_the_incident_it_is_about(sent: list[Any]) -> None:
    output = run("escalation", "ack", "e-lead", "--role", "duty_officer", "--key", "k-1")
    (receipt,) = sent
    assert isinstance(receipt, Receipt)
    assert (receipt.id, receipt.escalation_id, receipt.incident_id, receipt.role) == (
        "k-1",
        "e-lead",
        "inc-1",
        "duty_officer",
    )
    assert "已签收" in output
    assert "k-1" in output


def test_an_instruction_carries_what_it_asks(sent: list[Any]) -> None:
    asked = ["--note", "速办", "--due", "2099-01-01T08:00", "--publication", "website", "--grade", "II", "--open-task"]
    run("escalation", "instruct", "e-office", "--role", "first_responsible", *asked)
    (receipt,) = sent
    assert (receipt.note, receipt.grade, receipt.publications, receipt.open_task) == ("速办", "II", ("website",), True)
    assert receipt.due_at.isoformat() == "2099-01-01T08:00:00+08:00"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["ack", "e-done", "--role", "duty_officer"], "已退回，只能重新报送"),
        (["ack", "e-lead", "--role", "passer_by"], "routes.yaml"),
        (["return", "e-lead", "--role", "duty_officer", "--note", "不属", "--to-unit", "nobody"], "units.yaml"),
        (["return", "e-office", "--role", "duty_officer", "--note", "不属"], "牵头单位负责协调"),
        (["instruct", "e-lead", "--role", "duty_officer", "--note", "x", "--grade", "IV"], "只能提高等级"),
        (["ack", "e-none", "--role", "duty_officer"], "waiting for a receipt: e-lead, e-office"),
        (["ack", "e-", "--role", "duty_officer"], "the beginning of 3 ids"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once_and_says_what_can(
    sent: list[Any], words: list[str], reason: str
) -> None:
    with pytest.raises(OpinionStreamError, match=reason):
        run("escalation", *words)
    assert sent == []


def test_the_refusal_lists_the_receipts_that_are_allowed(sent: list[Any]) -> None:
    with pytest.raises(OpinionStreamError, match="现在可作的回执：签收（ack）、批示（instruct）、退回（return）"):
        run("escalation", "ack", "e-lead", "--role", "passer_by")


def test_the_list_shows_who_has_it_and_filters(sent: list[Any]) -> None:
    table = run("escalation", "list", "--open")
    assert "待签收" in table
    assert "e-done" not in table
    found = json.loads(run("escalation", "list", "--unit", "office", "--json"))
    assert [e["id"] for e in found] == ["e-office"]


def test_a_referral_is_checked_before_it_is_sent(sent: list[Any]) -> None:
    matter = ["--id", "17", "--from-body", "省政府办公厅", "--title", "交办件", "--due", "2099-01-01T08:00"]
    output = run("referral", "send", *matter, "--unit", "housing")
    assert isinstance(sent[0], Referral)
    assert "安平市住房和城乡建设局" in output
    with pytest.raises(OpinionStreamError, match=r"units\.yaml"):
        run("referral", "send", *matter, "--unit", "nobody")
    assert len(sent) == 1


class TestDuty:
    def test_who_is_on_at_a_time_as_table_and_as_json(self) -> None:
        asked = ["duty", "who", "--at", "2026-03-04T22:00", "--post", "office", "--config", str(SMALL_POLICY)]
        assert "备班" in run(*asked)
        (post,) = json.loads(run(*asked, "--json"))["posts"]
        assert (post["on"]["seat"], post["on"]["instead_of"], post["on"]["contact"]) == (
            "spare",
            "night",
            "wecom:duty-spare",
        )
        assert [watch["seat"] for watch in post["above"]] == ["deputy", "head"]

    def test_the_week_shows_holidays_and_substitutions(self) -> None:
        table = run("duty", "week", "--from", "2026-03-02", "--config", str(SMALL_POLICY))
        assert "03-02 周一（工作日）" in table
        assert "备班（替夜班）" in table

    def test_a_gap_is_named_and_the_exit_code_tells(self, tmp_path: Path) -> None:
        for path in SMALL_POLICY.iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes())
        roster = tmp_path / "duty.yaml"
        roster.write_text(roster.read_text(encoding="utf-8").replace('from: "20:00"', 'from: "21:00"'), "utf-8")
        result = runner.invoke(app, ["duty", "check", "--config", str(tmp_path)])
        assert result.exit_code == 1
        assert "duty.yaml: posts.office: 轮班第1周 周一（工作日） 20:00—21:00 无人值班" in result.output
        assert "正确" in run("duty", "check", "--config", str(SMALL_POLICY))

    @pytest.mark.parametrize(
        ("words", "reason"),
        [(["who", "--at", "bald"], "2026-10-01T02:00"), (["who", "--post", "x"], "known: office")],
    )
    def test_what_is_no_time_and_no_post_is_explained(self, words: list[str], reason: str) -> None:
        with pytest.raises(OpinionStreamError, match=reason):
            run("duty", *words, "--config", str(SMALL_POLICY))
