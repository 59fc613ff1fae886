"""Bytes on disk, compressed and guarded by a checksum."""

from __future__ import annotations

import pyarrow as pa

from ivlm_bench.codec.nouns import CHECKSUM_BYTES, checksum
from ivlm_bench.errors import StoreError

#: LZ4 unpacks 2.7 MB of views and truth in 0.4 to 1 CPU ms, zstd in 1.1 to 2.8 for 3/4 the size.
_CODEC = pa.Codec("lz4")
_LINE = b"ivlm_bench packed lz4 1\n"
_SIZE_BYTES = 8
_HEAD_BYTES = len(_LINE) + CHECKSUM_BYTES + _SIZE_BYTES


def pack(content: bytes) -> bytes:
    """Return ``content`` compressed, behind a first line and a checksum."""
    guarded = len(content).to_bytes(_SIZE_BYTES, "little") + _CODEC.compress(content, asbytes=True)
    return _LINE + checksum(guarded) + guarded


def unpack(packed: bytes) -> memoryview:
    """Return what ``pack`` was given.

    Raises
    ------
    StoreError
        If the bytes are not what ``pack`` wrote.
    """
    start = len(_LINE) + CHECKSUM_BYTES
    guarded = memoryview(packed)[start:]
    if not packed.startswith(_LINE) or len(packed) < _HEAD_BYTES:
        raise StoreError("its first line is not the format's")
    if checksum(guarded) != packed[len(_LINE) : start]:
        raise StoreError("its checksum does not fit")
    size = int.from_bytes(guarded[:_SIZE_BYTES], "little")
    if size == 0:
        return memoryview(b"")
    return memoryview(_CODEC.decompress(guarded[_SIZE_BYTES:], decompressed_size=size))
