"""From words to the numbers that the network's text tower reads."""

from __future__ import annotations

import re
from itertools import pairwise
from zlib import crc32

import numpy as np
from jaxtyping import Int64

from ivlm_policies.ivlm.stages import Phrase

#: Rows of the embedding table; row 0 is padding.
N_BUCKETS = 2048
#: Tokens of one query; what is beyond is cut off.
MAX_TOKENS = 24
#: Fields of a phrase, in the order of its tokens.
SLOTS = ("action", "part", "noun", "colour", "place", "sense")


def phrase_tokens(phrase: Phrase) -> Int64[np.ndarray, " t"]:
    """Return one token for each word of a canonical phrase, padded with zeros.

    Each token is hashed with its slot, so that a colour never reads as a part.
    """
    words = [f"{slot}:{getattr(phrase, slot)}" for slot in SLOTS if getattr(phrase, slot)]
    return _padded(words)


def text_tokens(text: str) -> Int64[np.ndarray, " t"]:
    """Return the words and pairs of neighbouring words of a sentence as it is, padded with zeros.

    The form that the ablation ``templates=raw`` feeds.
    """
    words = re.findall(r"[a-z]+", text.lower())
    return _padded([f"word:{w}" for w in words] + [f"pair:{a} {b}" for a, b in pairwise(words)])


def _padded(words: list[str]) -> Int64[np.ndarray, " t"]:
    ids = [1 + crc32(word.encode()) % (N_BUCKETS - 1) for word in words[:MAX_TOKENS]]
    out = np.zeros(MAX_TOKENS, np.int64)
    out[: len(ids)] = ids
    return out
