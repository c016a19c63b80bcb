"""A trained category model as a folder: plain JSON and an array file without pickle, checked before it is used.

`model.json` what it is and how good, `vocabulary.json` its words, `weights.npz` its arrays, `MODEL_CARD.md` the same
for people, `SHA256SUMS` the checksums of the four. Nothing in it can run code. The checksums show damage and mixed-up
files; whoever can write to the folder can write new ones, so the folder must be as well guarded as `config/`.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import rjieba
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from opinion_stream.adapters.model_card import model_card
from opinion_stream.domain.learning.combined import CombinedClassifier
from opinion_stream.domain.learning.features import Vectoriser
from opinion_stream.domain.learning.model import CategoryModel
from opinion_stream.errors import ModelError
from opinion_stream.policy.judgement import Categories

FORMAT = 1
SUMS = "SHA256SUMS"
FILES = ("MODEL_CARD.md", "model.json", "vocabulary.json", "weights.npz")
MAX_BYTES = 256 * 1024 * 1024
"""A file of an artefact larger than this is refused: a small archive can unpack to fill the memory."""


class Figures(BaseModel):
    """Of cross-validation: see `domain.learning.validation.Validation`."""

    model_config = ConfigDict(frozen=True)

    folds: int
    repeats: int
    macro_f1: float
    macro_f1_sd: float
    accuracy: float
    accuracy_sd: float
    unsure_share: float
    accuracy_on_rest: float
    log_loss: float
    calibration_error: float
    f1_per_class: dict[str, float]


class ModelInfo(BaseModel):
    """`model.json`."""

    model_config = ConfigDict(frozen=True)

    format: int
    classes: tuple[str, ...] = Field(min_length=2)
    categories: tuple[str, ...] = Field(min_length=1)
    """Level-1 names of the lexicon it was trained with, in order."""
    temperature: float = Field(gt=0, le=1000, allow_inf_nan=False)
    threshold: float = Field(ge=0, le=1)
    segmentation: str
    lexicon: str
    """Digest of `categories.yaml` as it was at training."""
    vocabulary_size: int = Field(ge=0)
    vocabulary_sha256: str
    trained_at: str
    training_file_sha256: str
    texts_per_class: dict[str, int]
    parameters: dict[str, float]
    cross_validation: Figures


def segmentation() -> str:
    """The program that cuts texts, with its version: a model is only good for words cut as in its training."""
    from importlib.metadata import version

    return f"{rjieba.__name__} {version('rjieba')}"


def lexicon_digest(categories: Categories) -> str:
    """Digest of the words and weights of a lexicon."""
    return hashlib.sha256(categories.model_dump_json().encode()).hexdigest()


def save_model(folder: Path, model: CategoryModel, info: ModelInfo) -> str:
    """Write the artefact and return its id, the digest of `SHA256SUMS`. An older model in `folder` is replaced.

    `info.vocabulary_sha256` is filled in here. Raises ModelError when the folder cannot be written.
    """
    vocabulary = json.dumps(model.vectoriser.words, ensure_ascii=False).encode()
    info = info.model_copy(update={"vocabulary_sha256": hashlib.sha256(vocabulary).hexdigest()})
    arrays = io.BytesIO()
    np.savez_compressed(
        arrays,
        idf=model.vectoriser.idf,
        word_weights=model.word_weights,
        lexicon_weights=model.lexicon_weights,
        intercept=model.intercept,
    )
    contents = {
        "MODEL_CARD.md": model_card(info.model_dump()).encode(),
        "model.json": json.dumps(info.model_dump(mode="json"), ensure_ascii=False, indent=2).encode() + b"\n",
        "vocabulary.json": vocabulary,
        "weights.npz": arrays.getvalue(),
    }
    sums = "".join(f"{hashlib.sha256(contents[name]).hexdigest()}  {name}\n" for name in FILES).encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The sums come last: if this is cut short, they do not match and the folder is refused.
        for name, content in (*contents.items(), (SUMS, sums)):
            part = folder / f".{name}.part"
            part.write_bytes(content)
            part.replace(folder / name)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written: {error.strerror}") from error
    return hashlib.sha256(sums).hexdigest()


def load_model(folder: Path, categories: Categories) -> tuple[CategoryModel, ModelInfo]:
    """Read an artefact for use with a policy.

    Raises ModelError when a file is missing, does not match its checksum, has another format or shape, was trained
    on words cut in another way, or knows a category that the policy does not have.
    """
    contents = _verified(folder)
    info = _info(folder, contents["model.json"])
    if info.segmentation.split(".")[:2] != segmentation().split(".")[:2]:
        raise ModelError(f"{folder}: its words were cut by {info.segmentation}, here is {segmentation()}: train again")
    unknown = sorted(set(info.classes) - {category.name for category in categories.categories})
    if unknown:
        raise ModelError(f"{folder}: the policy's categories.yaml has no category {', '.join(unknown)}")
    if hashlib.sha256(contents["vocabulary.json"]).hexdigest() != info.vocabulary_sha256:
        raise ModelError(f"{folder}: vocabulary.json is not the one that model.json names")
    words = _words(folder, contents["vocabulary.json"], info.vocabulary_size)
    arrays = _arrays(folder, contents["weights.npz"])
    sizes = (len(words), len(info.categories), len(info.classes))
    wanted = {
        "idf": sizes[:1],
        "word_weights": (sizes[0], sizes[2]),
        "lexicon_weights": (sizes[1], sizes[2]),
        "intercept": sizes[2:],
    }
    for name, shape in wanted.items():
        array = arrays.get(name)
        if array is None or array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ModelError(f"{folder}/weights.npz: {name} is missing, of the wrong shape or not finite")
    model = CategoryModel(
        classes=info.classes,
        vectoriser=Vectoriser(words, arrays["idf"].astype(np.float64), info.categories),
        word_weights=arrays["word_weights"].astype(np.float32),
        lexicon_weights=arrays["lexicon_weights"].astype(np.float32),
        intercept=arrays["intercept"].astype(np.float32),
        temperature=info.temperature,
        threshold=info.threshold,
    )
    return model, info


def load_classifier(folder: Path, categories: Categories, warn: Callable[[str], None]) -> CombinedClassifier:
    """The model of a folder with the lexicon, as `load_model`. `warn` hears if the lexicon has changed since."""
    model, info = load_model(folder, categories)
    if info.lexicon != lexicon_digest(categories):
        warn(f"{folder}: trained at {info.trained_at} with another categories.yaml than this: train again")
    return CombinedClassifier(model, categories)


def _verified(folder: Path) -> dict[str, bytes]:
    try:
        sums = (folder / SUMS).read_text(encoding="ascii")
        named = {name: digest for digest, _, name in (line.partition("  ") for line in sums.splitlines())}
        if set(named) != set(FILES):
            raise ModelError(f"{folder / SUMS}: must name {', '.join(FILES)}")
        contents = {}
        for name in FILES:
            if (folder / name).stat().st_size > MAX_BYTES:
                raise ModelError(f"{folder / name}: too large for a model")
            contents[name] = (folder / name).read_bytes()
            if hashlib.sha256(contents[name]).hexdigest() != named[name]:
                raise ModelError(f"{folder / name}: does not match its checksum: damaged or changed, not used")
    except OSError as error:
        raise ModelError(f"{error.filename}: not a trained model: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"{folder / SUMS}: not a list of checksums") from error
    return contents


def _info(folder: Path, content: bytes) -> ModelInfo:
    try:
        loaded = json.loads(content)
        if not isinstance(loaded, dict) or loaded.get("format") != FORMAT:
            raise ModelError(f"{folder}/model.json: not of format {FORMAT}: train again")
        return ModelInfo.model_validate(loaded)
    except (ValueError, ValidationError) as error:
        raise ModelError(f"{folder}/model.json: {error}") from error


def _words(folder: Path, content: bytes, size: int) -> tuple[str, ...]:
    try:
        words = json.loads(content)
    except ValueError as error:
        raise ModelError(f"{folder}/vocabulary.json: {error}") from error
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words) or len(words) != size:
        raise ModelError(f"{folder}/vocabulary.json: not a list of {size} words")
    return tuple(words)


def _arrays(folder: Path, content: bytes) -> Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            if sum(item.file_size for item in archive.zip.infolist()) > MAX_BYTES:
                raise ModelError(f"{folder}/weights.npz: too large for a model")
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, BadZipFile, EOFError) as error:
        raise ModelError(f"{folder}/weights.npz: cannot be read without running code, or damaged: {error}") from error
