"""Parts of a run: which questions belong to the i-th of N shards."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ivlm_bench.errors import ConfigError
from ivlm_bench.records import EpisodeSpec

#: Bytes of a question's hash (BLAKE2b-128).
KEY_BYTES = 16

_FORM = re.compile(r"(\d+)/(\d+)")


@dataclass(frozen=True, order=True, slots=True)
class Shard:
    """The ``index``-th of ``count`` parts, counted from 1; its text is ``i/N``."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard that ``i/N`` names; ``ConfigError`` if it is none."""
        match = _FORM.fullmatch(text)
        shard = cls(int(match[1]), int(match[2])) if match else cls(0, 0)
        if not 1 <= shard.index <= shard.count:
            raise ConfigError(
                f"--shard is {text!r}; write i/N with i from 1 to N, such as 2/4 for the second "
                "quarter."
            )
        return shard

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def of(self, specs: Sequence[EpisodeSpec]) -> tuple[EpisodeSpec, ...]:
        """Return this shard's part of ``specs``, in their order.

        Questions of a task are dealt out in the order of their hashes, each with all of its
        repeats, so that every shard gets as many of each task but for one. The first card of each
        task goes to another shard, so that the shards are of one size, too.
        """
        tasks = list(dict.fromkeys(spec.task for spec in specs))
        mine: set[tuple[str, int]] = set()
        dealt = 0
        for task in tasks:
            seeds = _by_hash(task, (spec.seed for spec in specs if spec.task == task))
            mine |= {
                (task, seed)
                for place, seed in enumerate(seeds, start=dealt)
                if place % self.count == self.index - 1
            }
            dealt += len(seeds)
        return tuple(spec for spec in specs if (spec.task, spec.seed) in mine)


def _by_hash(task: str, seeds: Iterable[int]) -> list[int]:
    def place(seed: int) -> bytes:
        return hashlib.blake2b(f"shard {task} {seed}".encode(), digest_size=KEY_BYTES).digest()

    return sorted(set(seeds), key=place)
