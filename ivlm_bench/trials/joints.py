"""The joint that a trial asks about, and how far it went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ivlm_bench.errors import ConfigError
from ivlm_bench.protocols import Simulation
from ivlm_bench.types import Joint, Link, Placement, Scene, TrialSpec

#: A joint with less way to go than this share of its range has none, and cannot reach a goal.
LEAST_AVAILABLE = 1e-6


@dataclass(frozen=True, eq=False, slots=True)
class AskedJoint:
    """A joint of the target, the link it moves, and the sense (+1 or -1) that is asked for."""

    name: str
    body: str
    link: Link
    joint: Joint
    sign: float

    def available(self, start: float) -> float:
        """Return the way (m or rad) from position ``start`` to the limit in the asked sense."""
        limit = self.joint.upper if self.sign > 0 else self.joint.lower
        return (limit - start) * self.sign

    def covered(self, start: float, end: float) -> float:
        """Return the share in [0, 1] of the available way that was covered in the asked sense."""
        available = self.available(start)
        if available < LEAST_AVAILABLE * (self.joint.upper - self.joint.lower):
            return 0.0
        return min(max((end - start) * self.sign / available, 0.0), 1.0)

    def others_moved(
        self, start: Mapping[str, float], end: Mapping[str, float], ranges: Mapping[str, float]
    ) -> float:
        """Return the largest share of its range that another joint went between two positions."""
        return max((abs(end[n] - start[n]) / ranges[n] for n in end if n != self.name), default=0.0)


def positions(simulation: Simulation, names: Iterable[str]) -> dict[str, float]:
    """Return the position (m or rad) of each joint, by ``placement/joint``."""
    return {name: simulation.joint(name).position for name in names}


def asked_joint(target: Placement, spec: TrialSpec) -> AskedJoint | None:
    """Return the joint that ``spec`` names, or else the one that moves its part.

    None where the target has no such joint: such a question has no answer but to abstain.

    Raises
    ------
    ConfigError
        If the specification names neither a joint nor a part.
    """
    if spec.joint is None and spec.part is None:
        raise ConfigError(f"A trial of kind {spec.kind!r} needs a joint or a part in TrialSpec.")
    for link in target.model.links:
        named = link.joint is not None and link.joint.name == spec.joint
        carries = spec.joint is None and any(part.name == spec.part for part in link.parts)
        if link.joint is not None and (named or carries):
            return AskedJoint(
                name=f"{target.name}/{link.joint.name}",
                body=target.body(link),
                link=link,
                joint=link.joint,
                sign=1.0 if spec.sign >= 0 else -1.0,
            )
    return None


def joint_ranges(scene: Scene) -> dict[str, float]:
    """Return the range (m or rad) of every joint of a scene, by ``placement/joint``."""
    return {
        f"{placement.name}/{link.joint.name}": link.joint.upper - link.joint.lower
        for placement in scene.placements
        for link in placement.model.links
        if link.joint is not None
    }
