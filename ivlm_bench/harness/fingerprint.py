"""A content hash of nouns: scenes that differ in one bit differ in their hash."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

#: Length of a content hash in bytes (BLAKE2b-128).
HASH_BYTES = 16


def content_hash(noun: object) -> str:
    """Return 32 hex digits over every field, array and string of a dataclass tree.

    Raises
    ------
    TypeError
        If it holds something that is no dataclass, array, mapping, sequence or plain value.
    """
    digest = hashlib.blake2b(digest_size=HASH_BYTES)
    _feed(digest, noun)
    return digest.hexdigest()


def _feed(digest: Any, value: Any) -> None:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        digest.update(f"({type(value).__name__}".encode())
        for field in dataclasses.fields(value):
            _feed(digest, getattr(value, field.name))
    elif isinstance(value, np.ndarray):
        digest.update(f"[{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).data)
    elif isinstance(value, Mapping):
        digest.update(f"{{{len(value)}".encode())
        for key in sorted(value):
            _feed(digest, key)
            _feed(digest, value[key])
    elif isinstance(value, (tuple, list)):
        digest.update(f"<{len(value)}".encode())
        for entry in value:
            _feed(digest, entry)
    elif isinstance(value, np.generic):
        _feed(digest, value.item())
    elif value is None or isinstance(value, (str, bool, int, float)):
        digest.update(f"{type(value).__name__}:{value!r};".encode())
    else:
        raise TypeError(f"A {type(value).__name__} has no content hash.")
