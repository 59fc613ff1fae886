"""The observation cache: a question that was posed and drawn before is read, not drawn again.

An entry is a whole episode (scene, views, truth) under a key that changes whenever what is drawn
could. It holds the truth, so it is the harness's alone; a reasoner is never told of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ivlm_bench.codec import NounFormat
from ivlm_bench.digest import blake_key
from ivlm_bench.env import SCENE_SEED, Episode, InteractionEnv
from ivlm_bench.errors import ConfigError, StoreError
from ivlm_bench.harness.sources import drawing_fingerprint
from ivlm_bench.records import EpisodeSpec
from ivlm_bench.store.blobs import BlobCache
from ivlm_bench.tracks import DEFAULT_RENDERER, Sensors

#: Environment variables: the folder of the cache, and its limit in GB.
FOLDER_VARIABLE, LIMIT_VARIABLE = "IVLM_BENCH_CACHE", "IVLM_BENCH_CACHE_GB"
#: Limit unless one is set, GB: near 8,000 questions of four views of 224 px.
DEFAULT_LIMIT_GB = 4.0
_BYTES_PER_GB = 1e9

EPISODE = NounFormat("episode", 1, Episode)


class EpisodeCache:
    """Episodes on disk.

    Parameters
    ----------
    blobs : BlobCache
        Where they lie.
    """

    def __init__(self, blobs: BlobCache) -> None:
        self.blobs = blobs

    def episode(self, env: InteractionEnv, spec: EpisodeSpec, sensors: Sensors) -> Episode:
        """Return the episode of ``spec``: as it was kept, else posed by ``env`` and then kept."""
        key = episode_key(env, spec, sensors)
        if key is None:
            return env.episode(spec.seed)
        body = self.blobs.get(key)
        if body is not None:
            try:
                return EPISODE.decode_body(body)
            except StoreError as error:
                self.blobs.discard(key, str(error))
        episode = env.episode(spec.seed)
        self._keep(key, episode)
        return episode

    def _keep(self, key: str, episode: Episode) -> None:
        """Keep an episode that comes back as it was, to the bit and to the kind of its numbers."""
        try:
            body = EPISODE.encode_body(episode)
            exact = EPISODE.encode_body(EPISODE.decode_body(body)) == body
        except StoreError:  # a task with nouns of its own is posed each time
            return
        if exact:
            self.blobs.put(key, body)


def episode_key(env: InteractionEnv, spec: EpisodeSpec, sensors: Sensors) -> str | None:
    """Return the key of an episode; None where what is drawn can't be told beforehand.

    What a graphics driver draws changes with the driver, so only the renderer of this package
    is cached.
    """
    fingerprint = drawing_fingerprint(type(env).__module__)
    if fingerprint is None or sensors.renderer != DEFAULT_RENDERER:
        return None
    seen = [sensors.track, sensors.size_px, sensors.renderer]
    return blake_key([EPISODE.version, SCENE_SEED, fingerprint, spec.task, spec.seed, seen])


def open_cache() -> EpisodeCache | None:
    """Return the cache of this machine; None where there is no home to put it in.

    Raises
    ------
    ConfigError
        If the limit in the environment is no positive number.
    """
    folder = cache_folder()
    return None if folder is None else EpisodeCache(BlobCache(folder, _limit_bytes()))


@contextmanager
def private_cache() -> Iterator[None]:
    """Use a cache of this process alone, empty at first and gone at the end.

    For checks that must trust nothing that lies on disk, and yet pose a question but once.
    """
    before = os.environ.get(FOLDER_VARIABLE)
    with TemporaryDirectory(prefix="ivlm-bench-") as folder:
        os.environ[FOLDER_VARIABLE] = folder
        try:
            yield
        finally:
            os.environ.pop(FOLDER_VARIABLE)
            if before is not None:
                os.environ[FOLDER_VARIABLE] = before


def cache_folder() -> Path | None:
    """Return ``$IVLM_BENCH_CACHE``, else ``~/.cache/ivlm_bench/observations``."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    home = Path("~").expanduser() if os.environ.get("HOME") else None
    return None if home is None else home / ".cache" / "ivlm_bench" / "observations"


def _limit_bytes() -> int:
    text = os.environ.get(LIMIT_VARIABLE, str(DEFAULT_LIMIT_GB))
    try:
        limit_gb = float(text)
    except ValueError:
        limit_gb = 0.0
    if not 0.0 < limit_gb < float("inf"):
        raise ConfigError(
            f"The environment variable {LIMIT_VARIABLE} is {text!r}; a positive number of GB is "
            "needed."
        )
    return int(limit_gb * _BYTES_PER_GB)
