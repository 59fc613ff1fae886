"""Nouns as bytes and back, bit by bit: msgpack of plain values and raw arrays, never a pickle.

The types of the fields are the schema: what is read is checked against them, shapes and dtypes of
arrays included, and every noun runs its own checks again when it is built.
"""

from __future__ import annotations

import hashlib
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np

from ivlm_bench.errors import IvlmBenchError, StoreError

#: Bytes of the BLAKE2b checksum that guards what is stored.
CHECKSUM_BYTES = 16

#: The only kinds of arrays that nouns hold, as NumPy writes them, little-endian.
_DTYPES = {text: np.dtype(text) for text in ("|b1", "|u1", "<i4", "<f4", "<f8")}

Noun = TypeVar("Noun")


class NounFormat(Generic[Noun]):
    """The byte format of one kind of noun.

    A first line names kind and version, a checksum follows, then msgpack. Mappings keep their
    order. Equal nouns give equal bytes.

    Parameters
    ----------
    name : str
        What is stored, one word, as messages call it.
    version : int
        Raised when the same bytes would mean something else.
    kind : type
        The dataclass or struct.
    """

    def __init__(self, name: str, version: int, kind: type[Noun]) -> None:
        self.name, self.version = name, version
        self._prefix = f"ivlm_bench {name} ".encode()
        self._line = self._prefix + f"{version}\n".encode()
        self._encoder = msgspec.msgpack.Encoder(enc_hook=_plain)
        self._decoder = msgspec.msgpack.Decoder(kind, dec_hook=_array)

    def encode(self, noun: Noun) -> bytes:
        """Return the bytes of ``noun``.

        Raises
        ------
        StoreError
            If it holds something that is no field of a noun: a foreign object, an odd dtype.
        """
        body = self.encode_body(noun)
        return self._line + checksum(body) + body

    def decode(self, blob: bytes) -> Noun:
        """Return the noun that ``encode`` wrote; its arrays are read-only.

        Raises
        ------
        StoreError
            If the bytes are damaged, of another kind, or of another format version.
        """
        line, newline, rest = blob.partition(b"\n")
        if line + newline != self._line:
            raise self._foreign(line)
        body = memoryview(rest)[CHECKSUM_BYTES:]
        if checksum(body) != rest[:CHECKSUM_BYTES]:
            raise StoreError(f"A stored {self.name} is damaged: its checksum does not fit.")
        return self.decode_body(body)

    def encode_body(self, noun: Noun) -> bytes:
        """Return the msgpack of ``noun`` alone, for a container that guards what it holds."""
        try:
            return self._encoder.encode(noun)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise StoreError(f"The {self.name} can't be stored: {error}.") from None

    def decode_body(self, body: bytes | memoryview) -> Noun:
        """Return the noun that ``encode_body`` wrote; ``StoreError`` if the bytes are none."""
        try:
            return self._decoder.decode(body)
        except (msgspec.MsgspecError, IvlmBenchError) as error:
            raise StoreError(
                f"A stored {self.name} is damaged: {str(error).rstrip('.')}."
            ) from None

    def _foreign(self, line: bytes) -> StoreError:
        version = line.removeprefix(self._prefix)
        if line.startswith(self._prefix) and version.isdigit():
            return StoreError(
                f"The stored {self.name} has format {version.decode()}; this version reads "
                f"{self.version}."
            )
        return StoreError(f"A stored {self.name} is damaged: its first line is not the format's.")


def checksum(body: bytes | memoryview) -> bytes:
    """Return the BLAKE2b-128 checksum of some bytes."""
    return hashlib.blake2b(body, digest_size=CHECKSUM_BYTES).digest()


def _plain(value: Any) -> Any:
    """Return arrays as (dtype, shape, bytes) and NumPy's scalars as Python's."""
    if isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
        if array.dtype.str not in _DTYPES:
            raise NotImplementedError(f"arrays of {value.dtype} have no stored form")
        return array.dtype.str, value.shape, array.tobytes()
    if isinstance(value, (np.bool_, np.integer, np.float64)):
        return value.item()
    raise NotImplementedError(f"no stored form of {type(value).__name__!r} is known")


def _array(kind: Any, value: Any) -> np.ndarray:
    """Return the array that ``_plain`` wrote; ``msgspec`` checks it against ``kind``."""
    dtype, shape, raw = msgspec.convert(
        value, tuple[str, tuple[int, ...], bytes], builtin_types=(bytes,)
    )
    if dtype not in _DTYPES:
        raise ValueError(f"no array has the dtype {dtype!r}")
    return np.frombuffer(raw, _DTYPES[dtype]).reshape(shape)
