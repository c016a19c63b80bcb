"""`opinion-stream train` and `opinion-stream evaluate`: the category model from labelled texts, and how good it is."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from opinion_stream.cli.common import ConfigOption, ModelOption, classifier_of, err, out, print_table, settings_of

if TYPE_CHECKING:
    from opinion_stream.adapters.model_store import ModelInfo
    from opinion_stream.domain.learning.scores import Scores
    from opinion_stream.domain.learning.training import Learned, Recipe
    from opinion_stream.policy.judgement import Categories

LabelledArgument = typer.Argument(help="JSON Lines with `text` and `category` (level 1); `title` if there is one.")
OutOption = typer.Option(..., "--out", "-o", help="Folder for the model; an older one in it is replaced.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("train", epilog="Example:\n\nopinion-stream train labelled.jsonl --out models/category")(train)
    app.command(
        "evaluate",
        epilog="Examples:\n\nopinion-stream evaluate labelled.jsonl\n\n"
        "opinion-stream evaluate labelled.jsonl --model models/category --json",
    )(evaluate)


def train(
    file: Path = LabelledArgument,
    output: Path = OutOption,
    config: ConfigOption = None,
    folds: int = typer.Option(5, min=2, max=20, help="Folds of the cross-validation."),
    repeats: int = typer.Option(3, min=1, max=20, help="How often it is repeated with other folds."),
    seed: int = typer.Option(0, min=0, help="Of the folds."),
    accuracy: float = typer.Option(0.93, min=0, max=1, help="What the answers that are not unsure should reach."),
    max_unsure: float = typer.Option(0.15, min=0, max=0.9, help="Largest share of texts left to a person."),
) -> None:
    """Train the category model, cross-validate it, and write it with its model card. Equal input, equal model."""
    from opinion_stream.adapters.model_store import save_model
    from opinion_stream.cli.labelled import read_labelled
    from opinion_stream.domain.assessment.category import LexiconClassifier
    from opinion_stream.domain.assessment.pipeline import Assessor
    from opinion_stream.domain.learning.calibration import Target
    from opinion_stream.domain.learning.features import sample_of
    from opinion_stream.domain.learning.training import Recipe, learn
    from opinion_stream.policy import load_policy

    policy = load_policy(settings_of(config=config).config)
    labelled = read_labelled(file, policy)
    recipe = Recipe(folds=folds, repeats=repeats, seed=seed, target=Target(accuracy, max_unsure))
    lexicon = LexiconClassifier(policy.categories)
    documents = labelled.documents(Assessor(policy))
    samples = [sample_of(document, lexicon) for chunk in documents for document in chunk]
    names = [category.name for category in policy.categories.categories]
    columns = (TextColumn("训练"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err) as bar:
        task = bar.add_task("fits", total=folds * repeats + 1)
        minimum = policy.categories.min_confidence
        learned = learn(samples, labelled.labels, names, minimum, recipe, lambda: bar.advance(task))
    info = _info(learned, recipe, file, labelled.labels, policy.categories)
    identity = save_model(output, learned.model, info)
    _report(learned, recipe, len(samples), labelled.rejected)
    out.print(f"模型已写入 {output}，编号 {identity}", markup=False)


def evaluate(
    file: Path = LabelledArgument,
    model: ModelOption = None,
    config: ConfigOption = None,
    as_json: bool = typer.Option(False, "--json", help="One JSON object on stdout."),
) -> None:
    """Score the category on labelled texts: with a model (lexicon and model together), or by the lexicon alone.

    macro_f1 (over the classes in the file), accuracy, per class and confusion score the best guess of every text,
    that of the unsure ones too; accuracy_on_rest leaves the unsure ones out.
    """
    from opinion_stream.cli.labelled import read_labelled
    from opinion_stream.domain.assessment.category import LexiconClassifier
    from opinion_stream.domain.assessment.pipeline import Assessor
    from opinion_stream.domain.learning.scores import score
    from opinion_stream.policy import load_policy

    policy = load_policy(settings_of(config=config).config)
    classifier = classifier_of(policy, model)
    judge = classifier or LexiconClassifier(policy.categories)
    labelled = read_labelled(file, policy)
    verdicts = [verdict for chunk in labelled.documents(Assessor(policy)) for verdict in judge.judge(chunk)]
    sure = [verdict.result.source != "unsure" for verdict in verdicts]
    scores = score(labelled.labels, [verdict.guess for verdict in verdicts], sure)
    if as_json:
        result = {
            "classifier": "lexicon" if classifier is None else "model",
            "note": "macro_f1, accuracy, per_class and confusion score the best guess, also of unsure texts",
            **dataclasses.asdict(scores),
            "rejected": labelled.rejected,
        }
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    _print_scores(scores, "仅词表" if classifier is None else "模型与词表", labelled.rejected)


def _info(learned: Learned, recipe: Recipe, file: Path, labels: list[str], categories: Categories) -> ModelInfo:
    from opinion_stream.adapters.model_store import FORMAT, Figures, ModelInfo, lexicon_digest, segmentation

    model, validation = learned.model, learned.validation
    figures = {**vars(validation), "f1_per_class": {name: item.f1 for name, item in validation.per_class.items()}}
    del figures["per_class"]
    return ModelInfo(
        format=FORMAT,
        classes=model.classes,
        categories=model.vectoriser.categories,
        temperature=model.temperature,
        threshold=model.threshold,
        segmentation=segmentation(),
        lexicon=lexicon_digest(categories),
        vocabulary_size=len(model.vectoriser.words),
        vocabulary_sha256="",
        trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
        training_file_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        texts_per_class={name: labels.count(name) for name in model.classes},
        parameters={"C": recipe.penalty, "min_texts": recipe.min_texts, "seed": recipe.seed},
        cross_validation=Figures.model_validate(figures),
    )


def _report(learned: Learned, recipe: Recipe, texts: int, rejected: int) -> None:
    v, target = learned.validation, recipe.target
    out.print(
        f"交叉验证 {v.repeats}×{v.folds} 折，{texts} 条（拒收 {rejected} 条）："
        f"macro-F1 {v.macro_f1:.4f}±{v.macro_f1_sd:.4f}，accuracy {v.accuracy:.4f}±{v.accuracy_sd:.4f}（按最佳猜测计）"
    )
    met = v.unsure_share <= target.max_unsure and v.accuracy_on_rest >= target.accuracy
    out.print(
        f"不能确定 {v.unsure_share:.1%}，其余准确率 {v.accuracy_on_rest:.4f}"
        f"（目标：至多 {target.max_unsure:.0%}，至少 {target.accuracy:.2f}：{'达到' if met else '未达到'}）；"
        f"校准误差 {v.calibration_error:.4f}，log loss {v.log_loss:.4f}"
    )
    table = Table("类别", "条数", "精确率", "召回率", "F1")
    for name, item in v.per_class.items():
        figures = (f"{value:.3f}" for value in (item.precision, item.recall, item.f1))
        table.add_row(escape(name), str(item.support), *figures)
    print_table(table)


def _print_scores(scores: Scores, what: str, rejected: int) -> None:
    rest = "–" if scores.accuracy_on_rest is None else f"{scores.accuracy_on_rest:.4f}"
    out.print(
        f"{what}，{scores.texts} 条（拒收 {rejected} 条）：macro-F1 {scores.macro_f1:.4f}，"
        f"accuracy {scores.accuracy:.4f}（按最佳猜测计，含不能确定的）"
    )
    out.print(f"不能确定 {scores.unsure_share:.1%}，其余准确率 {rest}")
    table = Table("类别", "条数", "精确率", "召回率", "F1", "误判为")
    for name, item in scores.per_class.items():
        guesses = scores.confusion[name].items()
        wrong = sorted(((count, guess) for guess, count in guesses if guess != name), reverse=True)
        figures = (f"{value:.3f}" for value in (item.precision, item.recall, item.f1))
        mistaken = "，".join(f"{guess} {count}" for count, guess in wrong[:4])
        table.add_row(escape(name), str(item.support), *figures, escape(mistaken))
    print_table(table)
