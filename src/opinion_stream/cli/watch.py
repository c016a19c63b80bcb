"""`opinion-stream watch check|test|explain`: what the rules of `watch.yaml` say, before and after they are in force."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from opinion_stream.cli.common import ConfigOption, existing, out, print_table, settings_of
from opinion_stream.errors import PolicyError

if TYPE_CHECKING:
    from opinion_stream.domain.collection.watch.watcher import Hit, Watcher
    from opinion_stream.models.mention import Mention

KINDS = {"priority": "关注", "exclusion": "排除", "except": "排除的例外", "always_hear": "总要听"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    watch = typer.Typer(help="Priority words and exclusions (关注词与排除规则).", no_args_is_help=True)
    watch.command(
        "check",
        epilog="Examples:\n\nopinion-stream watch check\n\nopinion-stream watch check --rules draft.yaml",
    )(check)
    watch.command(
        "test",
        epilog="Examples:\n\nopinion-stream watch test messages.jsonl\n\n"
        "opinion-stream watch test messages.jsonl --rules draft.yaml --samples 5 --json",
    )(try_on)
    watch.command("explain", epilog='Example:\n\nopinion-stream watch explain "学校食堂的饭菜里吃出虫子"')(explain)
    app.add_typer(watch, name="watch")


RulesOption = typer.Option(None, "--rules", "-r", help="Another file of rules than watch.yaml of the policy folder.")


def check(rules: Path | None = RulesOption, config: ConfigOption = None) -> None:
    """Validate the rules and show how each is read; each problem with its place and cure. Exit code 1 for any."""
    try:
        watcher = _watcher(rules, config)
    except PolicyError as error:
        for problem in error.problems:
            out.print(problem, markup=False)
        out.print(f"{len(error.problems)} 处问题", markup=False)
        raise typer.Exit(1) from error
    from opinion_stream.domain.collection.watch.query import show

    for kind, name, query in watcher.queries():
        out.print(f"[{KINDS[kind]}] {'' if kind == 'always_hear' else name + '：'}{show(query)}", markup=False)
    found = watcher.rules
    out.print(
        f"正确。关注词规则 {len(found.priority)} 条，排除规则 {len(found.exclusions)} 条，版本 {watcher.version}",
        markup=False,
    )


@dataclass
class _Tally:
    """What one rule met."""

    hits: int = 0
    decided: int = 0
    seen: int = 0
    samples: list[Mention] = field(default_factory=list)

    def offer(self, mention: Mention, keep: int, chance: random.Random) -> None:
        """Keep an even sample of what is offered (reservoir sampling)."""
        self.seen += 1
        if len(self.samples) < keep:
            self.samples.append(mention)
        elif (place := chance.randrange(self.seen)) < keep:
            self.samples[place] = mention


def try_on(
    file: Path = typer.Argument(help="JSON Lines, one RawMention a line."),
    rules: Path | None = RulesOption,
    samples: int = typer.Option(3, min=0, max=100, help="Masked samples shown for each rule."),
    seed: int = typer.Option(1, help="Seed of the samples."),
    as_json: bool = typer.Option(False, "--json", help="As one JSON object."),
    config: ConfigOption = None,
) -> None:
    """Try the rules on a file: what each hits, how often it decides, masked samples. Changes nothing."""
    from opinion_stream.cli.files import Job

    watcher = _watcher(rules, config)
    tallies: dict[tuple[str, str], _Tally] = defaultdict(_Tally)
    chance = random.Random(seed)  # noqa: S311  (a sample to read, no secret)
    total = aside = marked = 0
    with ExitStack() as stack:
        job = Job(stack, existing(file), None, config)
        for mention in job.mentions():
            total += 1
            seen = watcher.look(mention.title, mention.text)
            aside += seen.set_aside is not None
            marked += bool(seen.watch)
            for hit in watcher.explain(mention.title, mention.text):
                tally = tallies[hit.kind, hit.name]
                tally.hits += 1
                tally.decided += hit.name in (*seen.watch, seen.set_aside) and hit.kind in ("priority", "exclusion")
                tally.offer(mention, samples, chance)
    if as_json:
        found = [_as_json(kind, name, tallies[kind, name]) for kind, name, _ in watcher.queries()]
        summary = {"version": watcher.version, "mentions": total, "watched": marked, "set_aside": aside}
        typer.echo(json.dumps({**summary, "rules": found}, ensure_ascii=False))
        return
    _print(watcher, tallies)
    out.print(
        f"提及 {total} 条：带关注词 {marked} 条，另列 {aside} 条；规则版本 {watcher.version}。"
        "（命中：规则成立；生效：排除规则成立且没有被例外、总要听或关注词规则盖过）",
        markup=False,
    )


def _print(watcher: Watcher, tallies: dict[tuple[str, str], _Tally]) -> None:
    from rich.table import Table

    table = Table("类型", "规则", "命中", "生效")
    for kind, name, _ in watcher.queries():
        tally = tallies[kind, name]
        decided = str(tally.decided) if kind in ("priority", "exclusion") else ""
        table.add_row(KINDS[kind], "" if kind == "always_hear" else name, str(tally.hits), decided)
    print_table(table)
    for kind, name, _ in watcher.queries():
        for mention in tallies[kind, name].samples:
            out.print(f"[{KINDS[kind]}·{name}] {mention.id} {_short(mention)}", markup=False)


def _short(mention: Mention) -> str:
    text = f"{mention.title}｜{mention.text}"
    return text if len(text) <= 100 else f"{text[:99]}…"


def _as_json(kind: str, name: str, tally: _Tally) -> dict[str, object]:
    samples = [{"id": mention.id, "text": _short(mention)} for mention in tally.samples]
    return {"kind": kind, "name": name, "hits": tally.hits, "decided": tally.decided, "samples": samples}


def explain(
    text: str = typer.Argument(help="The text; it is cleaned and masked as in collection."),
    title: str = typer.Option("", "--title", help="Its title."),
    rules: Path | None = RulesOption,
    as_json: bool = typer.Option(False, "--json", help="As one JSON object."),
    config: ConfigOption = None,
) -> None:
    """Say which rules a text meets, by which words, and what becomes of it."""
    from opinion_stream.domain.collection.clean import clean

    watcher = _watcher(rules, config)
    title, text = clean(title), clean(text)
    seen, hits = watcher.look(title, text), watcher.explain(title, text)
    if as_json:
        found = [{"kind": h.kind, "name": h.name, "reason": h.reason, "words": h.words} for h in hits]
        data = {"version": watcher.version, "watch": seen.watch, "set_aside": seen.set_aside, "hits": found}
        typer.echo(json.dumps(data, ensure_ascii=False))
        return
    for hit in hits:
        out.print(_told(hit), markup=False)
    if seen.set_aside is not None:
        verdict = f"另列，不立事：{seen.set_aside}"
    elif seen.watch:
        verdict = f"照常研判，带关注词：{'、'.join(seen.watch)}"
    else:
        verdict = "照常研判" + ("（排除规则被盖过）" if any(hit.kind == "exclusion" for hit in hits) else "")
    out.print(f"结论：{verdict}；规则版本 {watcher.version}", markup=False)


def _told(hit: Hit) -> str:
    name = "" if hit.kind == "always_hear" else f" {hit.name}"
    return f"{KINDS[hit.kind]}{name}：{hit.reason}（词语：{'、'.join(hit.words)}）"


def _watcher(rules: Path | None, config: Path | None) -> Watcher:
    from opinion_stream.domain.collection.watch.watcher import Watcher
    from opinion_stream.policy.loader import load_watch

    return Watcher(load_watch(existing(rules or settings_of(config=config).config / "watch.yaml")))
