"""Shards of a run: which questions they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from ivlm_bench.errors import ConfigError
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.plan import make_plan
from ivlm_bench.harness.shard import Shard
from ivlm_bench.records import EpisodeSpec

Configure = Callable[..., RunConfig]


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shards_share_all_questions_out_once_and_evenly(count: int) -> None:
    tasks = {"a": 10, "b": 11, "c": 5, "d": 1}
    specs = [
        EpisodeSpec(task=task, seed=seed, repeat=repeat)
        for task, n in tasks.items()
        for seed in range(n)
        for repeat in range(2)
    ]
    parts = [Shard(index, count).of(specs) for index in range(1, count + 1)]
    assert sorted((s.task, s.seed, s.repeat) for part in parts for s in part) == sorted(
        (s.task, s.seed, s.repeat) for s in specs
    )
    for task in tasks:
        sizes = [sum(s.task == task for s in part) // 2 for part in parts]
        assert max(sizes) - min(sizes) <= 1
    sizes = [len(part) // 2 for part in parts]
    assert max(sizes) - min(sizes) <= 1
    for part in parts:
        assert set(Counter((s.task, s.seed) for s in part).values()) <= {2}, "repeats stay together"


def test_which_shard_a_question_is_in_does_not_hang_on_other_tasks() -> None:
    def seeds(count: int) -> list[set[int]]:
        specs = [EpisodeSpec(task="b", seed=seed) for seed in range(count)]
        return [{s.seed for s in Shard(i, 2).of(specs)} for i in (1, 2)]

    assert seeds(10) != [set(range(5)), set(range(5, 10))], "dealt by hash, not in blocks"
    assert seeds(10) == seeds(10)


@pytest.mark.parametrize("text", ["0/2", "3/2", "1/0", "2", "a/b", "1/2/3", "-1/2", ""])
def test_what_is_no_shard_is_refused(config: Configure, text: str) -> None:
    with pytest.raises(ConfigError, match="write i/N") as error:
        make_plan(config(shard=text))
    assert "\n" not in str(error.value)


def test_an_empty_shard_is_refused(config: Configure) -> None:
    with pytest.raises(ConfigError, match="use fewer shards"):
        make_plan(config(shard="9/9", limit=1))
