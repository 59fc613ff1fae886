"""What an isolated reasoner must not see: files that tell the truth, and the environment."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import ivlm_bench
from ivlm_bench.env import TASKS
from ivlm_bench.harness.cache import cache_folder
from ivlm_bench.harness.messages import Setup
from ivlm_bench.harness.observations import TRUTH
from ivlm_bench.harness.threads import SINGLE_THREADED

#: What of this package poses, tries and judges questions.
JUDGE_FOLDERS = ("trials", "engines", "testing")
JUDGE_FILES = ("env.py", "observe.py")
#: Variables of the environment that the isolated process is given.
KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")


def hidden_files(setup: Setup, target: str) -> tuple[Path, ...]:
    """Return files and folders that would tell the truth of a question, were they read.

    These are the packages of tasks, the judge, observations with their truth in the cache or
    beside those that are asked about.

    Parameters
    ----------
    setup
        What the worker is to do.
    target
        ``module:Attr`` or ``file.py:Attr`` of the reasoner, whose own package stays readable; or a
        registered name that only the plugin packages can resolve: then tasks and judge stay, too.
    """
    found = [cache_folder(), Path(setup.folder) / TRUTH if setup.folder else None]
    if setup.cache and found[0] is not None:
        with contextlib.suppress(OSError):  # what is made later could not be hidden
            found[0].mkdir(parents=True, exist_ok=True)
    if ":" in target:
        found += _judge(own=target.partition(":")[0].partition(".")[0])
    return tuple(path for path in found if path is not None and path.exists())


def clean_environment(folder: Path) -> dict[str, str]:
    """Return the environment of an isolated process: no secrets, and ``folder`` for a home."""
    home = str(Path(ivlm_bench.__file__).parent.parent)
    given = [str(Path(p).resolve()) for p in os.environ.get("PYTHONPATH", "").split(":") if p]
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    own = {name: str(folder) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    path = os.pathsep.join([*given, home, str(Path.cwd())])
    return kept | own | SINGLE_THREADED | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def _judge(own: str) -> Iterator[Path]:
    home = Path(ivlm_bench.__file__).parent
    yield from (home / folder for folder in JUDGE_FOLDERS)
    for name in JUDGE_FILES:
        yield from _with_cache(home / name)
    for top in sorted({task.__module__.partition(".")[0] for _, task in TASKS} - {own}):
        package = sys.modules[top]
        yield from (Path(folder) for folder in getattr(package, "__path__", ()))
        if not hasattr(package, "__path__") and package.__file__:
            yield from _with_cache(Path(package.__file__))


def _with_cache(file: Path) -> tuple[Path, Path]:
    return file, Path(importlib.util.cache_from_source(str(file)))
