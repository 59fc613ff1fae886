"""What goes between the five stages, and what each stage must offer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from jaxtyping import Bool, Float32, Float64

from ivlm_bench.types import Interaction, Observation, Query, View

#: What an atomic query asks for. ``object``: the thing as a whole; ``contact``: where to touch it;
#: ``function``: the part that acts on the world (a blade); ``avoid``: what must not be touched;
#: ``obstacle``: what would keep it from moving; ``anchor``: what tells several alike apart.
Role = Literal["object", "contact", "function", "avoid", "obstacle", "anchor"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """The canonical words of one atomic query; empty where nothing is said.

    ``action``: interaction label (``find`` where only a thing is looked for); ``part`` and
    ``noun``: canonical words (``noun`` is ``object`` where it is unknown); ``colour``, ``place``
    (left, right, top, bottom, middle) and ``sense`` (clockwise, anticlockwise, up, down).
    """

    action: str
    noun: str = "object"
    part: str = ""
    colour: str = ""
    place: str = ""
    sense: str = ""


@dataclass(frozen=True, slots=True)
class AtomicQuery:
    """One question that can be answered in one picture.

    ``scope``: looked for in the whole picture, or in a crop about the object. ``text``: the
    sentence itself, read instead of the phrase where it is not empty (``templates=raw``).
    ``topmost``: of several alike, the one on top is meant.
    """

    role: Role
    phrase: Phrase
    scope: Literal["image", "object"] = "object"
    text: str = ""
    topmost: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What the planner makes of a sentence.

    ``template``: id and version, such as ``grasp.v1``. ``interaction``: the label that is answered.
    ``motion``: what the proposer must give. ``checks``: names of the tests that a proposal must
    pass. ``abstain_reason``: set where the sentence is not understood; there are no queries then.
    """

    template: str
    interaction: str
    phrase: Phrase
    queries: tuple[AtomicQuery, ...]
    motion: Literal["grasp", "pull", "push", "press", "turn", "lift", "place", "none"]
    checks: tuple[str, ...] = ()
    abstain_reason: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Crop:
    """A square window of a picture: left and top edge and side, px; may reach over the border."""

    left_px: float
    top_px: float
    side_px: float


@dataclass(frozen=True, eq=False, slots=True)
class Grounding:
    """2D evidence for one atomic query in all pictures.

    ``maps``: probability that a pixel belongs to the answer, at the views' own size. ``presence``:
    probability, one a view, that what is asked for is there at all. ``feasible``: probability, one
    a view, that the interaction can be done. ``crops``: the window each view was looked at in.
    """

    query: AtomicQuery
    maps: Float32[np.ndarray, "v h w"]
    presence: Float32[np.ndarray, " v"]
    feasible: Float32[np.ndarray, " v"]
    crops: tuple[Crop, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Field:
    """Fused evidence on surface points, world frame.

    ``prob``: calibrated probability that a point belongs to the answer of each role. ``spread``:
    standard deviation over the views that see a point, of the contact role. ``votes`` and ``seen``:
    what each view says of each point, and whether it sees it. ``rejected``: points that a
    constraint took out, by its name. ``chosen``: what the words that choose among several alike
    leave of the evidence on each point, 1 where they say nothing; ``alike``: the evidence of the
    contact role before they chose.
    """

    points_m: Float64[np.ndarray, "n 3"]
    normals: Float64[np.ndarray, "n 3"]
    prob: Mapping[str, Float32[np.ndarray, " n"]]
    spread: Float32[np.ndarray, " n"]
    votes: Float32[np.ndarray, "v n"]
    seen: Bool[np.ndarray, "v n"]
    presence: float
    feasible: float
    rejected: Mapping[str, Bool[np.ndarray, " n"]] = field(default_factory=dict)
    chosen: Float32[np.ndarray, " n"] | None = None
    alike: Float32[np.ndarray, " n"] | None = None


class Planner(Protocol):
    """Stage 1: from words to atomic queries."""

    def plan(self, query: Query, /) -> Plan:
        """Return the plan; never raises for what is in the words."""
        ...


class ViewProvider(Protocol):
    """Stage 2: which pictures are looked at."""

    def views(self, observation: Observation, /) -> tuple[View, ...]:
        """Return the observation's own views first, then any that were made."""
        ...


class Grounder(Protocol):
    """Stage 3: 2D evidence."""

    def ground(self, views: tuple[View, ...], plan: Plan, /) -> tuple[Grounding, ...]:
        """Return the evidence for each of the plan's queries, in their order."""
        ...


class Fuser(Protocol):
    """Stage 4: from pictures to the surface."""

    def fuse(self, views: tuple[View, ...], evidence: tuple[Grounding, ...], /) -> Field | None:
        """Return the field, or None where no view has depth and no shape can be made."""
        ...


class Proposer(Protocol):
    """Stage 5: from the field to the answer."""

    def propose(
        self,
        observation: Observation,
        plan: Plan,
        evidence: tuple[Grounding, ...],
        fused: Field | None,
        /,
    ) -> Interaction:
        """Return the answer, or an abstention with its reason."""
        ...
