"""Trained weights: where they lie, and what is read of them without torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ivlm_bench.errors import AssetError
from ivlm_policies.ivlm.weights import file_hash

#: Weights that are taken where none are named.
DEFAULT = "small"
#: Files of a folder of weights.
ENCODER_FILE, DECODER_FILE = "encoder.onnx", "decoder.onnx"
FACTS_FILE, CARD_FILE = "facts.json", "card.md"
#: What each logit is divided by before the sigmoid.
TEMPERATURES = ("heat", "presence", "feasible")


@dataclass(frozen=True, eq=False, slots=True)
class Weights:
    """All that inference needs.

    ``encoder`` and ``decoder``: ONNX files, their inputs and outputs as in ``network``.
    ``temperatures``: what the logits called ``heat``, ``presence`` and ``feasible`` are divided by
    before the sigmoid. ``facts``: seed, hash of the data, steps, figures on validation scenes.
    """

    name: str
    encoder: Path
    decoder: Path
    temperatures: Mapping[str, float]
    facts: Mapping[str, Any]


def load_weights(name_or_path: str = DEFAULT) -> Weights:
    """Return the weights of a shipped name or of a folder that ``ivlm-bench train`` wrote.

    Raises ``AssetError`` where a file is missing, damaged or from another training.
    """
    folder = _folder(name_or_path)
    for file in (ENCODER_FILE, DECODER_FILE, FACTS_FILE):
        if not (folder / file).is_file():
            raise AssetError(
                f"The weights in {folder} lack {file}; install the package again, or train "
                "them with 'ivlm-bench train --reasoner ivlm-points'."
            )
    try:
        facts = json.loads((folder / FACTS_FILE).read_text())
        temperatures = {key: float(facts["temperatures"][key]) for key in TEMPERATURES}
        hashes = dict(facts["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise AssetError(
            f"{folder / FACTS_FILE} cannot be read ({error!r}); copy the whole folder again."
        ) from error
    for file in (ENCODER_FILE, DECODER_FILE):
        if hashes.get(file) != file_hash(folder / file):
            raise AssetError(
                f"{folder / file} is damaged or from another training than {FACTS_FILE}; copy "
                "the whole folder again."
            )
    return Weights(folder.name, folder / ENCODER_FILE, folder / DECODER_FILE, temperatures, facts)


def shipped() -> list[str]:
    """Return the names of the weights that come with the package."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob(f"*/{FACTS_FILE}"))


def _folder(name_or_path: str) -> Path:
    inside = Path(__file__).parent / name_or_path
    folder = inside if name_or_path in shipped() else Path(name_or_path)
    if not folder.is_dir():
        raise AssetError(
            f"There are no weights called {name_or_path!r}, and no folder either (shipped: "
            f"{', '.join(shipped()) or 'none'}); 'ivlm-bench train --reasoner ivlm-points' makes "
            "some, to be given with -P weights=FOLDER."
        )
    return folder
