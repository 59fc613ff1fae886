"""A fingerprint of all code and assets that decide what a question looks like."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import ivlm_bench
from ivlm_bench.harness.manifest import machine, packages

#: Where this package lies.
HOME = Path(ivlm_bench.__file__).parent

#: Parts of this package that stand above the environments: no scene depends on them.
ABOVE = ("agreement.py", "api.py", "certify.py", "cli", "harness", "leaderboard", "report", "store")

#: Files up to this size count by content, larger ones (assets) by size and time of change.
MAX_READ_BYTES = 1 << 20

#: When this process began to load code, s since the epoch.
STARTED_S = time.time()


@cache
def drawing_fingerprint(module: str) -> str | None:
    """Return 32 hex digits over what a task defined in ``module`` may draw with.

    These are the sources of this package below the environments, all files of the top-level
    package of ``module``, the versions of the packages that compute, and the kind of processor.
    None if the task's files can't be read, as in a notebook, or one was changed after this process
    loaded it, so that what is drawn is not what the file says.
    """
    package = sys.modules.get(module.partition(".")[0])
    file = getattr(package, "__file__", None)
    if file is None or module == "__main__":
        return None
    home = Path(file)
    roots = [HOME, home.parent if home.stem == "__init__" else home]
    here = {name: value for name, value in machine().items() if name != "cores"}
    with_what = [sorted(here.items()), sorted(packages().items()), metadata.version("manifold3d")]
    digest = hashlib.blake2b(repr(with_what).encode(), digest_size=16)
    try:
        for root in dict.fromkeys(roots):
            for chunk in _chunks(root):
                digest.update(chunk)
    except (OSError, _ChangedError):
        return None
    return digest.hexdigest()


class _ChangedError(Exception):
    """A file is younger than the process that loaded it."""


def _chunks(root: Path) -> Iterator[bytes]:
    """Yield name and content of every file below ``root``, sorted."""
    for path in _files(root):
        facts = path.stat()
        if facts.st_mtime > STARTED_S:
            raise _ChangedError
        if facts.st_size <= MAX_READ_BYTES:
            content = path.read_bytes()
        else:
            content = str(facts.st_mtime_ns).encode()
        yield f"\0{path.relative_to(root)}\0{facts.st_size}\0".encode() + content


def _files(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    own = root == HOME
    found = (path for path in root.rglob("*") if "__pycache__" not in path.parts)
    return sorted(
        path
        for path in found
        if path.is_file() and not (own and path.relative_to(root).parts[0] in ABOVE)
    )
