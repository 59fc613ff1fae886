"""Reasoners by name, by ``package.module:Attr`` and by ``path/file.py:Attr``."""

from __future__ import annotations

import hashlib
import importlib
import importlib.machinery
import importlib.util
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, Protocol, get_args, runtime_checkable

from msgspec.structs import replace

from ivlm_bench.errors import (
    ConfigError,
    IvlmBenchError,
    MissingDependencyError,
    did_you_mean,
)
from ivlm_bench.guard import guarded, in_brief, storable
from ivlm_bench.protocols import Reasoner
from ivlm_bench.records import ReasonerCard
from ivlm_bench.registry import Registry
from ivlm_bench.types import Interaction, Observation, Truth

#: Words that a boolean parameter accepts.
BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@runtime_checkable
class PrivilegedReasoner(Protocol):
    """A reasoner for tests of the bench itself, which the harness hands the truth.

    Its runs are marked ``privileged`` and never ranked.
    """

    def predict_with_truth(self, observation: Observation, truth: Truth, /) -> Interaction:
        """Answer the observation's query, knowing the truth."""
        ...


AnyReasoner = Reasoner | PrivilegedReasoner


@dataclass(frozen=True, slots=True)
class ReasonerEntry:
    """A registered reasoner: its factory and what a table says of it.

    ``role``: a ``baseline`` is run beside every comparison; a ``bound`` knows the truth and tells
    what can be reached, or what the shared tools reach alone; a ``control`` must fail. ``needs``:
    parameters without which it can't be built, each with an example: ``url=ws://127.0.0.1:8000``.
    ``install``: command that installs what it needs beside this package.
    ``needs_calibration``: who answers is not known beforehand, so that its runs are ranked only
    after ``ivlm-bench doctor --reasoner`` found its conventions right.
    """

    factory: Callable[..., AnyReasoner]
    display: str
    licence: str = "Apache-2.0"
    privileged: bool = False
    notes: str = ""
    role: Literal["reasoner", "baseline", "bound", "control"] = "reasoner"
    needs: tuple[str, ...] = ()
    install: str = ""
    needs_calibration: bool = False


def with_role(role: str) -> tuple[str, ...]:
    """Return the names of the registered reasoners of one role."""
    return tuple(name for name, entry in REASONERS if entry.role == role)


#: All registered reasoners.
REASONERS: Registry[ReasonerEntry] = Registry("reasoner")


def resolve_reasoner(
    text: str, params: Mapping[str, str] | None = None
) -> tuple[AnyReasoner, ReasonerCard]:
    """Build the reasoner that ``text`` names, and its card.

    Parameters
    ----------
    text : str
        A registered name, ``package.module:Attr`` or ``path/file.py:Attr``, where ``Attr`` is a
        class, a function that returns a reasoner, or a reasoner.
    params : mapping of str to str, optional
        Constructor parameters as text, converted by the constructor's annotations
        (int, float, bool, str, or one of them or None).

    Returns
    -------
    reasoner : Reasoner or PrivilegedReasoner
        Only a registered reasoner may be privileged.
    card : ReasonerCard
        Its fingerprint is the SHA-256 of the source files (for a registered reasoner all files of
        its folder, weights included), the name and the parameters.

    Raises
    ------
    UnknownNameError
        If no reasoner has that name.
    ConfigError
        If the file, module, attribute or a parameter is not there or not fit.
    MissingDependencyError
        If the reasoner's module imports a package that is not installed.
    """
    given = dict(params or {})
    if _is_source(text):
        attribute, sources = _from_source(text)
        entry = _source_entry(text, attribute)
    else:
        entry = REASONERS.get(text)
        sources = _package_sources(entry.factory)
    reasoner = _build(entry.factory, given, text)
    wanted = "predict_with_truth" if entry.privileged else "predict"
    if not callable(getattr(reasoner, wanted, None)):
        raise ConfigError(
            f"{text!r} is not a reasoner: {type(reasoner).__name__} has no method {wanted!r}."
        )
    return reasoner, _behind(_card(text, entry, given, sources), reasoner)


def factory_of(text: str) -> Any:
    """Return the class, function or reasoner that ``text`` names, as ``resolve_reasoner`` takes it.

    Raises
    ------
    UnknownNameError, ConfigError, MissingDependencyError
        As ``resolve_reasoner``.
    """
    return _from_source(text)[0] if _is_source(text) else REASONERS.get(text).factory


def describe_reasoner(
    text: str, params: Mapping[str, str] | None = None
) -> tuple[ReasonerCard, str]:
    """Return the card of the reasoner that ``text`` names, and a text that names it anywhere.

    No code of a module or file that ``text`` names is run; what is wrong with it shows when it is
    built. The second text does not hang on the working folder, and spares another process to load
    all plugins where it can.

    Raises
    ------
    UnknownNameError
        If no reasoner has that name.
    """
    given = dict(params or {})
    if not _is_source(text):
        entry = REASONERS.get(text)
        factory = entry.factory
        plain = getattr(factory, "__qualname__", "").isidentifier()
        target = f"{factory.__module__}:{factory.__qualname__}" if plain else text
        return _card(text, entry, given, _package_sources(factory)), target
    place, _, name = text.rpartition(":")
    file = Path(place) if place.endswith(".py") else _module_file(place)
    sources = [file] if file is not None and file.is_file() else []
    target = f"{Path(place).resolve()}:{name}" if place.endswith(".py") else text
    return _card(text, _source_entry(text, None), given, sources), target


def _is_source(text: str) -> bool:
    return ":" in text or text.endswith(".py")


def _source_entry(text: str, attribute: Any) -> ReasonerEntry:
    return ReasonerEntry(attribute, text.rsplit(":", 1)[-1], licence="")


def _card(
    text: str, entry: ReasonerEntry, params: dict[str, str], sources: list[Path]
) -> ReasonerCard:
    return ReasonerCard(
        name=text,
        display=storable(entry.display),
        params=params,
        fingerprint=_fingerprint(sources, text, params),
        privileged=entry.privileged,
        licence=entry.licence,
        notes=entry.notes,
    )


def _behind(card: ReasonerCard, reasoner: object) -> ReasonerCard:
    """Return the card of one that answers for another (``stands_for``): with its name and mark."""
    display, mark = getattr(reasoner, "stands_for", ("", ""))
    if mark:
        digest = hashlib.sha256(f"{card.fingerprint}\0{mark}".encode()).hexdigest()
        card = replace(card, fingerprint=digest)
    return replace(card, display=storable(f"{card.display}: {display}")) if display else card


def _module_file(name: str) -> Path | None:
    """Return the file of a module without importing it or the packages that it lies in."""
    path: list[str] | None = [*sys.path, str(Path.cwd())]
    parts = name.split(".")
    origin: str | None = None
    for depth in range(1, len(parts) + 1):
        spec = importlib.machinery.PathFinder.find_spec(".".join(parts[:depth]), path)
        if spec is None:
            return None
        origin, path = spec.origin, spec.submodule_search_locations
    return Path(origin) if origin else None


def _from_source(text: str) -> tuple[Any, list[Path]]:
    """Return the attribute that ``text`` names and the source files it comes from."""
    place, _, name = text.rpartition(":")
    if not place or not name:
        raise ConfigError(f"{text!r} names no class; write it as {text.strip(':')}:NAME.")
    if place.endswith(".py"):
        module, sources = _load_file(Path(place)), [Path(place)]
    else:
        module = _load_module(place)
        sources = [Path(module.__file__)] if module.__file__ else []
    if not hasattr(module, name):
        public = [key for key in vars(module) if not key.startswith("_")]
        raise ConfigError(f"{place!r} has no {name!r}.{did_you_mean(name, public)}")
    return getattr(module, name), sources


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        folder = path.parent
        near = [p.name for p in folder.glob("*.py")] if folder.is_dir() else []
        raise ConfigError(
            f"There is no reasoner file {str(path)!r}.{did_you_mean(path.name, near)}"
        )
    resolved = path.resolve()
    mark = hashlib.sha256(str(resolved).encode()).hexdigest()[:8]
    name = f"ivlm_reasoner_{resolved.stem}_{mark}"
    spec = importlib.util.spec_from_file_location(name, resolved)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{str(path)!r} can't be loaded as Python source.")
    module = importlib.util.module_from_spec(spec)
    _see_folder(resolved.parent)  # so that the file can import its neighbours, as a script can
    sys.modules[name] = module
    _importing(str(path), lambda: spec.loader.exec_module(module) if spec.loader else None)
    return module


def _load_module(name: str) -> ModuleType:
    _see_folder(Path.cwd())  # a console script, unlike `python -m`, does not see it
    found: list[ModuleType] = []
    _importing(name, lambda: found.append(importlib.import_module(name)))
    return found[0]


def _see_folder(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _importing(label: str, load: Callable[[], object]) -> None:
    """Run ``load`` and turn what goes wrong in an import, whatever it is, into one sentence."""
    _, error = guarded(load)
    if isinstance(error, (IvlmBenchError, KeyboardInterrupt)):
        raise error
    if error is not None:
        raise _import_fault(label, error) from error


def _import_fault(label: str, error: BaseException) -> IvlmBenchError:
    if isinstance(error, SyntaxError):
        return ConfigError(
            f"{error.filename or label} line {error.lineno}: {error.msg}; mend the syntax."
        )
    if isinstance(error, ModuleNotFoundError):
        missing = (error.name or "").partition(".")[0]
        if error.name is not None and (label == error.name or label.startswith(error.name + ".")):
            return ConfigError(f"There is no Python module {label!r}.")
        return MissingDependencyError(
            f"{label!r} needs the package {missing!r}; pip install {missing}."
        )
    return ConfigError(f"{label!r} failed to import: {in_brief(error)}.")


def _build(factory: Any, params: Mapping[str, str], label: str) -> Any:
    """Return the reasoner: ``factory`` called with converted parameters, or itself if it is one."""
    is_instance = not isinstance(factory, type) and hasattr(factory, "predict")
    if is_instance or not callable(factory):
        if params:
            raise ConfigError(f"{label!r} is an object, not a class; it takes no parameters.")
        return factory
    try:
        signature = inspect.signature(factory, eval_str=True)
    except NameError as error:
        raise ConfigError(f"An annotation of {label!r} can't be read: {error}.") from error
    wanted = signature.parameters
    for key in params:
        if key not in wanted:
            raise ConfigError(
                f"{label!r} has no parameter {key!r}.{did_you_mean(key, list(wanted))}"
            )
    for key, parameter in wanted.items():
        variadic = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if not variadic and parameter.default is parameter.empty and key not in params:
            raise ConfigError(f"{label!r} needs the parameter {key!r}; give it by -P {key}=VALUE.")
    given = {k: _convert(label, wanted[k], value) for k, value in params.items()}
    built, fault = guarded(lambda: factory(**given))
    if isinstance(fault, (IvlmBenchError, KeyboardInterrupt)):
        raise fault
    if fault is not None:
        raise ConfigError(f"The reasoner {label!r} can't be built: {in_brief(fault)}.") from fault
    return built


def _convert(label: str, parameter: inspect.Parameter, value: str) -> Any:
    """Convert the text of one parameter by its annotation, else by the type of its default."""
    kind: Any = parameter.annotation
    if kind is parameter.empty:
        has_default = parameter.default not in (parameter.empty, None)
        kind = type(parameter.default) if has_default else str
    kinds = [k for k in get_args(kind) if k is not NoneType] if _is_union(kind) else [kind]
    if len(kinds) < len(get_args(kind)) and value.lower() == "none":
        return None
    target = kinds[0]
    if target is bool:
        if value.lower() not in BOOLEANS:
            raise ConfigError(
                f"{label!r}: {parameter.name} = {value!r} is not a bool; write true or false."
            )
        return BOOLEANS[value.lower()]
    if target not in (int, float, Path):
        return value
    try:
        return target(value)
    except ValueError:
        raise ConfigError(
            f"{label!r}: {parameter.name} = {value!r} is not of type {target.__name__}."
        ) from None


def _is_union(kind: Any) -> bool:
    return isinstance(kind, UnionType) or getattr(kind, "__origin__", None) is not None


def _package_sources(factory: Callable[..., AnyReasoner]) -> list[Path]:
    """Return all files of the folder that the factory is defined in: code, and what it reads.

    Weights and word lists decide answers as code does.
    """
    folder = Path(str(sys.modules[factory.__module__].__file__)).parent
    return sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)


def _fingerprint(sources: list[Path], text: str, params: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    name = text.rpartition(":")[2]  # not the path: a moved file is the same reasoner
    digest.update(json.dumps([name, dict(sorted(params.items()))]).encode())
    for path in sources:
        content = path.read_bytes()
        digest.update(f"\0{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
