"""Settings that are held against a reasoner's defaults: those that it offers, or those named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ivlm_bench.errors import ConfigError, UnknownNameError, did_you_mean
from ivlm_bench.reasoners import factory_of

#: What a reasoner's class or factory may offer; see ``protocols.Reasoner``.
OFFER = "ablations"


@dataclass(frozen=True, slots=True)
class Ablation:
    """One changed setting: its name, and the constructor parameters that stand over the others."""

    name: str
    params: dict[str, str]


def offered(reasoner: str) -> tuple[Ablation, ...]:
    """Return the ablations that the class or factory behind a reasoner's name offers, or none.

    Raises
    ------
    ConfigError
        If what it offers is not made of pairs (name, {parameter: text}), or a name stands twice.
    UnknownNameError, MissingDependencyError
        As ``resolve_reasoner``.
    """
    offer = getattr(factory_of(reasoner), OFFER, None)
    if offer is None:
        return ()
    found = tuple(_ablation(reasoner, entry) for entry in offer())
    names = [ablation.name for ablation in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"{reasoner!r} offers two ablations called {twice[0]!r}; rename one.")
    return found


def chosen(reasoner: str, names: Sequence[str] = ()) -> tuple[Ablation, ...]:
    """Return what is to be compared: all that is offered, or what ``names`` say.

    Parameters
    ----------
    reasoner
        As ``resolve_reasoner`` takes it.
    names
        Each the name of an offered ablation, or ``PARAMETER=VALUE`` for any parameter.

    Raises
    ------
    ConfigError
        If there is nothing to compare, or a setting stands twice.
    UnknownNameError
        If a name is neither.
    """
    known = {ablation.name: ablation for ablation in offered(reasoner)}
    if not names and not known:
        raise ConfigError(
            f"{reasoner!r} offers no ablations; name a parameter of it with --switch NAME=VALUE, "
            f"or give its class a function {OFFER}() that returns ((name, {{parameter: text}}), "
            "...)."
        )
    if len(set(names)) < len(names):
        raise ConfigError("--switch names one setting twice; leave one out.")
    return tuple(_named(name, known) for name in names) or tuple(known.values())


def _named(name: str, known: dict[str, Ablation]) -> Ablation:
    if name in known:
        return known[name]
    key, equals, value = name.partition("=")
    if not equals or not key:
        hint = did_you_mean(name, list(known))
        raise UnknownNameError(f"--switch {name!r} is no ablation and no NAME=VALUE.{hint}")
    return Ablation(name, {key: value})


def _ablation(reasoner: str, entry: object) -> Ablation:
    match entry:
        case (str(name), dict(params)) if name and params:
            return Ablation(name, {str(key): str(value) for key, value in params.items()})
    raise ConfigError(
        f"{reasoner!r} offers {entry!r} as an ablation; a pair (name, {{parameter: text}}) is "
        "needed."
    )
