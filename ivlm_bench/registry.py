"""Named things: registries that plugin packages fill when they are imported."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from ivlm_bench.errors import PluginError, UnknownNameError, did_you_mean

T = TypeVar("T")

#: Entry-point group that plugin packages announce themselves in.
PLUGIN_GROUP = "ivlm_bench.plugins"


class Registry(Generic[T]):
    """Maps names to things of one kind; a name is taken once."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}

    def register(self, name: str, thing: T) -> T:
        """Add ``thing``; a second one under the same name is a ``PluginError``."""
        if name in self._entries and self._entries[name] is not thing:
            raise PluginError(
                f"Two {self.kind}s are called {name!r} ({self._entries[name]!r} and {thing!r}); "
                "rename one of them."
            )
        self._entries[name] = thing
        return thing

    def get(self, name: str) -> T:
        """Return the thing called ``name``; ``UnknownNameError`` with near names otherwise."""
        if name not in self._entries:  # looking for plugins takes 4 ms
            load_plugins()
        try:
            return self._entries[name]
        except KeyError:
            hint = did_you_mean(name, list(self._entries))
            raise UnknownNameError(f"No {self.kind} is called {name!r}.{hint}") from None

    def names(self) -> list[str]:
        """Return all names, sorted."""
        load_plugins()
        return sorted(self._entries)

    def __contains__(self, name: str) -> bool:
        """Tell whether the name is taken by now; no plugin is looked for."""
        return name in self._entries

    def __iter__(self) -> Iterator[tuple[str, T]]:
        return iter([(name, self._entries[name]) for name in self.names()])


_loaded: set[str] = set()


def load_plugins() -> None:
    """Import every module of every announced plugin package, once a process.

    A module that fails to import is a ``PluginError`` that names it.
    """
    for package in plugin_packages():
        if package not in _loaded:
            _loaded.add(package)
            import_tree(package)


def plugin_packages() -> list[str]:
    """Return the names of all announced plugin packages, none of them imported for it."""
    return [p.value for p in sorted(entry_points(group=PLUGIN_GROUP), key=lambda p: p.name)]


def import_tree(package: str) -> None:
    """Import a package and every public module below it, so that each registers itself.

    A module that fails to import is a ``PluginError`` that names the package.
    """
    try:
        root = importlib.import_module(package)
        for module in pkgutil.walk_packages(getattr(root, "__path__", []), package + "."):
            if not module.name.rsplit(".", 1)[-1].startswith("_"):
                importlib.import_module(module.name)
    except ImportError as error:
        _loaded.discard(package)
        raise PluginError(
            f"The plugin package {package!r} failed to import: {error}. Reinstall or remove it."
        ) from error
