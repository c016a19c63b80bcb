"""Training, scoring and using a category model at the command line; a changed artefact is refused."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from opinion_stream.adapters.model_store import FILES, SUMS, load_model
from opinion_stream.cli.main import app
from opinion_stream.errors import ModelError, OpinionStreamError
from opinion_stream.policy import load_policy

CONFIG = Path(__file__).parents[1] / "small_policy"
CATEGORIES = load_policy(CONFIG).categories
runner = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"})
WORDS = {"城乡建设": "电梯 屋顶 漏水 围墙 楼道", "教育文体": "作业 考试 课程 操场 图书馆"}


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [
        {"text": f"{one}和{two}有问题，联系13812345678", "category": name}
        for name, words in WORDS.items()
        for one in words.split()
        for two in words.split()
        if one != two
    ]
    return write(tmp_path_factory.mktemp("labelled") / "labelled.jsonl", rows)


@pytest.fixture(scope="module")
def trained(labelled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "new" / "category"
    result = runner.invoke(
        app, ["train", str(labelled), "--out", str(folder), "-c", str(CONFIG), "--folds", "2", "--repeats", "1"]
    )
    assert result.exit_code == 0, result.output
    assert "macro-F1" in result.output
    return folder


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "copy"))


def reseal(folder: Path) -> None:
    """Make the checksums fit again, as one would who changes an artefact on purpose."""
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in FILES]
    (folder / SUMS).write_text("".join(lines))


def test_the_artefact_says_what_it_is_and_holds_no_personal_data(trained: Path) -> None:
    info = json.loads((trained / "model.json").read_text(encoding="utf-8"))

    assert info["texts_per_class"] == {"城乡建设": 20, "教育文体": 20}
    assert "交通运输" in (trained / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert sorted(path.name for path in trained.iterdir()) == sorted([*FILES, SUMS])
    assert not any(b"138" in (trained / name).read_bytes() for name in ("vocabulary.json", "MODEL_CARD.md"))


def test_evaluate_prints_one_json_object_with_and_without_a_model(labelled: Path, trained: Path) -> None:
    alone = runner.invoke(app, ["evaluate", str(labelled), "-c", str(CONFIG), "--json"])
    model = runner.invoke(app, ["evaluate", str(labelled), "-c", str(CONFIG), "--model", str(trained), "--json"])

    assert (alone.exit_code, model.exit_code) == (0, 0)
    without, found = json.loads(alone.stdout), json.loads(model.stdout)
    assert without["classifier"] == "lexicon"
    assert (found["classifier"], found["texts"], found["macro_f1"], found["accuracy"]) == ("model", 40, 1.0, 1.0)
    assert set(found["per_class"]) == set(WORDS)
    assert found["confusion"]["教育文体"] == {"教育文体": 20}
    assert "best guess" in found["note"]


def test_assess_uses_the_model_that_the_option_or_the_environment_names(trained: Path, tmp_path: Path) -> None:
    row = {"id": "n1", "source": "s", "text": "围墙和屋顶漏水", "published_at": "2026-03-02T08:00:00+08:00"}
    file, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    write(file, [row])

    for extra, env in ((["--model", str(trained)], {}), ([], {"OPINION_MODEL": str(trained)})):
        result = runner.invoke(app, ["assess", str(file), "-o", str(out), "-c", str(CONFIG), *extra], env=env)

        assert result.exit_code == 0, result.output
        line = json.loads(out.read_text(encoding="utf-8"))
        assert (line["category"], line["category_source"]) == ("城乡建设", "model")
        assert "漏水" in line["reasons"]["category"][0]["evidence"]


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_refused_and_named(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(bytes(content))

    with pytest.raises(ModelError, match=f"{name}.*checksum"):
        load_model(copy, CATEGORIES)


@pytest.mark.parametrize("name", [*FILES, SUMS])
def test_a_missing_file_is_refused_and_named(copy: Path, name: str) -> None:
    (copy / name).unlink()

    with pytest.raises(ModelError, match=name):
        load_model(copy, CATEGORIES)


def test_pickled_objects_are_refused_even_with_fitting_checksums(copy: Path, tmp_path: Path) -> None:
    mark = tmp_path / "executed"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (mark,)

    arrays = io.BytesIO()
    np.savez(arrays, intercept=np.array([Trap()], dtype=object))
    (copy / "weights.npz").write_bytes(arrays.getvalue())
    reseal(copy)

    with pytest.raises(ModelError, match=r"weights\.npz"):
        load_model(copy, CATEGORIES)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": 2}, "format"),
        ({"classes": ["城乡建设", "航天"]}, "航天"),
        ({"segmentation": "scissors 9.9"}, "scissors"),
        ({"temperature": 0}, "temperature"),
        ({"vocabulary_sha256": "0"}, "vocabulary"),
        ({"classes": ["城乡建设", "教育文体", "卫生计生"]}, "shape"),
    ],
)
def test_an_artefact_that_does_not_fit_is_refused_with_the_reason(
    copy: Path, change: dict[str, object], reason: str
) -> None:
    info = json.loads((copy / "model.json").read_text(encoding="utf-8"))
    (copy / "model.json").write_text(json.dumps({**info, **change}), encoding="utf-8")
    reseal(copy)

    with pytest.raises(ModelError, match=reason):
        load_model(copy, CATEGORIES)


@pytest.mark.parametrize(
    ("row", "reason"),
    [({"text": "x"}, ":1: needs `text` and `category`"), ({"text": "x", "category": "航天"}, ":1: .*航天")],
)
def test_a_wrong_line_of_a_labelled_file_is_named(tmp_path: Path, row: dict[str, str], reason: str) -> None:
    file = write(tmp_path / "bad.jsonl", [row])

    result = runner.invoke(app, ["evaluate", str(file), "-c", str(CONFIG)])

    assert isinstance(result.exception, OpinionStreamError)
    with pytest.raises(OpinionStreamError, match=reason):
        raise result.exception
