"""Every error that a user may meet: one tree, one sentence a class."""

from __future__ import annotations


class IvlmBenchError(Exception):
    """Base of all errors raised on purpose; the message says what, where and what to do."""

    exit_code = 2


class ConfigError(IvlmBenchError):
    """A file, flag or key is not what was expected."""


class UnknownNameError(ConfigError):
    """A name is not registered; the message lists near names."""


class MissingDependencyError(IvlmBenchError):
    """An optional package is needed; the message gives the pip line."""


class AssetError(IvlmBenchError):
    """An object's geometry, mass or texture is unusable."""


class PluginError(IvlmBenchError):
    """A plugin package failed to import or registered a name twice."""


class StoreError(IvlmBenchError):
    """A run on disk is damaged, locked, full or not writable."""

    exit_code = 5


class EngineError(IvlmBenchError):
    """A simulation diverged; the episode is ``sim_diverged`` and never blamed on the reasoner."""

    exit_code = 5


class InvalidAnswerError(IvlmBenchError):
    """A reasoner's answer has the wrong type, shape, range or is not finite.

    ``code``: what the record's code will be; empty for ``INVALID_ANSWER``.
    """

    code = ""


class UnparsedAnswerError(InvalidAnswerError):
    """What a model wrote can't be read in the dialect that was agreed on."""

    code = "UNPARSED"


class RefusedAnswerError(InvalidAnswerError):
    """A model declined to answer."""

    code = "REFUSED"


class OutOfRangeAnswerError(InvalidAnswerError):
    """All that a model marked lies outside of the picture."""

    code = "OUT_OF_RANGE"


class RemoteError(IvlmBenchError):
    """What a reasoner asks over a network is gone, refuses or fails; the message says which.

    In a run the question at hand is ``reasoner_error`` with this one sentence.
    """

    exit_code = 5


class RemoteLostError(RemoteError):
    """Nobody was there to ask, so the question was not answered; a resumed run asks it again."""


class RemoteTimeoutError(RemoteError):
    """What a reasoner asks over a network did not answer in time: the question is ``timeout``."""


def did_you_mean(name: str, known: list[str]) -> str:
    """Return ``' Did you mean ...?'`` for near names, else the list of known ones."""
    import difflib

    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f" Did you mean {' or '.join(repr(n) for n in near)}?"
    return f" Known: {', '.join(sorted(known)) or 'none'}."
