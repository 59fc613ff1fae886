"""Families of objects: pools of seeded instances, and the digest of an instance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Literal, Protocol
from zlib import crc32

import numpy as np

from ivlm_bench.errors import AssetError
from ivlm_bench.registry import Registry
from ivlm_bench.types import ObjectModel

Split = Literal["seen", "unseen"]

#: Instances in each pool of a family, unless it says otherwise.
DEFAULT_POOL_SIZE = 40
#: Models kept by a process (about 0.3 MB each; building one takes up to 0.3 s).
CACHED_INSTANCES = 64
#: Instances drawn for training are numbered from here on, so that no pool holds any of them.
FIRST_TRAINING_INSTANCE = 1_000_000
N_TRAINING_INSTANCES = 1_000_000_000
#: Bytes of a content hash: 128 bits, no accidental collision among any number of assets we hold.
_DIGEST_BYTES = 16


_training: ContextVar[bool] = ContextVar("drawing_for_training", default=False)


class HeldOutError(AssetError):
    """An object of a held-out category was asked for where objects are drawn for training."""


class ObjectMaker(Protocol):
    """Builds one instance; all its randomness comes from ``rng``."""

    def __call__(self, name: str, split: Split, rng: np.random.Generator) -> ObjectModel:
        """Return the model; ``name`` is both its name and its cluster."""
        ...


@dataclass(frozen=True, slots=True)
class ObjectFamily:
    """A parametric kind of object with two pools of instances.

    ``seen`` and ``unseen`` instances are drawn from parameter ranges that don't overlap in at
    least one visible dimension, so that a reasoner tuned on one pool meets new shapes in the other.
    A held-out category has no seen pool (``n_seen`` is 0).
    """

    name: str
    make: ObjectMaker
    n_seen: int = DEFAULT_POOL_SIZE
    n_unseen: int = DEFAULT_POOL_SIZE

    def size(self, split: Split) -> int:
        """Return the number of instances in a pool."""
        return self.n_seen if split == "seen" else self.n_unseen

    def build(self, instance: int, split: Split) -> ObjectModel:
        """Return one instance; the same arguments give the same model in every process.

        Raises
        ------
        AssetError
            If ``split`` is unknown or ``instance`` is outside its pool.
        """
        if split not in ("seen", "unseen"):
            raise AssetError(f"Split {split!r} is unknown; use 'seen' or 'unseen'.")
        if not 0 <= instance < self.size(split):
            raise AssetError(
                f"Family {self.name!r} has {self.size(split)} {split} instances; "
                f"there is no number {instance}."
            )
        return _built(self, instance, split)

    def make_anew(self, instance: int, split: Split) -> ObjectModel:
        """Build an instance, whether or not it was built before."""
        entropy = [crc32(self.name.encode()), int(split == "unseen"), instance]
        rng = np.random.default_rng(np.random.SeedSequence(entropy))
        return self.make(f"{self.name}-{split}-{instance:04d}", split, rng)


@lru_cache(maxsize=CACHED_INSTANCES)
def _built(family: ObjectFamily, instance: int, split: Split) -> ObjectModel:
    return family.make_anew(instance, split)


@contextmanager
def drawing_for_training() -> Iterator[None]:
    """Let tasks draw objects to train on, while the context lasts.

    They are new instances of the seen ranges then, none of which is in a pool; a family without a
    seen pool, a held-out category, raises ``HeldOutError``.
    """
    token = _training.set(True)
    try:
        yield
    finally:
        _training.reset(token)


def is_drawn_for_training() -> bool:
    """Tell whether objects are being drawn to train on."""
    return _training.get()


def draw_training_instance(family: ObjectFamily, rng: np.random.Generator) -> ObjectModel:
    """Build a new instance of a family's seen range, which is in no pool.

    Raises
    ------
    HeldOutError
        If the family is held out of training.
    """
    if family.n_seen == 0:
        raise HeldOutError(
            f"Family {family.name!r} is held out of training; draw an object of another family."
        )
    number = FIRST_TRAINING_INSTANCE + int(rng.integers(N_TRAINING_INSTANCES))
    return family.make_anew(number, "seen")


#: Every known family by name; plugin modules register theirs at import.
OBJECTS: Registry[ObjectFamily] = Registry("object family")


def content_hash(model: ObjectModel) -> str:
    """Return the blake2b-128 hex digest of all arrays, names and numbers of a model.

    Each value is preceded by its type, and each array by its dtype and shape, so that different
    models can't run into the same stream of bytes.
    """
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for chunk in _chunks(model):
        digest.update(len(chunk).to_bytes(8, "little"))
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(value: object) -> Iterator[bytes]:
    if isinstance(value, np.ndarray):
        yield f"array {value.dtype.str} {value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif is_dataclass(value):
        yield type(value).__name__.encode()
        for field in fields(value):
            yield field.name.encode()
            yield from _chunks(getattr(value, field.name))
    elif isinstance(value, Mapping):
        yield f"mapping {len(value)}".encode()
        for key in sorted(value):
            yield str(key).encode()
            yield from _chunks(value[key])
    elif isinstance(value, tuple):
        yield f"tuple {len(value)}".encode()
        for item in value:
            yield from _chunks(item)
    else:
        yield f"{type(value).__name__} {value!r}".encode()
