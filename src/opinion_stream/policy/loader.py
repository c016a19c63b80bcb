"""Reads a policy folder, checks every file and every reference between files, and names what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import yaml
from pydantic import ValidationError

from opinion_stream.errors import PolicyError
from opinion_stream.models.base import Grade
from opinion_stream.policy.answers import Answers
from opinion_stream.policy.base import CODE, PolicyModel
from opinion_stream.policy.collection import CollectionPolicy
from opinion_stream.policy.duty import Duty
from opinion_stream.policy.handling import Deadlines, Response, Routes
from opinion_stream.policy.judgement import (
    Categories,
    Grading,
    Grouping,
    MediaPolicy,
    Natures,
    Priority,
    Sensitivity,
    SubCategory,
)
from opinion_stream.policy.ledger import LedgerPolicy
from opinion_stream.policy.mapping import FieldMapping, Mappings
from opinion_stream.policy.notify import Notify
from opinion_stream.policy.outlook import Outlook, Warnings
from opinion_stream.policy.places import (
    Jurisdiction,
    Region,
    Regions,
    Unit,
    Units,
    parents_in_a_circle,
    shared_names,
)
from opinion_stream.policy.playbooks import Playbooks
from opinion_stream.policy.publishing import Publishing
from opinion_stream.policy.sources import SourcesPolicy, source_problems
from opinion_stream.policy.supervision import Supervision
from opinion_stream.policy.watch import Watch

M = TypeVar("M", bound=PolicyModel)

MAPPINGS = "mappings"
"""The one part of a policy that is a folder and not a file."""


class Policy(PolicyModel):
    """All of a jurisdiction's policy. One field per file: field `units` is read from `units.yaml`."""

    jurisdiction: Jurisdiction
    regions: Regions
    units: Units
    categories: Categories
    nature: Natures
    sensitivity: Sensitivity
    priority: Priority
    media: MediaPolicy
    grading: Grading
    incidents: Grouping
    routes: Routes
    duty: Duty
    deadlines: Deadlines
    response: Response
    collection: CollectionPolicy
    notify: Notify
    supervision: Supervision
    publishing: Publishing
    answers: Answers
    playbooks: Playbooks
    trend: Outlook
    warnings: Warnings
    sources: SourcesPolicy
    watch: Watch
    ledger: LedgerPolicy
    mappings: Mappings = Mappings()
    """Every file of the folder `mappings`, which may be missing."""

    def region(self, code: str) -> Region:
        """The region of that code; KeyError if there is none."""
        return _by_code(self.regions.regions, code)

    def unit(self, code: str) -> Unit:
        """The unit of that code; KeyError if there is none."""
        return _by_code(self.units.units, code)


C = TypeVar("C", Region, Unit)


def _by_code(items: tuple[C, ...], code: str) -> C:
    for item in items:
        if item.code == code:
            return item
    raise KeyError(code)


def load_policy(folder: Path) -> Policy:
    """Read and check the policy in `folder`.

    Raises PolicyError with one line per problem: file, key and reason.
    """
    if not folder.is_dir():
        raise PolicyError([f"{folder}: no such folder; name one with --config or OPINION_CONFIG"])
    problems: list[str] = []
    parts: dict[str, PolicyModel] = {}
    for name, field in Policy.model_fields.items():
        if name == MAPPINGS:
            continue
        kind = field.annotation
        if not (isinstance(kind, type) and issubclass(kind, PolicyModel)):
            raise TypeError(f"Policy.{name} must be a PolicyModel")
        part = _read(folder / f"{name}.yaml", kind, problems)
        if part is not None:
            parts[name] = part
    parts[MAPPINGS] = _read_mappings(folder / MAPPINGS, problems)
    if problems:
        raise PolicyError(problems)
    policy = Policy.model_validate(parts)
    problems.extend(_broken_references(policy))
    if problems:
        raise PolicyError([f"{folder}/{problem}" for problem in problems])
    return policy


def _read_mappings(folder: Path, problems: list[str]) -> Mappings:
    files: dict[str, FieldMapping] = {}
    for path in sorted(folder.glob("*.yaml")):
        if not CODE.fullmatch(path.stem):
            problems.append(f"{path}: the name of a mapping has letters, digits, dots, dashes and underscores only")
        elif (mapping := _read(path, FieldMapping, problems)) is not None:
            files[path.stem] = mapping
    return Mappings(files=files)


def load_watch(path: Path) -> Watch:
    """Read and check a file of watch rules alone. Raises PolicyError like `load_policy`."""
    problems: list[str] = []
    rules = _read(path, Watch, problems)
    if rules is not None:
        problems += [f"{path}: {problem}" for problem in _watch_problems(rules)]
        if not problems:
            return rules
    raise PolicyError(problems)


def _watch_problems(rules: Watch) -> Iterator[str]:
    # Imported here and not above: see `_duty_problems`.
    from opinion_stream.domain.collection.watch.watcher import rule_problems

    yield from rule_problems(rules)


def _read(path: Path, kind: type[M], problems: list[str]) -> M | None:
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506  (a CSafeLoader)
    except FileNotFoundError:
        problems.append(f"{path}: the file is missing")
        return None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problems.append(f"{path}: not readable as YAML: {' '.join(str(error).split())}")
        return None
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        for item in error.errors():
            key = ".".join(str(part) for part in item["loc"]) or "(whole file)"
            problems.append(f"{path}: {key}: {item['msg']} (found {_short(item['input'])})")
        return None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class _StrictLoader(yaml.CSafeLoader):
    """Safe YAML in which a key given twice is an error, since the first would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(set(keys)) < len(keys):
            key, times = Counter(keys).most_common(1)[0]
            raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is given {times} times", node.start_mark)
        return super().construct_mapping(node, deep)


def _construct_map(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Hashable, object]:
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _construct_map)


def _broken_references(policy: Policy) -> Iterator[str]:
    """Every code that one file uses and another does not define; each line starts with the file's name."""
    regions = Counter(r.code for r in policy.regions.regions)
    units = Counter(u.code for u in policy.units.units)
    categories = {c.name for c in policy.categories.categories} | {policy.categories.fallback}
    for code, times in regions.items():
        if times > 1:
            yield f"regions.yaml: regions: code {code!r} is given {times} times"
    for code, times in units.items():
        if times > 1:
            yield f"units.yaml: units: code {code!r} is given {times} times"
    if policy.jurisdiction.region not in regions:
        yield f"jurisdiction.yaml: region: {policy.jurisdiction.region!r} is not in regions.yaml"
    if policy.jurisdiction.office not in units:
        yield f"jurisdiction.yaml: office: {policy.jurisdiction.office!r} is not in units.yaml"
    for region in policy.regions.regions:
        if region.parent is not None and region.parent not in regions:
            yield f"regions.yaml: {region.code}.parent: {region.parent!r} is not in regions.yaml"
    yield from (
        f"regions.yaml: {code}.parent: it is above itself" for code in parents_in_a_circle(policy.regions.regions)
    )
    yield from (f"regions.yaml: aliases: {line}" for line in shared_names(policy.regions.regions))
    yield from (f"units.yaml: aliases: {line}" for line in shared_names(policy.units.units))
    for unit in policy.units.units:
        if unit.region not in regions:
            yield f"units.yaml: {unit.code}.region: {unit.region!r} is not in regions.yaml"
    for key, code in _units_used(policy):
        if code not in units:
            yield f"{key}: {code!r} is not in units.yaml"
    for key, names in _categories_used(policy):
        for name in names:
            if name not in categories:
                yield f"{key}: {name!r} is not a level-1 category of categories.yaml"
    for route in policy.routes.routes:
        if route.to not in ("lead", "co") and route.to not in units:
            yield f"routes.yaml: {route.id}.to: {route.to!r} is neither lead, co nor in units.yaml"
        for code in route.regions:
            if code not in regions:
                yield f"routes.yaml: {route.id}.regions: {code!r} is not in regions.yaml"
    for grade in Grade:
        # A matter that must be answered and that no route names would be reported to nobody, and be lost.
        whole = (r for r in policy.routes.routes if r.to == "lead" and not (r.categories or r.natures or r.regions))
        if not any(grade in route.grades for route in whole):
            yield f"routes.yaml: routes: no route takes every matter of grade {grade} to its lead unit"
    yield from _role_problems(policy)
    yield from _duty_problems(policy)
    yield from source_problems(policy)
    for notice in policy.deadlines.notices:
        if notice.to_role not in policy.routes.roles:
            yield f"deadlines.yaml: notices.{notice.id}.to_role: {notice.to_role!r} is not a role of routes.yaml"
    for name, role in policy.routes.roles.items():
        if role.channel not in policy.notify.channels:
            yield f"routes.yaml: roles.{name}.channel: {role.channel!r} is not one of `channels` of notify.yaml"
    for name, clock in policy.deadlines.clocks.items():
        for action in clock.met_by:
            if action.startswith("publish:") and action[8:] not in policy.response.publications:
                yield (f"deadlines.yaml: clocks.{name}.met_by: {action[8:]!r} is not in publications of response.yaml")
    rules = {rule.id for rule in policy.sensitivity.rules} | {rule.id for rule in policy.priority.rules}
    unknown = policy.playbooks.unknown(rules, policy.deadlines.clocks.keys(), policy.response.publications.keys())
    yield from (f"playbooks.yaml: {line}" for line in unknown)
    yield from (f"watch.yaml: {problem}" for problem in _watch_problems(policy.watch))


def _role_problems(policy: Policy) -> Iterator[str]:
    named, addressed = policy.response.roles, policy.routes.roles
    for code in sorted(named.keys() & addressed.keys()):
        yield f"response.yaml: roles.{code}: routes.yaml names this role already; leave it out here"
    # Policies from before roles were named here stay valid.
    for code in policy.response.approvers if named else ():
        if code not in named and code not in addressed:
            yield f"response.yaml: approvers: {code!r} is neither in `roles` here nor in those of routes.yaml"


def _duty_problems(policy: Policy) -> Iterator[str]:
    # Imported here and not above: the check works on the policy, whose package this module belongs to.
    from opinion_stream.domain.duty.coverage import roster_problems

    for name, post in policy.duty.posts.items():
        if post.role not in policy.routes.roles:
            yield f"duty.yaml: posts.{name}.role: {post.role!r} is not a role of routes.yaml"
    for name, seat in policy.duty.seats.items():
        if seat.channel is not None and seat.channel not in policy.notify.channels:
            yield f"duty.yaml: seats.{name}.channel: {seat.channel!r} is not one of `channels` of notify.yaml"
    for problem in roster_problems(policy.duty, ZoneInfo(policy.jurisdiction.timezone)):
        yield f"duty.yaml: {problem}"


def _units_used(policy: Policy) -> Iterator[tuple[str, str]]:
    yield "categories.yaml: fallback_unit", policy.categories.fallback_unit
    for route in policy.routes.routes:
        yield from ((f"routes.yaml: {route.id}.joint", code) for code in route.joint)
    for name, post in policy.duty.posts.items():
        yield from ((f"duty.yaml: posts.{name}.units", code) for code in post.units)
    for category in policy.categories.categories:
        key = f"categories.yaml: {category.name}"
        yield f"{key}.unit", category.unit
        yield from ((f"{key}.co_units", code) for code in category.co_units)
        yield from _units_of_children(key, category.children)
    yield from ((f"playbooks.yaml: {key}.by", code) for key, code in policy.playbooks.units())


def _units_of_children(key: str, children: tuple[SubCategory, ...]) -> Iterator[tuple[str, str]]:
    for child in children:
        name = f"{key}/{child.name}"
        if child.unit is not None:
            yield f"{name}.unit", child.unit
        yield from ((f"{name}.co_units", code) for code in child.co_units)
        yield from _units_of_children(name, child.children)


def _categories_used(policy: Policy) -> Iterator[tuple[str, tuple[str, ...]]]:
    for rule in policy.sensitivity.rules:
        yield f"sensitivity.yaml: {rule.id}.when.categories", rule.when.categories
    for priority in policy.priority.rules:
        yield f"priority.yaml: {priority.id}.when.categories", priority.when.categories
    for route in policy.routes.routes:
        yield f"routes.yaml: {route.id}.categories", route.categories
    for name, signs in policy.playbooks.signs():
        yield f"playbooks.yaml: {name}.categories", signs.categories
