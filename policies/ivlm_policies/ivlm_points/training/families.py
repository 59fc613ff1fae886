"""Groups of object families that a net is trained on one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ivlm_bench.learning.trainers import Progress
from ivlm_bench.learning.transfer import TRANSFERS, Matrix, TransferOrder
from ivlm_policies.ivlm.training.pictures import Asked, Pictures
from ivlm_policies.ivlm_points.training.trainer import need_torch

#: Categories of each group, by what is done with them. ``assemblies`` are put together at random
#: from the kinds of parts that the others have.
GROUPS: dict[str, tuple[str, ...]] = {
    "handles": (
        *("mug", "pan", "hammer", "knife", "cup", "bowl"),
        *("bare_pan", "bare_hammer_head", "bare_blade"),
    ),
    "bottles": ("bottle", "bare_bottle"),
    "lids": ("lid_box", "strapped_lid_box"),
    "fronts": ("cabinet", "door_cabinet", "barred_cabinet", "barred_door_cabinet"),
    "controls": ("panel", "knob", "lever", "pinned_knob", "pinned_lever"),
    "assemblies": ("assembly",),
}
#: Name of the row that is trained on all of them, for as long.
ALL = "all"


class PointsTransfer:
    """Trains the network of ``ivlm-points`` group by group."""

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Families of each group, by its name."""
        return {**GROUPS, ALL: tuple(name for group in GROUPS.values() for name in group)}

    def __call__(self, order: TransferOrder, progress: Progress, /) -> Matrix:
        """Return the matrix; ``MissingDependencyError`` where torch or onnx is missing."""
        need_torch()
        from ivlm_policies.ivlm_points.training import _transfer

        return _transfer.run(order, self.groups, progress)


def category_of(pictures: Pictures, asked: Asked) -> str:
    """Return the category of the thing that a question is about; empty if it is about none."""
    if not asked.target_surfaces:
        return ""
    return pictures.scenes[asked.scene].surfaces[asked.target_surfaces[0]].category


def only(pictures: Pictures, families: tuple[str, ...]) -> Pictures:
    """Return pictures with the questions alone that are about things of some families."""
    kept = tuple(q for q in pictures.questions if category_of(pictures, q) in families)
    changes: dict[str, Any] = {"questions": kept}
    return replace(pictures, **changes)


TRANSFERS.register("ivlm-points", PointsTransfer())
