"""The observation cache: what comes out is what was drawn, and nothing that goes wrong is fatal."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from ivlm_bench.env import TASKS, Episode, InteractionEnv
from ivlm_bench.errors import ConfigError, StoreError
from ivlm_bench.harness import cache as cache_module
from ivlm_bench.harness import manifest, sources
from ivlm_bench.harness.cache import (
    EPISODE,
    EpisodeCache,
    cache_folder,
    episode_key,
    open_cache,
)
from ivlm_bench.harness.config import RunConfig
from ivlm_bench.harness.fingerprint import content_hash
from ivlm_bench.harness.run import execute
from ivlm_bench.records import EpisodeSpec
from ivlm_bench.registry import load_plugins
from ivlm_bench.store.blobs import BlobCache
from ivlm_bench.store.packed import pack, unpack
from ivlm_bench.tracks import Sensors

SENSORS = Sensors(track="rgbd", size_px=24)
TASK = "ivlm/PressButton-v0"
LARGE = 10**9

Configure = Callable[..., RunConfig]


@pytest.fixture(autouse=True)
def nothing_changed_since_the_start(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever edits a source while these tests run does not switch the cache off."""
    monkeypatch.setattr(sources, "STARTED_S", float("inf"))
    sources.drawing_fingerprint.cache_clear()
    yield
    sources.drawing_fingerprint.cache_clear()


def spec(seed: int) -> EpisodeSpec:
    return EpisodeSpec(task=TASK, seed=seed)


@pytest.fixture
def env() -> InteractionEnv:
    load_plugins()
    return TASKS.get(TASK)(track=SENSORS.track, size_px=SENSORS.size_px)


@pytest.fixture
def episodes(tmp_path: Path) -> EpisodeCache:
    return EpisodeCache(BlobCache(tmp_path / "cache", LARGE))


def entries(cache: EpisodeCache | BlobCache) -> list[Path]:
    folder = cache.blobs.folder if isinstance(cache, EpisodeCache) else cache.folder
    return sorted(path for path in folder.rglob("*") if path.is_file())


def no_more(seed: int) -> Episode:
    raise AssertionError("this question was posed before")


def hashes(episode: Episode) -> tuple[str, ...]:
    truth = {f.name: getattr(episode.truth, f.name) for f in dataclasses.fields(episode.truth)}
    del truth["trial"]
    return (
        content_hash(episode.scene),
        content_hash(episode.observation),
        content_hash(truth),
        repr(episode.truth.trial),
    )


@pytest.mark.parametrize("task", ["GraspAny-v0", "GraspMugHandle-v0", "OpenDrawer-v0"])
def test_a_kept_episode_is_the_one_that_was_posed(
    task: str, episodes: EpisodeCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_plugins()
    drawer = TASKS.get(f"ivlm/{task}")(track="rgbd4", size_px=24)
    question = EpisodeSpec(task=f"ivlm/{task}", seed=4)
    sensors = Sensors(track="rgbd4", size_px=24)
    posed = drawer.episode(4)
    assert hashes(episodes.episode(drawer, question, sensors)) == hashes(posed)
    assert len(entries(episodes)) == 1
    monkeypatch.setattr(drawer, "episode", no_more)
    kept = episodes.episode(drawer, question, sensors)
    assert hashes(kept) == hashes(posed)
    assert (kept.task, kept.seed) == (posed.task, 4)
    assert list(kept.truth.wrong) == list(posed.truth.wrong)


def test_whatever_decides_the_picture_is_in_the_key(
    env: InteractionEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = TASKS.get("ivlm/OpenDrawer-v0")(track="rgbd", size_px=24)
    keys = [
        episode_key(env, spec(1), SENSORS),
        episode_key(env, spec(2), SENSORS),
        episode_key(other, EpisodeSpec(task="ivlm/OpenDrawer-v0", seed=1), SENSORS),
        episode_key(env, spec(1), Sensors(track="rgb", size_px=24)),
        episode_key(env, spec(1), Sensors(track="rgbd", size_px=25)),
    ]
    assert episode_key(env, spec(1), SENSORS) == keys[0]
    assert episode_key(env, EpisodeSpec(task=TASK, seed=1, repeat=3), SENSORS) == keys[0]
    with monkeypatch.context() as other_seed:
        other_seed.setattr(cache_module, "SCENE_SEED", 1)
        keys.append(episode_key(env, spec(1), SENSORS))
    monkeypatch.setattr(cache_module, "drawing_fingerprint", lambda module: "other sources")
    keys.append(episode_key(env, spec(1), SENSORS))
    assert None not in keys
    assert len(set(keys)) == len(keys)


def test_a_driver_of_graphics_has_no_key(env: InteractionEnv) -> None:
    assert episode_key(env, spec(1), Sensors(track="rgbd", renderer="mujoco-gl")) is None


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An importable package with a module, an asset and a large asset."""
    home = tmp_path / "drawn_things"
    (home / "assets").mkdir(parents=True)
    (home / "__init__.py").write_text("")
    (home / "tasks.py").write_text("SIZE_M = 1\n")
    (home / "assets" / "mug.txt").write_text("round")
    (home / "assets" / "large.bin").write_bytes(bytes(sources.MAX_READ_BYTES + 1))
    for path in home.rglob("*.*"):
        os.utime(path, (1000, 1000))
    monkeypatch.syspath_prepend(str(tmp_path))
    __import__("drawn_things")
    yield home
    del sys.modules["drawn_things"]
    sources.drawing_fingerprint.cache_clear()


def rewrite(path: Path, text: str) -> None:
    """Change a file as if long ago, before this process began."""
    path.write_text(text)
    os.utime(path, (1000, 1000))


def fingerprint() -> str | None:
    sources.drawing_fingerprint.cache_clear()
    return sources.drawing_fingerprint("drawn_things.tasks")


def test_every_change_of_sources_or_versions_changes_the_fingerprint(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = [fingerprint()]
    assert fingerprint() == seen[0]
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "tasks.pyc").write_bytes(b"compiled")
    assert fingerprint() == seen[0]
    rewrite(package / "tasks.py", "SIZE_M = 2\n")
    seen.append(fingerprint())
    rewrite(package / "assets" / "mug.txt", "bound")
    seen.append(fingerprint())
    (package / "assets" / "mug.txt").rename(package / "assets" / "cup.txt")
    seen.append(fingerprint())
    os.utime(package / "assets" / "large.bin", (2000, 2000))
    seen.append(fingerprint())
    versions = manifest.packages()
    monkeypatch.setattr(sources, "packages", lambda: versions | {"numpy": "0.0"})
    seen.append(fingerprint())
    monkeypatch.setattr(sources, "packages", manifest.packages)
    here = manifest.machine()
    monkeypatch.setattr(sources, "machine", lambda: here | {"cpu": "abacus"})
    seen.append(fingerprint())
    assert None not in seen
    assert len(set(seen)) == len(seen)


def test_a_file_that_changed_after_it_was_loaded_has_no_fingerprint(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest_s = max(path.stat().st_mtime for path in sources._files(sources.HOME))
    monkeypatch.setattr(sources, "STARTED_S", newest_s + 1e6)
    assert fingerprint() is not None
    os.utime(package / "tasks.py", (newest_s + 2e6, newest_s + 2e6))
    assert fingerprint() is None


def test_what_has_no_file_has_no_fingerprint() -> None:
    assert sources.drawing_fingerprint("__main__") is None
    assert sources.drawing_fingerprint("nowhere.to.be_found") is None


def test_only_what_lies_below_the_environments_counts_of_this_package() -> None:
    counted = {path.as_posix() for path in sources._files(sources.HOME)}
    assert any(path.endswith("ivlm_bench/render/soft.py") for path in counted)
    assert any(path.endswith("ivlm_bench/env.py") for path in counted)
    assert not any("/ivlm_bench/harness/" in path for path in counted)


@pytest.mark.parametrize("keep", [0, 5, 40, 200, -1])
def test_a_damaged_entry_is_told_once_and_made_again(
    keep: int, env: InteractionEnv, episodes: EpisodeCache, capsys: pytest.CaptureFixture[str]
) -> None:
    posed = hashes(episodes.episode(env, spec(3), SENSORS))
    (path,) = entries(episodes)
    whole = path.read_bytes()
    path.write_bytes(
        whole[:keep] if keep >= 0 else whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:]
    )
    assert hashes(episodes.episode(env, spec(3), SENSORS)) == posed
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"the cache entry {path} was damaged" in told
    assert path.read_bytes() == whole
    episodes.episode(env, spec(3), SENSORS)
    assert capsys.readouterr().err == ""


def test_an_entry_of_another_shape_is_made_again(
    env: InteractionEnv, episodes: EpisodeCache, capsys: pytest.CaptureFixture[str]
) -> None:
    key = episode_key(env, spec(3), SENSORS)
    assert key is not None
    episodes.blobs.put(key, b"\x93not an episode")
    assert hashes(episodes.episode(env, spec(3), SENSORS)) == hashes(env.episode(3))
    assert "stored episode is damaged" in capsys.readouterr().err


def test_what_would_come_back_changed_is_not_kept(
    env: InteractionEnv, episodes: EpisodeCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    posed = env.episode(3)
    target = dataclasses.replace(posed.scene.target, joints={"slide": 0})  # 0, where 0.0 is due
    others = tuple(p for p in posed.scene.placements if p.role != "target")
    odd = dataclasses.replace(
        posed, scene=dataclasses.replace(posed.scene, placements=(target, *others))
    )
    assert EPISODE.decode_body(EPISODE.encode_body(odd)).scene.target.joints == {"slide": 0.0}
    monkeypatch.setattr(env, "episode", lambda seed: odd)
    assert episodes.episode(env, spec(3), SENSORS) is odd
    assert entries(episodes) == []


def test_a_folder_that_cannot_be_written_costs_one_line(
    env: InteractionEnv, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = EpisodeCache(BlobCache(tmp_path / "file" / "cache", LARGE))
    for seed in (1, 2):
        assert hashes(cache.episode(env, spec(seed), SENSORS)) == hashes(env.episode(seed))
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "nothing more is kept in the cache" in told


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from ivlm_bench.store.blobs import BlobCache
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
cache = BlobCache(Path(sys.argv[1]), 10**9)
cache.put("a" * 32, b"small")
cache.put("b" * 32, bytes(range(256)) * 9)
cache.put("c" * 32, b"small")
print([bytes(cache.get(name * 32) or b"") for name in "abc"])
"""


def test_a_full_disk_leaves_no_half_entry(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[b'small', b'', b'']"
    assert done.stderr.count("\n") == 1
    assert "nothing more is kept" in done.stderr
    assert [path.name for path in entries(BlobCache(tmp_path, LARGE))] == ["a" * 32]


def test_the_least_recently_used_entries_go_first(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    size = len(pack(rng.bytes(1000)))
    cache = BlobCache(tmp_path, 4 * size + 10)
    for age, name in enumerate("abcd"):
        cache.put(name * 32, rng.bytes(1000))
        os.utime(tmp_path / (name * 2) / (name * 32), (1000 + age, 1000 + age))
    assert cache.size_bytes() == 4 * size
    assert cache.get("a" * 32) is not None  # now it is used last
    cache.put("e" * 32, rng.bytes(1000))
    left = "".join(name for name in "abcde" if cache.get(name * 32) is not None)
    assert left == "ade"  # 9/10 of the limit are left: three entries
    assert cache.size_bytes() <= 0.9 * cache.limit_bytes


def test_what_a_dead_process_left_is_swept_up(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path, LARGE)
    cache.put("a" * 32, b"content")
    old, young = tmp_path / "aa" / ".x-1.partial", tmp_path / "aa" / ".y-2.partial"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (1000, 1000))
    cache.prune()
    assert not old.exists()
    assert young.exists()
    assert bytes(cache.get("a" * 32) or b"") == b"content"


MANY = """
import sys
from pathlib import Path
from ivlm_bench.digest import blake_key
from ivlm_bench.store.blobs import BlobCache
cache = BlobCache(Path(sys.argv[1]), 40_000)
for turn in range(300):
    key = blake_key(turn * int(sys.argv[2]) % 97)
    held = cache.get(key)
    if held is not None and bytes(held) != key.encode() * 20:
        raise SystemExit("wrong content")
    if held is None:
        cache.put(key, key.encode() * 20)
"""


def test_many_processes_share_a_folder(tmp_path: Path) -> None:
    commands = [[sys.executable, "-c", MANY, str(tmp_path), str(step)] for step in (3, 5, 7)]
    running = [subprocess.Popen(c, stderr=subprocess.PIPE, text=True) for c in commands]
    told = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert told == ["", "", ""]
    cache = BlobCache(tmp_path, 40_000)
    cache.prune()
    assert 0 < cache.size_bytes() <= 40_000
    assert all(not path.name.startswith(".") for path in entries(cache))


@pytest.mark.parametrize("content", [b"", b"a", bytes(10**5)])
def test_packed_bytes_come_back(content: bytes) -> None:
    packed = pack(content)
    assert bytes(unpack(packed)) == content
    for where in range(0, len(packed), 7):
        with pytest.raises(StoreError):
            unpack(packed[:where] + bytes([packed[where] ^ 4]) + packed[where + 1 :])
    with pytest.raises(StoreError):
        unpack(packed[:-1])


def test_folder_and_limit_are_those_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVLM_BENCH_CACHE", str(tmp_path / "there"))
    monkeypatch.setenv("IVLM_BENCH_CACHE_GB", "0.25")
    opened = open_cache()
    assert opened is not None
    assert (opened.blobs.folder, opened.blobs.limit_bytes) == (tmp_path / "there", 250_000_000)
    monkeypatch.delenv("IVLM_BENCH_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "ivlm_bench" / "observations"
    monkeypatch.delenv("HOME")
    assert open_cache() is None


@pytest.mark.parametrize("limit", ["", "much", "0", "-1", "nan", "inf"])
def test_a_limit_that_is_no_size_is_refused(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVLM_BENCH_CACHE_GB", limit)
    with pytest.raises(ConfigError, match=r"IVLM_BENCH_CACHE_GB is .* a positive number of GB"):
        open_cache()


def test_runs_with_and_without_the_cache_are_equal(
    config: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cache"
    monkeypatch.setenv("IVLM_BENCH_CACHE", str(folder))
    bare = execute(config(out=str(tmp_path / "0"), cache=False))
    assert not folder.exists()
    first = execute(config(out=str(tmp_path / "1")))
    kept = {path: path.stat().st_ino for path in folder.rglob("*") if path.is_file()}
    second = execute(config(out=str(tmp_path / "2")))
    assert len(kept) == 15
    assert {path: path.stat().st_ino for path in kept} == kept  # read, not written again
    digests = {outcome.run.manifest.bit_digest for outcome in (bare, first, second)}
    assert len(digests) == 1
