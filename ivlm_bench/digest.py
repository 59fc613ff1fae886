"""Keys and digests: what makes two episodes the same question, and two runs the same result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np

from ivlm_bench.records import VOLATILE, EpisodeResult

#: Pairs of a run's digest that are written as text at once.
_PAIRS_AT_ONCE = 10_000

#: Length of keys and of one episode's digest in bytes (BLAKE2b-128).
KEY_BYTES = 16

_DECODER = msgspec.msgpack.Decoder(EpisodeResult)
_SORTED = msgspec.json.Encoder(order="sorted")
_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def canonical_json(value: object) -> bytes:
    """Return the one JSON text of ``value``: sorted keys, no blanks, floats by ``repr``.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.
    """
    return _CANONICAL.encode(value).encode()


def blake_key(value: object) -> str:
    """Return 32 hex digits: BLAKE2b-128 of the canonical JSON of ``value``."""
    return hashlib.blake2b(canonical_json(value), digest_size=KEY_BYTES).hexdigest()


def scenario_key(protocol_hash: str, task: str, seed: int) -> str:
    """Return the key of one question: it pairs the answers of different reasoners.

    ``protocol_hash`` is that of the suite's protocol; engines are no part of the key.
    """
    return blake_key([protocol_hash, task, int(seed)])


def episode_key(scenario: str, fingerprint: str, repeat: int) -> str:
    """Return the key of one answer: scenario key, fingerprint of the reasoner, repeat."""
    return blake_key([scenario, fingerprint, int(repeat)])


def encode_result(result: EpisodeResult) -> bytes:
    """Return the msgpack bytes of one result; NumPy scalars become plain numbers."""
    return msgspec.msgpack.encode(result, enc_hook=_plain)


def decode_result(payload: bytes) -> EpisodeResult:
    """Return the result in ``payload``; ``msgspec.ValidationError`` if it is none."""
    return _DECODER.decode(payload)


def det_digest(result: EpisodeResult) -> str:
    """Return 32 hex digits over all that must repeat bit by bit.

    These are the columns of episode and verdicts except ``records.VOLATILE``, and the serialised
    answer. The order of the verdicts and scores that are None or left out make no difference.
    """
    return plain_digest(decode_result(encode_result(result)))


def plain_digest(plain: EpisodeResult) -> str:
    """Return ``det_digest`` of a result that was decoded: it holds plain numbers alone."""
    episode = {k: v for k, v in msgspec.to_builtins(plain.episode).items() if k not in VOLATILE}
    episode["scores"] = {k: v for k, v in episode["scores"].items() if v is not None}
    verdicts = msgspec.to_builtins(sorted(plain.verdicts, key=lambda v: v.engine))
    answer = hashlib.blake2b(plain.prediction, digest_size=KEY_BYTES).hexdigest()
    numbers = [*episode["scores"].values(), episode["confidence"]]
    numbers += [v.robust_prob for v in plain.verdicts]
    return _plain_key([episode, verdicts, answer], numbers)


def _plain_key(value: object, numbers: Iterable[float | None]) -> str:
    """Return ``blake_key`` of plain data whose floats are ``numbers``, by a faster encoder.

    It writes the same text but for floats with an exponent, and takes NaN for null.
    """
    if any(x is not None and ("e" in (text := repr(x)) or "n" in text) for x in numbers):
        return blake_key(value)
    return hashlib.blake2b(_SORTED.encode(value), digest_size=KEY_BYTES).hexdigest()


def bit_digest(results: Iterable[EpisodeResult]) -> str:
    """Return the SHA-256 over the sorted (episode key, digest) pairs of a run, in hex."""
    return run_digest((r.episode.episode_key, det_digest(r)) for r in results)


def outcome_digest(results: Iterable[EpisodeResult]) -> str:
    """Return the SHA-256 over statuses and outcomes only: comparable across machines, in hex."""
    return run_digest((r.episode.episode_key, outcome_of(r)) for r in results)


def run_digest(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the SHA-256 over (episode key, digest) pairs, sorted, in hex."""
    digest = hashlib.sha256(b"[")
    ordered = sorted(pairs)
    for start in range(0, len(ordered), _PAIRS_AT_ONCE):
        part = canonical_json(ordered[start : start + _PAIRS_AT_ONCE])
        digest.update((b"," if start else b"") + part[1:-1])
    digest.update(b"]")
    return digest.hexdigest()


def outcome_of(result: EpisodeResult) -> str:
    """Return 32 hex digits over an episode's status and outcomes."""
    verdicts = sorted((v.engine, v.status, v.code, bool(v.success)) for v in result.verdicts)
    return _plain_key([result.episode.status, bool(result.episode.success), verdicts], ())


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"A record can't hold a {type(value).__name__}.")
