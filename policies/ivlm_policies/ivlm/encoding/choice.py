"""What ``--encoder`` says: our own small encoder, or a frozen one and where its weights lie."""

from __future__ import annotations

from dataclasses import dataclass

from ivlm_bench.errors import ConfigError, UnknownNameError, did_you_mean

#: The encoder that is trained from nothing.
OWN = "small"
#: Frozen encoders, and whether they must be told where their weights lie.
NEEDS_PATH = {"efficientnet": False, "clip": True, "siglip2": True, "dinov2": True}


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """A kind of encoder and its weights: a file, a folder or a hub id; None: as installed."""

    kind: str
    where: str | None = None

    @property
    def is_frozen(self) -> bool:
        """Whether the encoder comes with weights that training leaves alone."""
        return self.kind != OWN


def encoder_choice(text: str) -> EncoderChoice:
    """Return what ``KIND`` or ``KIND:PATH`` names.

    Raises ``UnknownNameError`` for an unknown kind, ``ConfigError`` where a path is missing or
    given to our own encoder.
    """
    kind, _, where = text.partition(":")
    if kind != OWN and kind not in NEEDS_PATH:
        known = [OWN, *NEEDS_PATH]
        raise UnknownNameError(
            f"No encoder is called {kind!r}; known: {', '.join(known)}.{did_you_mean(kind, known)}"
        )
    if kind == OWN and where:
        raise ConfigError(f"The encoder {OWN!r} reads no weights; give --start to train on.")
    if NEEDS_PATH.get(kind) and not where:
        raise ConfigError(f"The encoder {kind!r} needs its weights: --encoder {kind}:FOLDER.")
    return EncoderChoice(kind, where or None)
