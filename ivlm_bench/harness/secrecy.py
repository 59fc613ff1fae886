"""What an isolated reasoner may see: libraries, and its own code; never a run, a truth or a judge.

The files that it may read are listed one by one, as the kernel wants them: all else is shut.
"""

from __future__ import annotations

import functools
import importlib.machinery
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

import ivlm_bench
from ivlm_bench.env import TASKS
from ivlm_bench.harness.cache import cache_folder
from ivlm_bench.harness.messages import Setup
from ivlm_bench.harness.observations import MANIFEST, SEEN, TRUTH
from ivlm_bench.harness.threads import SINGLE_THREADED
from ivlm_bench.reasoners import REASONERS
from ivlm_bench.store.columns import EPISODES, PREDICTIONS, VERDICTS
from ivlm_bench.store.journal import JOURNAL

#: What of this package poses, tries and judges questions.
JUDGE_FOLDERS = ("trials", "engines", "testing")
JUDGE_FILES = ("env.py", "observe.py")
#: Variables of the environment that the isolated process is given.
KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")

#: Where a system keeps libraries, and what they read when they are loaded.
SYSTEM_FILES = (
    *("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib"),
    *("/usr/local/lib64", "/usr/local/cuda", "/usr/share", "/usr/local/share", "/nix/store"),
    *("/opt/rocm", "/opt/cuda", "/proc", "/sys"),
    *("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload"),
    *("/etc/localtime", "/etc/timezone", "/etc/locale.alias", "/etc/nsswitch.conf"),
    *("/etc/passwd", "/etc/group", "/etc/mime.types", "/etc/os-release", "/etc/fonts"),
    *("/etc/OpenCL", "/etc/vulkan", "/etc/glvnd"),
)
#: What of an interpreter's home are libraries.
PREFIX_FOLDERS = ("lib", "lib64", "share", "pyvenv.cfg")
#: Files that a folder of a run or of observations is known by; and folders shut by their name.
RUN_FILES = frozenset((EPISODES, VERDICTS, PREDICTIONS, JOURNAL, MANIFEST))
SHUT_NAMES = frozenset((".git", TRUTH, SEEN))
#: Ends of the names of files that Python imports, and of folders that tell what is installed.
CODE = (".py", ".pyc", *importlib.machinery.EXTENSION_SUFFIXES)
INSTALLED = (".dist-info", ".egg-info")


def readable_files(setup: Setup, target: str) -> tuple[Path, ...]:
    """Return the files and folders that an isolated reasoner may read; all below them is meant.

    These are the libraries of the system and of Python, what is importable without the tasks and
    the judge, the reasoner's own code, and what its parameters name. Data beside its code is not:
    a parameter must name it.

    Parameters
    ----------
    setup
        What the worker is to do.
    target
        ``module:Attr`` or ``file.py:Attr`` of the reasoner, or a registered name.
    """
    hidden = {path.resolve() for path in hidden_files(setup, target)}
    found: dict[Path, None] = {}
    for path in _libraries():
        found |= dict.fromkeys(_but(path, hidden))
    for path in (*_code(target), *_weights(setup.params.values())):
        found |= dict.fromkeys(_but(path, hidden | set(_runs_below(path))))
    return tuple(found)


def hidden_files(setup: Setup, target: str) -> tuple[Path, ...]:
    """Return what is shut even where it lies in a folder that may be read.

    These are the packages of tasks but the reasoner's own, the judge, the observation cache and
    what is asked in this very run.
    """
    found = list(_judge(own=own_package(setup.reasoner, target)))
    cache = cache_folder()
    if cache is not None:
        found.append(cache)
    if setup.folder:
        found += (Path(setup.folder) / name for name in (TRUTH, SEEN))
    return tuple(found)


def spared(reasoner: str, target: str) -> tuple[str, ...]:
    """Return, in words, which tasks the reasoner can read for lying in its own package."""
    own = own_package(reasoner, target)
    return (f"the tasks of {own}, its own package, can be read",) if own in _task_tops() else ()


def own_package(reasoner: str, target: str) -> str:
    """Return the topmost package of a reasoner; empty for one in a file."""
    if ":" in target:
        place = target.rpartition(":")[0]
        return "" if place.endswith(".py") else place.partition(".")[0]
    factory: object = REASONERS.get(reasoner).factory
    while isinstance(factory, functools.partial):
        factory = factory.func
    return str(getattr(factory, "__module__", "")).partition(".")[0]


def clean_environment(folder: Path) -> dict[str, str]:
    """Return the environment of an isolated process: no secrets, and ``folder`` for a home."""
    home = str(Path(ivlm_bench.__file__).parent.parent)
    given = [str(path) for path in _given_path()]
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    own = {name: str(folder) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    path = os.pathsep.join([*given, home, str(Path.cwd())])
    return kept | own | SINGLE_THREADED | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def _given_path() -> list[Path]:
    return [Path(p).resolve() for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]


def _libraries() -> Iterator[Path]:
    """Yield folders that hold libraries and nothing of a user's."""
    yield from map(Path, SYSTEM_FILES)
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}:
        yield from (Path(prefix) / name for name in PREFIX_FOLDERS)
    paths = sysconfig.get_paths()
    yield from (Path(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    linked = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    yield from (Path(folder) for folder in linked if folder)


def _code(target: str) -> Iterator[Path]:
    """Yield what can be imported: from the path of modules, and from beside the reasoner."""
    place = target.rpartition(":")[0]
    folders = [Path(p) for p in sys.path if p] + [*_given_path(), Path.cwd()]
    folders.append(Path(ivlm_bench.__file__).parent.parent)
    if place.endswith(".py"):
        folders.append(Path(place).resolve().parent)
    libraries = {path.resolve() for path in _libraries()}
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        if libraries.isdisjoint((folder, *folder.parents)):
            yield from _importable(folder)
    if place and not place.endswith(".py"):
        yield from _namespace(place.partition(".")[0])


def _importable(folder: Path) -> Iterator[Path]:
    if folder.is_file():  # an archive of modules
        yield folder
    for child in _children(folder):
        if child.name.endswith((*CODE, *INSTALLED)) or (child / "__init__.py").is_file():
            yield child


def _namespace(top: str) -> Iterator[Path]:
    """Yield the code of a package that is spread over folders without ``__init__.py``."""
    spec = importlib.machinery.PathFinder.find_spec(top, [*sys.path, str(Path.cwd())])
    if spec is None or spec.origin is not None:
        return
    for folder in spec.submodule_search_locations or ():
        for base, _, names in os.walk(folder):
            yield from (Path(base) / name for name in names if name.endswith(CODE))


def _weights(params: Iterable[str]) -> Iterator[Path]:
    """Yield files and folders that parameters name, but for those that hold this very work."""
    shut = {Path.cwd().resolve(), Path(ivlm_bench.__file__).resolve().parent}
    shut |= {parent for path in shut for parent in path.parents}
    for text in params:
        if text and "\0" not in text and len(os.fsencode(text)) < os.pathconf("/", "PC_PATH_MAX"):
            path = Path(text).resolve()
            if os.path.exists(path) and path not in shut and path.name not in RUN_FILES:
                yield path


def _runs_below(folder: Path) -> Iterator[Path]:
    for base, folders, names in os.walk(folder):
        if Path(base).name in SHUT_NAMES or not RUN_FILES.isdisjoint(names):
            folders.clear()
            yield Path(base).resolve()


def _but(path: Path, hidden: set[Path]) -> Iterator[Path]:
    """Yield files and folders that together are all below ``path`` without the hidden ones."""
    real = path.resolve()
    if not real.exists() or not hidden.isdisjoint((real, *real.parents)):
        return
    if not any(real in other.parents for other in hidden):
        yield real
        return
    for child in _children(real):
        if not child.is_symlink():  # it may lead anywhere
            yield from _but(child, hidden)


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _task_tops() -> set[str]:
    return {task.__module__.partition(".")[0] for _, task in TASKS}


def _judge(own: str) -> Iterator[Path]:
    home = Path(ivlm_bench.__file__).parent
    yield from (home / folder for folder in JUDGE_FOLDERS)
    for name in JUDGE_FILES:
        yield from _with_cache(home / name)
    for top in sorted(_task_tops() - {own}):
        package = sys.modules[top]
        yield from (Path(folder) for folder in getattr(package, "__path__", ()))
        if not hasattr(package, "__path__") and package.__file__:
            yield from _with_cache(Path(package.__file__))


def _with_cache(file: Path) -> tuple[Path, Path]:
    return file, Path(importlib.util.cache_from_source(str(file)))
