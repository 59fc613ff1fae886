"""What a reasoner sees, and the truth that it does not see, as bytes without any loss."""

from __future__ import annotations

import hashlib

from ivlm_bench.codec.nouns import NounFormat
from ivlm_bench.types import Observation, Truth

#: Bytes of an observation's key: among a million observations two share one in 4 of 100 million.
KEY_BYTES = 8

OBSERVATION = NounFormat("observation", 1, Observation)
TRUTH = NounFormat("truth", 1, Truth)


def encode_observation(observation: Observation) -> bytes:
    """Return the observation as bytes: pure data, bit-exact, guarded by a checksum.

    Raises
    ------
    StoreError
        If it holds something that no observation holds.
    """
    return OBSERVATION.encode(observation)


def observation_key(observation: Observation) -> str:
    """Return 16 hex digits that name an observation by all that it holds.

    Files about it (exports, and what a foreign method answered) are found by them.

    Raises
    ------
    StoreError
        As ``encode_observation``.
    """
    return hashlib.blake2b(encode_observation(observation), digest_size=KEY_BYTES).hexdigest()


def decode_observation(blob: bytes) -> Observation:
    """Return the observation that ``encode_observation`` wrote.

    Nobody can make its arrays writable: they lie over ``bytes``.

    Raises
    ------
    StoreError
        If the bytes are damaged, or of another kind or format version.
    """
    return OBSERVATION.decode(blob)


def encode_truth(truth: Truth) -> bytes:
    """Return the truth of a question as bytes, as ``encode_observation`` does."""
    return TRUTH.encode(truth)


def decode_truth(blob: bytes) -> Truth:
    """Return the truth that ``encode_truth`` wrote; ``StoreError`` as ``decode_observation``."""
    return TRUTH.decode(blob)
