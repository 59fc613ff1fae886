"""Trained weights: where they lie, and what is read of them without torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ivlm_bench.errors import AssetError, MissingDependencyError

#: Weights that come with the package.
DEFAULT = "small"
#: Files of a folder of weights; ``model.safetensors`` is needed to train on, not to answer.
ENCODER_FILE, DECODER_FILE = "encoder.onnx", "decoder.onnx"
FUSION_FILE, MODEL_FILE, CARD_FILE = "fusion.safetensors", "model.safetensors", "card.md"
#: Key of the safetensors header that the metadata stand under, as JSON.
METADATA_KEY = "ivlm"
#: What each logit is divided by before the sigmoid.
TEMPERATURES = ("heat", "presence", "feasible", "contact")


@dataclass(frozen=True, eq=False, slots=True)
class Weights:
    """All that inference needs.

    ``encoder``: ONNX file, ``image`` (b, 8, 128, 128) to ``features`` (b, 64, 64, 64) and
    ``pooled`` (b, 96). ``decoder``: ONNX file, ``features``, ``pooled`` and ``tokens`` (b, 24)
    int64 to logits ``heat`` (b, 128, 128), ``presence`` (b,) and ``feasible`` (b,). ``fusion``:
    arrays of ``fusing.features.head_logits``. ``temperatures``: what the logits called ``heat``,
    ``presence``, ``feasible`` (of a view) and ``contact`` (of the fusion head) are divided by
    before the sigmoid. ``metadata``: seeds, hash of the data, steps, figures on validation scenes,
    ``nouns`` and ``parts`` that were trained on.
    """

    name: str
    folder: Path
    encoder: Path
    decoder: Path
    fusion: Mapping[str, np.ndarray]
    temperatures: Mapping[str, float]
    metadata: Mapping[str, Any]


def load_weights(name_or_path: str = DEFAULT) -> Weights:
    """Return the weights of a shipped name or of a folder that ``ivlm-bench train`` wrote.

    Raises ``AssetError`` where a file is missing, damaged or from another training.
    """
    folder = _folder(name_or_path)
    for file in (ENCODER_FILE, DECODER_FILE, FUSION_FILE):
        if not (folder / file).is_file():
            raise AssetError(
                f"The weights in {folder} lack {file}; install the package again, or train "
                "them with 'ivlm-bench train'."
            )
    arrays, metadata = read_tensors(folder / FUSION_FILE)
    for file in (ENCODER_FILE, DECODER_FILE):
        if metadata.get("sha256", {}).get(file) != file_hash(folder / file):
            raise AssetError(
                f"{folder / file} is damaged or from another training than {FUSION_FILE}; copy "
                "the whole folder again."
            )
    temperatures = {key: float(metadata["temperatures"][key]) for key in TEMPERATURES}
    return Weights(
        folder.name,
        folder,
        folder / ENCODER_FILE,
        folder / DECODER_FILE,
        arrays,
        temperatures,
        metadata,
    )


def shipped() -> list[str]:
    """Return the names of the weights that come with the package."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob(f"*/{FUSION_FILE}"))


def _folder(name_or_path: str) -> Path:
    inside = Path(__file__).parent / name_or_path
    folder = inside if name_or_path in shipped() else Path(name_or_path)
    if not folder.is_dir():
        raise AssetError(
            f"There are no weights called {name_or_path!r}, and no folder either; shipped: "
            f"{', '.join(shipped()) or 'none'}."
        )
    return folder


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays of a safetensors file and the metadata in its header."""
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise MissingDependencyError(
            "The reasoner 'ivlm' reads its weights with safetensors: pip install safetensors."
        ) from error
    try:
        with safe_open(path, framework="numpy") as opened:
            arrays = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
            return arrays, json.loads((opened.metadata() or {})[METADATA_KEY])
    except (SafetensorError, KeyError, ValueError) as error:
        raise AssetError(
            f"{path} is no file of weights of ours ({error}); copy the whole folder again."
        ) from error


def write_tensors(path: Path, arrays: Mapping[str, np.ndarray], metadata: dict[str, Any]) -> None:
    """Write a safetensors file with metadata in its header; equal contents give equal bytes."""
    from safetensors.numpy import save_file

    header = {METADATA_KEY: json.dumps(metadata, sort_keys=True)}
    save_file({key: np.asarray(a, order="C") for key, a in sorted(arrays.items())}, path, header)
