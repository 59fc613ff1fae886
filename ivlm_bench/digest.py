"""Keys and digests: what makes two episodes the same question, and two runs the same result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np

from ivlm_bench.records import VOLATILE, EpisodeRecord, EpisodeResult

#: Pairs of a run's digest that are written as text at once.
_PAIRS_AT_ONCE = 10_000

#: Length of keys and of one episode's digest in bytes (BLAKE2b-128).
KEY_BYTES = 16

_DECODER = msgspec.msgpack.Decoder(EpisodeResult)
_SORTED = msgspec.json.Encoder(order="sorted")
_NUMBERS = msgspec.json.Encoder()
_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)

#: What ``json`` writes otherwise than the faster encoder: floats with an exponent, which it has
#: below 1e-4 and the other below 1e-5, and NaN and infinity, which are null there.
_ODD = (b"e", b"0.0000", b"n")

#: Columns of an episode that enter its digest, and what holds them alone.
_LASTING = tuple(sorted(set(EpisodeRecord.__struct_fields__) - set(VOLATILE)))
_Lasting = msgspec.defstruct("_Lasting", [(name, Any) for name in _LASTING], gc=False)
_lasting_of = attrgetter(*_LASTING)
_engine_of = attrgetter("engine")

#: Outcomes whose digests are kept: there are few in a run, as failures have few codes.
_N_OUTCOMES = 4096


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
    episode = _Lasting(*_lasting_of(plain.episode))
    numbers = list(plain.episode.scores.values())
    if None in numbers:
        there = {k: v for k, v in plain.episode.scores.items() if v is not None}
        episode = msgspec.structs.replace(episode, scores=there)
    numbers.append(plain.episode.confidence)
    numbers += [verdict.robust_prob for verdict in plain.verdicts]
    answer = hashlib.blake2b(plain.prediction, digest_size=KEY_BYTES).hexdigest()
    value = [episode, sorted(plain.verdicts, key=_engine_of), answer]
    text = _NUMBERS.encode([x for x in numbers if x is not None])
    if any(odd in text for odd in _ODD):
        return blake_key(msgspec.to_builtins(value))
    return _plain_key(value)


def _plain_key(value: object) -> str:
    """Return ``blake_key`` of data without odd floats, by a faster encoder of the same text."""
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
        part = _SORTED.encode(ordered[start : start + _PAIRS_AT_ONCE])
        digest.update((b"," if start else b"") + part[1:-1])
    digest.update(b"]")
    return digest.hexdigest()


def outcome_of(result: EpisodeResult) -> str:
    """Return 32 hex digits over an episode's status and outcomes."""
    verdicts = sorted((v.engine, v.status, v.code, bool(v.success)) for v in result.verdicts)
    return _outcome_key(result.episode.status, bool(result.episode.success), tuple(verdicts))


@lru_cache(_N_OUTCOMES)
def _outcome_key(status: str, success: bool, verdicts: tuple[tuple[str, ...], ...]) -> str:
    return _plain_key([status, success, verdicts])


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"A record can't hold a {type(value).__name__}.")
