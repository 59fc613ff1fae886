"""Reads models and their processors, or says in one sentence why not."""

from __future__ import annotations

from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from ivlm_bench.errors import AssetError, MissingDependencyError

#: What goes wrong inside transformers for files that are no such model.
BROKEN = (OSError, ValueError, KeyError, RuntimeError, TypeError, SafetensorError)


def model(kind: str, where: str) -> Any:
    """Return the model of a class of transformers, ready to answer.

    Raises ``AssetError`` where there is none, or only a part of its weights, and
    ``MissingDependencyError`` where it needs a package that is not there.
    """
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()  # what is wrong is told in our own words
    found, told = _read(getattr(transformers, kind), where, output_loading_info=True)
    missing = sorted(told["missing_keys"])
    if missing:
        raise AssetError(
            f"The weights in {where} lack {len(missing)} tensors of {type(found).__name__} "
            f"({missing[0]} first); copy the whole folder again, or name another model."
        )
    return found.eval().requires_grad_(False).float()


def processor(kind: str, where: str) -> Any:
    """Return what turns pictures and words into a model's inputs; raises as ``model`` does."""
    return _read(getattr(transformers, kind), where)


def _read(kind: Any, where: str, **how: Any) -> Any:
    try:
        return kind.from_pretrained(where, **how)
    except ImportError as error:
        raise MissingDependencyError(
            f"{kind.__name__} of {where} needs a package that is not there ({_first(error)}); "
            "models that need torchvision are not run here."
        ) from error
    except BROKEN as error:
        raise AssetError(
            f"{where} can't be read as {kind.__name__} ({_first(error)}); give a folder with "
            "config.json and model.safetensors, or the id of a model that is in the cache."
        ) from error


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:160].rstrip(".")


def single_thread() -> None:
    """Keep torch to one thread, as the bench runs many processes."""
    torch.set_num_threads(1)
