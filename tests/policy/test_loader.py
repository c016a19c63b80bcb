"""The policy loader: every shipped folder loads; every mistake is named with file, key and reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import SMALL_POLICY
from opinion_stream.errors import PolicyError
from opinion_stream.policy import Policy, load_policy

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(Policy.model_fields.keys() - {"mappings"})
SHIPPED = [
    ROOT / "config",
    *sorted({p.parent for p in (ROOT / "examples").rglob("jurisdiction.yaml")}),
    SMALL_POLICY,
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the small policy that a test may spoil."""
    return Path(shutil.copytree(SMALL_POLICY, tmp_path / "policy"))


def spoil(folder: Path, file: str, old: str, new: str) -> None:
    """Put `new` where `old` stands first; the test is wrong if it does not stand there."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {file}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load_policy(folder)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
def test_shipped_folder_loads(path: Path) -> None:
    policy = load_policy(path)
    assert policy.region(policy.jurisdiction.region).name == policy.jurisdiction.name
    assert policy.unit(policy.jurisdiction.office).region == policy.jurisdiction.region
    assert not [line for line in path.glob("*.yaml") if line.stem not in FILES], "a file that nobody reads"


BAD: dict[str, tuple[str, str, str, str, str]] = {
    # what is wrong: (file, text to replace, by what, key that must be named, reason that must be given)
    "typo in a key": ("grading.yaml", "rising_bonus", "rising_bonis", "rising_bonis", "not permitted"),
    "typo deep inside": ("routes.yaml", "receipt_minutes: 30", "receipt_minute: 30", "routes.0.receipt_minute", "not"),
    "key missing": ("collection.yaml", "max_text_chars: 20000", "", "max_text_chars", "required"),
    "key given twice": ("incidents.yaml", "keywords: 6", "keywords: 6\nkeywords: 7", "keywords", "given 2 times"),
    "key twice, deep": ("response.yaml", "weibo:", "website:", "website", "given 2 times"),
    "not YAML": ("media.yaml", "tiers:", "tiers: [", "media.yaml", "not readable as YAML"),
    "clock and hours": ("playbooks.yaml", "clock: press_conference", "within_hours: 3, clock: x", "common", "clock"),
    "text for a number": ("incidents.yaml", "quiet_hours: 72", "quiet_hours: 三天", "quiet_hours", "三天"),
    "number out of range": ("grading.yaml", "rising_bonus: 10", "rising_bonus: 101", "rising_bonus", "100"),
    "list for a map": ("deadlines.yaml", "clocks:\n", "clocks: []\nold:\n", "clocks", "dictionary"),
    "thresholds rise": ("grading.yaml", "I: 75", "I: 50", "thresholds", "must fall: I > II > III"),
    "weights": ("grading.yaml", "media: 0.25", "media: 0.3", "weights", "add up to 1"),
    "scale upside down": ("grading.yaml", "full_at: 20", "full_at: 1", "media_count", "above zero_at"),
    "unknown grade": ("routes.yaml", "grades: [IV]", "grades: [V]", "grades.0", "'V'"),
    "unknown nature": ("nature.yaml", "nature: thanks", "nature: thank", "rules.6.nature", "'thank'"),
    "unknown tier": ("media.yaml", "tier: province", "tier: provinz", "media.yaml", "tier provinz is not defined"),
    "unknown role": ("routes.yaml", "chain: [direct_responsible]", "chain: [boss]", "i-ii-co", "'boss'"),
    "route id twice": ("routes.yaml", "id: iii-office", "id: iii-lead", "routes.yaml", "must differ"),
    "unknown action": ("deadlines.yaml", "met_by: [accept]", "met_by: [acept]", "met_by", "unknown action 'acept'"),
    "unknown notice field": ("deadlines.yaml", "{clock}将于", "{clok}将于", "notices.0.text", "unknown field {clok}"),
    "two measures": ("deadlines.yaml", "hours: 5\n", "hours: 5\n    working_days: 1\n", "authoritative", "exactly one"),
    "no measure": ("deadlines.yaml", "    hours: 5\n", "", "clocks.authoritative", "exactly one"),
    "unknown time zone": ("jurisdiction.yaml", "Asia/Shanghai", "Asia/Anping", "timezone", "'Asia/Anping'"),
    "time without zone": ("collection.yaml", "T00:00:00+08:00", "T00:00:00", "earliest", "timezone"),
    "source of nothing": ("playbooks.yaml", "source: handle", "source: law", "playbooks.yaml", "'law' is not defined"),
    "no unit of time": ("duty.yaml", 'from: "20:00"', "from: evening", "posts.office.shifts.night.from", "evening"),
    "unknown shift": ("duty.yaml", "shifts: [night]", "shifts: [evening]", "posts.office", "'evening'"),
    "a telephone": ("duty.yaml", "wecom:duty-day", "tel:13900000000", "seats.day.contact", "telephone"),
    "interval of nothing": (
        "routes.yaml",
        "routes:\n",
        "follow_up: {every_minutes: {I: 0}}\nroutes:\n",
        "I",
        "above 0",
    ),
    "source without a ground": ("sources.yaml", "    licence: 市政府自建留言板\n", "", "licence", "required"),
    "unknown kind of source": ("sources.yaml", "kind: rss", "kind: fax", "sources.0", "'fax'"),
    "source twice": ("sources.yaml", "name: board", "name: evening-news", "sources.yaml", "must differ: evening-news"),
    "no web address": ("sources.yaml", "https://news.anping", "file:///news.anping", "sources.0.rss.url", "pattern"),
    "no contact": ("sources.yaml", '{contact: "mailto:desk@anping.example"}', "{}", "contact", "required"),
    "bad code": ("units.yaml", "code: housing", "code: 住建", "units.3.code", "住建"),
}


@pytest.mark.parametrize("what", BAD)
def test_mistake_in_a_file_is_named_with_file_key_and_reason(folder: Path, what: str) -> None:
    file, old, new, key, reason = BAD[what]
    spoil(folder, file, old, new)
    problems = problems_of(folder)
    assert any(str(folder / file) in p and key in p and reason in p for p in problems), problems
    assert {p.split(":")[0] for p in problems} == {str(folder / file)}, "files that are right are not blamed"


BROKEN: dict[str, tuple[str, str, str, str]] = {
    # what is wrong: (file, text to replace, by what, the line that must be printed after the folder)
    "category's unit": (
        "categories.yaml",
        "unit: transport",
        "unit: traffic",
        "categories.yaml: 交通运输.unit: 'traffic' is not in units.yaml",
    ),
    "unit of a lower category": (
        "categories.yaml",
        "co_units: [health]",
        "co_units: [helth]",
        "categories.yaml: 教育文体/中小学教育.co_units: 'helth' is not in units.yaml",
    ),
    "fallback unit": (
        "categories.yaml",
        "fallback_unit: office",
        "fallback_unit: offices",
        "categories.yaml: fallback_unit: 'offices' is not in units.yaml",
    ),
    "office": (
        "jurisdiction.yaml",
        "office: office",
        "office: bureau",
        "jurisdiction.yaml: office: 'bureau' is not in units.yaml",
    ),
    "source's region": (
        "sources.yaml",
        'region_hint: "990101"',
        'region_hint: "990199"',
        "sources.yaml: sources.evening-news.region_hint: '990199' is not in regions.yaml",
    ),
    "source's channel": (
        "sources.yaml",
        "channel: news",
        "channel: fax",
        "sources.yaml: sources.evening-news.channel: 'fax' is not one of `channels` of media.yaml",
    ),
    "source's tier": (
        "sources.yaml",
        "tier: city",
        "tier: state",
        "sources.yaml: sources.evening-news.media.tier: 'state' is not one of `tiers` of media.yaml",
    ),
    "source's tier against the list of media": (
        "sources.yaml",
        "tier: city",
        "tier: central",
        "sources.yaml: sources.evening-news.media.tier: 'central', but by media.yaml this medium is of tier 'city'; "
        "list it under `media` there, or name its kind or channel",
    ),
    "post's unit": (
        "duty.yaml",
        "units: [office]",
        "units: [bureau]",
        "duty.yaml: posts.office.units: 'bureau' is not in units.yaml",
    ),
    "post's role": (
        "duty.yaml",
        "role: direct_responsible",
        "role: deputy",
        "duty.yaml: posts.office-deputy.role: 'deputy' is not a role of routes.yaml",
    ),
    "gap by an absence": (
        "duty.yaml",
        "from: 2026-03-05 08:00, to",
        "from: 2026-03-04 23:00, to",
        "duty.yaml: posts.office-deputy: 2026-03-04 23:00 至 2026-03-05 00:00 无人值班，请安排替班（substitutions）",
    ),
    "route's region": (
        "routes.yaml",
        "    to: lead\n",
        "    to: lead\n    regions: [nowhere]\n",
        "routes.yaml: i-ii-lead.regions: 'nowhere' is not in regions.yaml",
    ),
    "joint unit": (
        "routes.yaml",
        "    to: lead\n",
        "    to: lead\n    joint: [fleet]\n",
        "routes.yaml: i-ii-lead.joint: 'fleet' is not in units.yaml",
    ),
    "jurisdiction's region": (
        "jurisdiction.yaml",
        '"990100"',
        '"990199"',
        "jurisdiction.yaml: region: '990199' is not in regions.yaml",
    ),
    "parent": (
        "regions.yaml",
        'level: township, parent: "990101"',
        'level: township, parent: "990109"',
        "regions.yaml: 990101-liushu.parent: '990109' is not in regions.yaml",
    ),
    "parents in a circle": (
        "regions.yaml",
        "level: province",
        'level: province, parent: "990100"',
        "regions.yaml: 990000.parent: it is above itself",
    ),
    "region code twice": (
        "regions.yaml",
        'code: "990102"',
        'code: "990101"',
        "regions.yaml: regions: code '990101' is given 2 times",
    ),
    "two places of one name": (
        "regions.yaml",
        "aliases: [西河]",
        "aliases: [西河, 东河]",
        "regions.yaml: aliases: '东河' is a name of 990101 and of 990102; nobody can tell which is meant",
    ),
    "two units of one name": (
        "units.yaml",
        "aliases: [市住建局, 住建局]",
        "aliases: [市住建局, 交通局]",
        "units.yaml: aliases: '交通局' is a name of housing and of transport; nobody can tell which is meant",
    ),
    "unit code twice": (
        "units.yaml",
        "code: gov-xihe",
        "code: gov-donghe",
        "units.yaml: units: code 'gov-donghe' is given 2 times",
    ),
    "unit's region": (
        "units.yaml",
        'level: province, region: "990000"',
        'level: province, region: "980000"',
        "units.yaml: prov-office.region: '980000' is not in regions.yaml",
    ),
    "route's addressee": (
        "routes.yaml",
        "to: prov-office",
        "to: prov-offices",
        "routes.yaml: i-ii-above.to: 'prov-offices' is neither lead, co nor in units.yaml",
    ),
    "route's category": (
        "routes.yaml",
        "grades: [III]",
        "grades: [III]\n    categories: [教育体育]",
        "routes.yaml: iii-lead.categories: '教育体育' is not a level-1 category of categories.yaml",
    ),
    "priority's category": (
        "priority.yaml",
        "[城乡建设, 教育文体",
        "[城乡建设, 教育",
        "priority.yaml: livelihood.when.categories: '教育' is not a level-1 category of categories.yaml",
    ),
    "notice's role": (
        "deadlines.yaml",
        "to_role: duty_officer",
        "to_role: duty",
        "deadlines.yaml: notices.reminder.to_role: 'duty' is not a role of routes.yaml",
    ),
    "playbook's rule": (
        "playbooks.yaml",
        "rules: [explosion]",
        "rules: [explosions]",
        "playbooks.yaml: explosion.when.rules: 'explosions' is neither a rule of sensitivity.yaml nor of priority.yaml",
    ),
    "playbook's category": (
        "playbooks.yaml",
        "categories: [城乡建设]",
        "categories: [建设]",
        "playbooks.yaml: explosion.when.categories: '建设' is not a level-1 category of categories.yaml",
    ),
    "measure's clock": (
        "playbooks.yaml",
        "clock: press_conference",
        "clock: press",
        "playbooks.yaml: common.press.clock: 'press' is not a clock of deadlines.yaml",
    ),
    "measure's unit": (
        "playbooks.yaml",
        "by: [emergency, co]",
        "by: [firemen, co]",
        "playbooks.yaml: explosion.rescue.by: 'firemen' is not in units.yaml",
    ),
    "playbook's publication": (
        "playbooks.yaml",
        "publications: [weibo]",
        "publications: [radio]",
        "playbooks.yaml: explosion.publications: 'radio' is not in publications of response.yaml",
    ),
    "role named twice": (
        "response.yaml",
        "max_hops: 2",
        "max_hops: 2\nroles: {duty_officer: 值班员}",
        "response.yaml: roles.duty_officer: routes.yaml names this role already; leave it out here",
    ),
    "approver without a name": (
        "response.yaml",
        "max_hops: 2",
        "max_hops: 2\nroles: {reviewer: 审核领导}\napprovers: [reviewer, reviever]",
        "response.yaml: approvers: 'reviever' is neither in `roles` here nor in those of routes.yaml",
    ),
    "publication": (
        "deadlines.yaml",
        '"publish:weibo"',
        '"publish:wiebo"',
        "deadlines.yaml: clocks.authoritative.met_by: 'wiebo' is not in publications of response.yaml",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_reference_to_nothing_is_named(folder: Path, what: str) -> None:
    file, old, new, line = BROKEN[what]
    spoil(folder, file, old, new)
    assert f"{folder}/{line}" in problems_of(folder)


def test_a_policy_from_before_acting_roles_had_names_is_valid(folder: Path) -> None:
    spoil(folder, "response.yaml", "max_hops: 2", "max_hops: 2\napprovers: [reviewer]")
    assert load_policy(folder).response.roles == {}


@pytest.mark.parametrize("name", FILES)
def test_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / f"{name}.yaml").unlink()
    assert problems_of(folder) == [f"{folder / name}.yaml: the file is missing"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", ["", "只是一句话\n", "- 1\n", "\xff".encode("latin-1")], ids=repr)
def test_file_with_nothing_sensible_in_it_is_named(folder: Path, name: str, content: str | bytes) -> None:
    path = folder / f"{name}.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    problems = problems_of(folder)
    assert problems
    assert all(p.startswith(str(path)) for p in problems)


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    spoil(folder, "grading.yaml", "rising_bonus", "rising_bonis")
    spoil(folder, "incidents.yaml", "quiet_hours: 72", "quiet_hours: -1")
    (folder / "media.yaml").unlink()
    files = {Path(p.split(":")[0]).name for p in problems_of(folder)}
    assert files == {"grading.yaml", "incidents.yaml", "media.yaml"}


def test_missing_folder_says_how_to_name_one(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path / "nowhere")
    assert "nowhere" in problem
    assert "--config" in problem
    assert "OPINION_CONFIG" in problem


def test_code_on_the_machine_is_not_run(folder: Path) -> None:
    marker = folder.parent / "was-run"
    (folder / "media.yaml").write_text(f"!!python/object/apply:os.mkdir ['{marker}']\n", encoding="utf-8")
    assert any("media.yaml" in p for p in problems_of(folder))
    assert not marker.exists()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(FILES), key=st.from_regex(r"[a-z_]{3,12}", fullmatch=True), value=st.integers() | st.booleans()
)
def test_any_key_that_is_not_ours_is_refused_by_name(folder: Path, name: str, key: str, value: object) -> None:
    kind = Policy.model_fields[name].annotation
    assert kind is not None
    if key in kind.model_fields or key in ("true", "false", "null", "yes", "off"):
        return
    path = folder / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    try:
        path.write_text(f"{text}\n{key}: {value}\n", encoding="utf-8")
        assert any(p.startswith(f"{path}: {key}: ") for p in problems_of(folder))
    finally:
        path.write_text(text, encoding="utf-8")
