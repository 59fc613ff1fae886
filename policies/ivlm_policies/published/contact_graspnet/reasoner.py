"""Registers Contact-GraspNet; torch and the weights are read when it is made."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from ivlm_bench.errors import ConfigError, MissingDependencyError
from ivlm_bench.protocols import Reasoner
from ivlm_bench.reasoners import REASONERS, ReasonerEntry
from ivlm_bench.types import Interaction, Observation
from ivlm_policies.published.contact_graspnet.scene import (
    Said,
    clears_table,
    on_map,
    on_things,
    ours,
    shown_cloud,
)
from ivlm_policies.published.packages import packaged

#: What installs it: its package pins versions of three years ago and names a compiled one.
COMMAND = "pip install 'torch>=2.5' && pip install --no-deps cgn-pytorch==0.4.3"
#: A contact lies in another reasoner's region where its map says at least this.
IN_REGION = 0.5


class ContactGraspNet:
    """Contact-GraspNet (Sundermeyer et al., ICRA 2021) with the weights of the package cgn-pytorch.

    It sees depth alone, and the whole scene: what is asked for it does not know.

    Parameters
    ----------
    weights : str, optional
        Another checkpoint (.pth) of the same network.
    region : str, optional
        A reasoner, such as ``ivlm``, whose maps tell where to touch; grasps elsewhere are left out,
        and where it abstains, this does.
    clear : bool
        Leave grasps out at which our gripper, whose pads are longer than Franka's, would enter the
        table; a robot's motion planner does so.
    """

    def __init__(
        self, *, weights: str | None = None, region: str | None = None, clear: bool = False
    ) -> None:
        path = packaged("cgn_pytorch", "checkpoints/current.pth", command=COMMAND, path=weights)
        try:
            model = import_module("ivlm_policies.published.contact_graspnet._model")
        except ImportError as error:
            raise MissingDependencyError(
                f"Contact-GraspNet needs the package {error.name!r}: {COMMAND}"
            ) from error
        self._say = model.Model(path)
        self._clear = clear
        self._region = None if region is None else _grounder(region)

    def predict(self, observation: Observation, /) -> Interaction:
        """Return its grasps, best first; abstain where nothing stands on the table."""
        cloud_m = shown_cloud(observation.views)
        if len(cloud_m) == 0:
            return _nothing("no depth shows anything that stands on the table")
        said: Said = self._say(cloud_m)
        kept = on_things(said.contacts_m)
        if self._clear:
            kept &= clears_table(said, observation.gripper)
        if self._region is not None:
            told = self._region.predict(observation)
            if told.abstain or told.affordance_maps is None:
                return _nothing(told.abstain_reason or "the region's reasoner gives no map")
            maps = np.asarray(told.affordance_maps)
            kept &= on_map(said.contacts_m, observation.views, maps, least=IN_REGION)
        if not kept.any():
            return _nothing("no contact is where it may be touched")
        best = said.only(kept)
        grasps = ours(best, observation.gripper)
        return Interaction(
            label_prob={observation.query.interaction: 1.0},
            contact_points_m=best.contacts_m[:1],
            grasps=grasps,
            feasible_prob=grasps[0].prob,
        )


def _grounder(name: str) -> Reasoner:
    made = REASONERS.get(name).factory()
    if not isinstance(made, Reasoner):
        raise ConfigError(f"-P region={name} is shown the truth; name one that sees views alone.")
    return made


def in_region(*, region: str = "ivlm", weights: str | None = None) -> ContactGraspNet:
    """Return Contact-GraspNet where another reasoner tells to touch, clear of the table.

    ``region``: the reasoner whose maps tell it. ``weights``: another checkpoint (.pth).
    """
    return ContactGraspNet(weights=weights, region=region, clear=True)


def _nothing(reason: str) -> Interaction:
    return Interaction(abstain=True, abstain_reason=reason, feasible_prob=0.0)


REASONERS.register(
    "contact-graspnet",
    ReasonerEntry(
        ContactGraspNet,
        "Contact-GraspNet",
        licence="not stated (weights)",
        notes="grasps from depth alone; reads no words",
        install=COMMAND,
    ),
)
REASONERS.register(
    "contact-graspnet-in-region",
    ReasonerEntry(
        in_region,
        "Contact-GraspNet in ivlm's region",
        licence="not stated (weights)",
        notes="grasps from depth alone, where ivlm's maps tell to touch",
        install=COMMAND,
    ),
)
