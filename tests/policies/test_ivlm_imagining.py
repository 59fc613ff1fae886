"""Grasps re-ranked in imagination: what is reconstructed of what is seen, and what comes first."""

from __future__ import annotations

import numpy as np
import pytest

from ivlm_bench.errors import ConfigError
from ivlm_bench.geometry.seen import Seen, see
from ivlm_bench.harness.imagination import LocalImagination
from ivlm_bench.harness.offering import with_imagination
from ivlm_bench.protocols import ImaginedGrasp, Reconstruction
from ivlm_bench.reasoners import resolve_reasoner
from ivlm_bench.registry import load_plugins
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Grasp, GripperSpec, Pose, Query
from ivlm_policies.ivlm.proposing.imagining import Imagining, guessed_mass_kg, reconstruction
from ivlm_policies.ivlm.proposing.region import Region
from ivlm_policies.ivlm.switches import Switches

DOWN = np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]])
BRICK = Block((0.0, 0.0, 0.05), (0.04, 0.06, 0.10))
OTHER = Block((0.10, 0.0, 0.04), (0.03, 0.03, 0.08))


def from_above(x_m: float, y_m: float, z_m: float) -> Grasp:
    return Grasp(Pose.from_rotation(DOWN, np.array([x_m, y_m, z_m])), 0.05)


BESIDE, MIDDLE, INSIDE, EDGE = (
    from_above(0.0, 0.07, 0.08),
    from_above(0.0, 0.0, 0.08),
    from_above(0.02, 0.0, 0.08),
    from_above(0.0, 0.0365, 0.09),  # the pads, 20 mm broad, hold 3.5 mm of the brick
)


def shown(*blocks: Block, at: Block = BRICK) -> tuple[Seen, Region]:
    """What four views show of blocks, and a wish for one of them."""
    seen = see(table_observation(blocks, Query("grasp", "brick", None, "")).views)
    half = 0.5 * np.array(at.size_m) + 0.004
    within = np.abs(seen.cloud.points_m - np.array(at.centre_m)) <= half
    wish = np.asarray(within.all(axis=1), np.float32)
    strong = seen.cloud.points_m[wish > 0.0]
    return seen, Region(wish, strong, np.ones(len(strong), np.float32))


def bounds_m(pieces: tuple[np.ndarray, ...]) -> np.ndarray:
    points = np.concatenate(pieces)
    return np.stack([points.min(axis=0), points.max(axis=0)])


def test_the_reconstruction_is_the_wished_thing_and_the_others_stand_beside() -> None:
    solid = reconstruction(*shown(BRICK, OTHER))
    assert solid is not None
    assert bounds_m(solid.pieces_m)[0] == pytest.approx([-0.02, -0.03, 0.0], abs=0.004)
    assert bounds_m(solid.pieces_m)[1] == pytest.approx([0.02, 0.03, 0.10], abs=0.004)
    assert bounds_m(solid.others_m)[0] == pytest.approx([0.085, -0.015, 0.0], abs=0.004)
    swapped = reconstruction(*shown(BRICK, OTHER, at=OTHER))
    assert swapped is not None
    assert bounds_m(swapped.pieces_m) == pytest.approx(bounds_m(solid.others_m), abs=0.004)


def test_a_thing_of_known_size_is_guessed_to_weigh_half_its_bounds() -> None:
    box_m = np.array([[x, y, z] for x in (0, 0.1) for y in (0, 0.1) for z in (0, 0.1)])
    assert guessed_mass_kg(Reconstruction((box_m,))) == pytest.approx(0.25)
    assert guessed_mass_kg(Reconstruction((0.1 * box_m,))) == pytest.approx(0.03)
    assert guessed_mass_kg(Reconstruction((10.0 * box_m,))) == pytest.approx(1.0)


def test_what_holds_in_imagination_comes_first() -> None:
    imagining = Imagining()
    imagining.take(LocalImagination())
    given = (BESIDE, INSIDE, EDGE, MIDDLE)
    got = imagining.ranked(given, *shown(BRICK), GripperSpec())
    assert got[0] is MIDDLE
    assert got[-2:] == (BESIDE, INSIDE), "what failed keeps its order, behind"
    assert imagining.ranked(got, *shown(BRICK), GripperSpec()) == got


def test_without_a_service_or_grasps_nothing_changes() -> None:
    given = (BESIDE, MIDDLE)
    assert Imagining().ranked(given, *shown(BRICK), GripperSpec()) is given
    imagining = Imagining()
    imagining.take(LocalImagination())
    assert imagining.ranked((), *shown(BRICK), GripperSpec()) == ()


class Counts:
    """Everything holds; counts tries."""

    n_tries = 0

    def try_grasps(
        self, solid: Reconstruction, grasps: tuple[Grasp, ...], *, n_perturbed: int = 0, **_: float
    ) -> tuple[ImaginedGrasp, ...]:
        self.n_tries += len(grasps) * (1 + n_perturbed)
        return tuple(ImaginedGrasp("SUCCESS", 1.0) for _ in grasps)


def test_no_more_than_twenty_tries_are_made_and_ties_keep_the_order() -> None:
    imagining, service = Imagining(), Counts()
    imagining.take(service)
    given = tuple(from_above(0.0, 0.001 * i, 0.08) for i in range(12))
    assert imagining.ranked(given, *shown(BRICK), GripperSpec()) == given
    assert service.n_tries == 8 + 3 * 4


def test_the_switch_declares_it() -> None:
    load_plugins()
    still, _ = resolve_reasoner("ivlm", {})
    dreaming, _ = resolve_reasoner("ivlm", {"imagine": "true"})
    assert with_imagination(still) == ""
    assert with_imagination(dreaming)
    with pytest.raises(ConfigError, match="imagine=maybe is no setting"):
        Switches(imagine="maybe")
