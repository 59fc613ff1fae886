"""Shards of a run: which questions they hold, and how they are put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from ivlm_bench.cli.main import main
from ivlm_bench.errors import ConfigError, StoreError
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.manifest import make_manifest
from ivlm_bench.harness.merge import merge, read_part
from ivlm_bench.harness.plan import make_plan
from ivlm_bench.harness.pool import Pool
from ivlm_bench.harness.run import execute
from ivlm_bench.harness.shard import Shard
from ivlm_bench.leaderboard import summarise
from ivlm_bench.records import EpisodeSpec
from ivlm_bench.store import RunHeader, RunStore, load_run
from ivlm_bench.store.seal import seal_folder

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


def shard_runs(config: Configure, folder: Path, count: int, **changes: object) -> list[Path]:
    """Run all shards of a toy run, each into a folder of its own."""
    folders = [folder / f"shard-{index}" for index in range(1, count + 1)]
    for index, place in enumerate(folders, start=1):
        execute(config(out=str(place), shard=f"{index}/{count}", **changes))
    return folders


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def unsealed(folder: Path, into: Path, *, without: int = 0) -> Path:
    """Copy a finished run as the journal that it was, short of its last ``without`` rows."""
    run = load_run(folder)
    header = RunHeader(
        run_id=run.manifest.run_id,
        config_hash="c",
        planned=tuple(result.episode.episode_key for result in run.results),
        created_at=run.manifest.created_at,
        config=run.manifest.config,
        manifest=run.manifest,
    )
    with RunStore(into) as store:
        store.begin(header)
        for result in run.results[: len(run.results) - without]:
            store.append(result)
    return into


def test_two_shards_merge_into_one_run(config: Configure, tmp_path: Path) -> None:
    whole = execute(config(out=str(tmp_path / "whole"))).run
    shards = shard_runs(config, tmp_path, 2)
    sizes = [load_run(shard).manifest.n_planned for shard in shards]
    assert sorted(sizes) == [7, 8]
    assert summarise(load_run(shards[0])).ranked is False
    merged = merge(tmp_path / "merged", shards).run
    assert merged.manifest.bit_digest == whole.manifest.bit_digest
    assert merged.manifest.outcome_digest == whole.manifest.outcome_digest
    assert merged.manifest.config == whole.manifest.config
    assert merged.manifest.notes == whole.manifest.notes
    assert merged.manifest.n_planned == 15
    before = content(tmp_path / "merged")
    for order in (shards, shards[::-1], shards[:1]):
        again = merge(tmp_path / "merged", order)
        assert again.exit_code == 0
        assert content(tmp_path / "merged") == before, "a second merge changes nothing"
    backwards = merge(tmp_path / "backwards", [*shards[::-1], shards[0]]).run
    assert backwards.manifest.bit_digest == whole.manifest.bit_digest


def test_journals_of_finished_shards_merge_too(config: Configure, tmp_path: Path) -> None:
    whole = execute(config(out=str(tmp_path / "whole"))).run
    shards = shard_runs(config, tmp_path, 2)
    journals = [unsealed(shard, tmp_path / f"journal-{shard.name}") for shard in shards]
    merged = merge(tmp_path / "merged", journals).run
    assert merged.manifest.bit_digest == whole.manifest.bit_digest


def test_a_real_journal_tells_what_ran(config: Configure, tmp_path: Path) -> None:
    plan = make_plan(config(shard="1/2"))
    with Pool(plan.setup(), 1, 60.0) as pool:
        ready = pool.start(1)
        header = plan.header(ready, plan.jobs(ready))
    with RunStore(tmp_path / "begun") as store:
        store.begin(replace(header, manifest=make_manifest(plan, ready, header)))
    part = read_part(tmp_path / "begun")
    assert part.manifest.shard == "1/2"
    assert part.n_missing == len(part.planned) > 0


def test_what_is_missing_is_said_and_nothing_is_sealed(config: Configure, tmp_path: Path) -> None:
    shards = shard_runs(config, tmp_path, 3)
    short = unsealed(shards[0], tmp_path / "short", without=2)
    with pytest.raises(StoreError) as error:
        merge(tmp_path / "merged", [short, shards[2]])
    assert "missing: shard 2/3; 2 of 5 episodes of " in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 5
    assert not (tmp_path / "merged").exists()


def test_a_conflicting_row_is_refused_by_name(config: Configure, tmp_path: Path) -> None:
    shards = shard_runs(config, tmp_path, 2)
    run = load_run(shards[0])
    first = run.results[0]
    lie = replace(first, episode=replace(first.episode, success=not first.episode.success))
    object.__setattr__(run, "results", (lie, *run.results[1:]))
    with RunStore(tmp_path / "lie") as store:
        keys = tuple(result.episode.episode_key for result in run.results)
        store.begin(
            RunHeader(
                run_id="r",
                config_hash="c",
                planned=keys,
                created_at="t",
                config=run.manifest.config,
                manifest=run.manifest,
            )
        )
        for result in run.results:
            store.append(result)
    with pytest.raises(StoreError) as error:
        merge(tmp_path / "merged", [*shards, tmp_path / "lie"])
    episode = first.episode
    assert str(error.value).startswith(f"{episode.task} seed {episode.seed} repeat 0 ")
    assert episode.episode_key in str(error.value)
    assert not (tmp_path / "merged").exists()
    merge(tmp_path / "merged", shards)
    with pytest.raises(StoreError, match=episode.episode_key):
        merge(tmp_path / "merged", [tmp_path / "lie"])


@pytest.mark.parametrize("field", ["bit_digest", "outcome_digest"])
def test_records_that_contradict_their_digest_are_refused(
    config: Configure, tmp_path: Path, field: str
) -> None:
    shards = shard_runs(config, tmp_path, 2)
    run = load_run(shards[1])
    first = run.results[0]
    lie = replace(first, episode=replace(first.episode, success=not first.episode.success))
    forged = seal_folder(shards[1], (lie, *run.results[1:]), run.manifest)
    both = {"bit_digest": forged.bit_digest, "outcome_digest": forged.outcome_digest}
    kept = replace(forged, **(both | {field: getattr(run.manifest, field)}))
    (shards[1] / "manifest.json").write_bytes(msgspec.json.encode(kept))
    assert load_run(shards[1]).results[0] == lie, "the sums of the files were rewritten, too"
    with pytest.raises(StoreError, match="not those it was sealed with") as error:
        merge(tmp_path / "merged", shards)
    assert str(shards[1]) in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "merged").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 3}, "base_seed, seed"),
        ({"mind": "GlobalRandom"}, "reasoner"),
        ({"size_px": 32}, "size_px, sensors"),
        ({"n_perturbed": 3}, "n_perturbed"),
        ({"deadline_s": 33.0}, "deadline_s"),
        ({"shard": "2/3"}, "the number of shards"),
    ],
)
def test_shards_of_different_runs_are_refused(
    config: Configure, tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    one = execute(config(out=str(tmp_path / "one"), shard="1/2", limit=4)).run.folder
    values: dict[str, object] = {"out": str(tmp_path / "two"), "shard": "2/2", "limit": 4}
    two = execute(config(**(values | changes))).run.folder
    with pytest.raises(StoreError) as error:
        merge(tmp_path / "merged", [one, two])
    assert words in str(error.value)
    assert str(two) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no run"):
        merge(tmp_path / "merged", [tmp_path / "nothing"])
    with pytest.raises(StoreError, match="nothing to merge"):
        merge(tmp_path / "merged", [])
    assert list(tmp_path.iterdir()) == []


def test_the_command_merges(
    config: Configure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shards = [str(folder) for folder in shard_runs(config, tmp_path, 2, limit=2)]
    assert main(["merge", str(tmp_path / "merged"), *shards, "--no-page"]) == 0
    digest = load_run(tmp_path / "merged").manifest.bit_digest
    assert f"bit      {digest}" in capsys.readouterr().out
    assert main(["merge", str(tmp_path / "other"), shards[0]]) == 5
    assert "missing: shard 2/2" in capsys.readouterr().err
