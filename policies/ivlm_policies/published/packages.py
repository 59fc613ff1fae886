"""Where the files of a package lie that is never imported: weights, and what reads them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from ivlm_bench.errors import AssetError, MissingDependencyError


def packaged(package: str, file: str, *, command: str, path: str | None = None) -> Path:
    """Return a file of an installed package, or the file or folder that the user names instead.

    Parameters
    ----------
    package : str
        Import name; it is looked up, and not imported.
    file : str
        Path inside the package.
    command : str
        What installs it.
    path : str, optional
        The user's own copy of the file.

    Raises
    ------
    AssetError
        If the named file is not there.
    MissingDependencyError
        If the package is not installed.
    """
    if path is not None:
        if not Path(path).exists():
            raise AssetError(f"There is no {path}; leave -P weights out, or name another file.")
        return Path(path)
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependencyError(f"The package {package!r} is not installed: {command}")
    found = Path(spec.submodule_search_locations[0]) / file
    if not found.exists():
        raise AssetError(f"{found} is missing, so {package!r} is damaged; install again: {command}")
    return found
