"""Reads models and their processors, or says in one sentence why not."""

from __future__ import annotations

import difflib
import logging
import re
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from ivlm_bench.errors import AssetError, MissingDependencyError

#: What goes wrong inside transformers for files that are no such model.
BROKEN = (OSError, ValueError, KeyError, RuntimeError, TypeError, SafetensorError)
#: Ids of models on the hub: ``name`` or ``owner/name``.
HUB_ID = re.compile(r"[\w.-]+(?:/[\w.-]+)?")
#: How transformers words it that the hub can't be reached, and that it has no such model.
_OFFLINE = re.compile(r"couldn't connect|offline mode|cannot reach|connection error", re.IGNORECASE)
_UNKNOWN = re.compile(r"not a (?:local folder|valid model identifier)|404|401", re.IGNORECASE)
#: How transformers and Python word it that a package is missing.
_LACKING = re.compile(
    r"optional dependencies: ([\w, -]+)|requires the (\w+) library|No module named '(\w+)"
)


def model(kind: str, where: str) -> Any:
    """Return the model of a class of transformers, ready to answer.

    ``where``: a folder, or the id of a model on the hub, which is downloaded when first used.

    Raises ``AssetError`` where there is none, or only a part of its weights, and
    ``MissingDependencyError`` where it needs a package that is not there.
    """
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()  # what is wrong is told in our own words
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
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
    where = _place(where)
    try:
        return kind.from_pretrained(where, **how)
    except (ImportError, *BROKEN) as error:
        lacking = _lacking(error)
        if lacking:
            raise MissingDependencyError(
                f"{kind.__name__} of {where} needs {lacking}, which is not installed; install it, "
                "or, where that is torchvision, which is not used here, serve the model by "
                "'transformers serve' and ask it with --reasoner vlm."
            ) from error
        raise AssetError(_unread(kind, where, error)) from error


def _lacking(error: Exception) -> str:
    """Return the package that an error says is missing; empty if it says no such thing."""
    words = " ".join(str(error).split())
    named = _LACKING.search(words)
    if named is not None:
        return next(name for name in named.groups() if name)
    return "a package" if isinstance(error, ImportError) else ""


def _place(where: str) -> str:
    """Return the folder or id; ``AssetError`` where it can be neither."""
    path = Path(where).expanduser()
    if path.is_dir():
        return str(path)
    if path.exists():
        raise AssetError(f"{where} is a file; give the folder that config.json lies in.")
    if not HUB_ID.fullmatch(where) or where.startswith("."):
        raise AssetError(f"There is no folder {where}.{_near(path)}")
    return where


def _near(path: Path) -> str:
    """Return a hint at folders beside a path that are called alike."""
    beside = path.parent if path.parent.is_dir() else Path()
    names = {each.name: each for each in beside.iterdir() if each.is_dir()}
    near = difflib.get_close_matches(path.name, sorted(names), n=1, cutoff=0.7)
    if near:
        return f" Did you mean {names[near[0]]}?"
    return " Give the path of a model's folder, or its id on the hub."


def _unread(kind: Any, where: str, error: Exception) -> str:
    """Return what is wrong with a model that can't be read, and what to do."""
    lacks = f"{where} can't be read as {kind.__name__}"
    words = " ".join(str(error).split())
    if Path(where).is_dir():
        return (
            f"{lacks} ({_first(error)}); give a folder with config.json, model.safetensors and "
            "the processor's files, all of this kind of model."
        )
    if _OFFLINE.search(words):
        return (
            f"{where} is no folder here and not in the hub's cache, and the hub can't be reached; "
            "go online for the first run, or copy the model's folder here and give its path."
        )
    if _UNKNOWN.search(words):
        return (
            f"There is neither a folder nor a model {where} on the hub; mend the id (owner/name), "
            "or log in by 'hf auth login' if the model is behind one."
        )
    return f"{lacks} ({_first(error)}); name another model, or give the folder of one."


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:160].rstrip(".")


def single_thread() -> None:
    """Keep torch to one thread, as the bench runs many processes."""
    torch.set_num_threads(1)
