"""What a data set was made by: a hash over the sources that determine its pictures."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np

from ivlm_bench.registry import plugin_packages

#: Packages of the library whose code determines pictures and questions.
PACKAGES = ("ivlm_bench.learning", "ivlm_bench.render", "ivlm_bench.geometry")
#: Plugin packages that hold no generators.
OTHER_PLUGINS = ("ivlm_policies",)
_CHUNK_BYTES = 1 << 22


def generator_sha256() -> str:
    """Return the hex digest over all Python and TOML files of generators and renderer, by name."""
    digest = sha256()
    plugins = [p for p in plugin_packages() if p not in OTHER_PLUGINS and "." not in p]
    for package in (*PACKAGES, *plugins):
        for name, content in sorted(_files(resources.files(importlib.import_module(package)))):
            digest.update(f"{package}/{name} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


def _files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith((".py", ".toml")):
            yield prefix + entry.name, entry.read_bytes()


def content_sha256(paths: list[Path]) -> str:
    """Return the hex digest over the arrays and records in files, in the order given."""
    digest = sha256()
    for path in paths:
        digest.update(f"{path.name}\n".encode())
        if path.suffix == ".npy":
            array = np.load(path, mmap_mode="r")
            digest.update(f"{array.dtype.str} {array.shape}\n".encode())
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    return digest.hexdigest()
