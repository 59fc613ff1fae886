"""What is found of one part of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["right", "note", "deviation", "no finding", "not told"]

#: Fewest answers that a convention is read from.
FEWEST = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """What one part of the answers (points, grasp axes, width ...) tells.

    ``right``: as it should be. ``note``: right, but for less than matters. ``deviation``: the
    answers follow another convention, which ``words`` names. ``no finding``: they do not follow
    the scene in any known way. ``not told``: too few answers have this part.
    """

    part: str
    state: State
    words: str


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one reasoner.

    ``n_asked`` questions were put; ``n_failed`` of them raised, the first ``first_fault``.
    """

    findings: tuple[Finding, ...]
    n_asked: int
    n_failed: int = 0
    first_fault: str = ""

    @property
    def deviations(self) -> tuple[Finding, ...]:
        """The findings that say that something has to be mended."""
        return tuple(each for each in self.findings if each.state == "deviation")

    @property
    def is_calibrated(self) -> bool:
        """Whether something is right and nothing deviates."""
        return not self.deviations and any(f.state in ("right", "note") for f in self.findings)


def not_told(part: str, n_told: int, n_asked: int) -> Finding:
    """Return the finding about answers that lack a part."""
    return Finding(part, "not told", f"{n_told} of {n_asked} answers have it; {FEWEST} are needed")


def joined(words: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
