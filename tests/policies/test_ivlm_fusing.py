from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from ivlm_bench.geometry.camera import project
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Query, View
from ivlm_policies.ivlm.fusing.features import FEATURES
from ivlm_policies.ivlm.fusing.looking import Looking
from ivlm_policies.ivlm.fusing.rays import agreeing, meeting_point
from ivlm_policies.ivlm.fusing.rules import RULES, spread
from ivlm_policies.ivlm.fusing.surface_fuser import SurfaceFuser
from ivlm_policies.ivlm.fusing.votes import read_map, sight, tolerance_m
from ivlm_policies.ivlm.grounding.channels import whole
from ivlm_policies.ivlm.stages import AtomicQuery, Field, Grounding, Phrase, Role
from ivlm_policies.ivlm.switches import Switches

ASKED = Query("grasp", "box", None, "Grasp the box.")
LEFT = Block((0.0, -0.10, 0.04), (0.05, 0.05, 0.08), rgb=(200, 40, 40))
RIGHT = Block((0.0, 0.10, 0.04), (0.05, 0.05, 0.08), rgb=(40, 40, 200))
SHOWN = table_observation((LEFT, RIGHT), ASKED)
VOTES = np.array([[0.9, 0.2], [0.5, 0.1], [0.1, 0.6]], np.float32)
SEEN = np.array([[1, 1], [1, 0], [1, 1]], np.float32)


@pytest.mark.parametrize(
    ("rule", "want"),
    [
        ("mean", [0.5, 0.4]),
        ("max", [0.9, 0.6]),
        ("noisy_or", [1 - 0.1 * 0.5 * 0.9, 1 - 0.8 * 0.4]),
        ("posonly", [0.7, 0.6]),
    ],
)
def test_rules_by_hand(rule: str, want: list[float]) -> None:
    assert RULES[rule](VOTES, SEEN) == pytest.approx(want, abs=1e-6)
    assert RULES[rule](VOTES, np.zeros_like(SEEN)) == pytest.approx([0.0, 0.0])


def test_spread_is_the_standard_deviation_of_those_who_see() -> None:
    want = [np.std([0.9, 0.5, 0.1]), np.std([0.2, 0.6])]
    assert spread(VOTES, SEEN > 0) == pytest.approx(want, abs=1e-6)


def test_a_view_sees_what_faces_it_and_not_what_is_behind() -> None:
    # The first camera looks from +x: it sees the near face of a box, not its far one.
    points = np.array([[0.025, -0.10, 0.04], [-0.025, -0.10, 0.04], [0.0, 5.0, 0.0]])
    normals = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    got = sight(SHOWN.views[0], points, normals, within_m=0.003)
    assert got.seen.tolist() == [True, False, False]
    pixels, _ = project(SHOWN.views[0].camera, points[:1])
    assert got.pixels[0] == pytest.approx(pixels[0])
    ray = SHOWN.views[0].camera.world_from_camera.position_m - points[0]
    assert got.cosine[0] == pytest.approx(ray[0] / np.linalg.norm(ray), abs=1e-6)


def test_tolerance_grows_with_the_thing_within_bounds() -> None:
    size = np.array([[0.0, 0.0, 0.0], [0.3, 0.4, 0.0]])
    assert tolerance_m(size) == pytest.approx(0.0075)
    assert tolerance_m(0.01 * size) == pytest.approx(0.003)
    assert tolerance_m(np.zeros((0, 3))) == pytest.approx(0.003)


def test_maps_are_read_between_pixels() -> None:
    ramp = np.arange(20, dtype=np.float32).reshape(4, 5)
    at = np.array([[1.5, 2.25], [-3.0, 0.0], [9.0, 9.0]])
    assert read_map(ramp, at) == pytest.approx([5 * 2.25 + 1.5, 0.0, 19.0])


def peak_maps(points_m: np.ndarray) -> np.ndarray:
    """Return one map a view with a single hot pixel, where the view sees its point."""
    maps = np.zeros((4, 224, 224), np.float32)
    for index, view in enumerate(SHOWN.views):
        x, y = np.rint(project(view.camera, points_m[index : index + 1])[0][0]).astype(int)
        maps[index, y, x] = 0.9
    return maps


def test_rays_meet_where_they_come_from() -> None:
    point = np.array([0.03, -0.05, 0.07])
    pixels = np.stack([project(v.camera, point[None])[0][0] for v in SHOWN.views])
    assert meeting_point(list(SHOWN.views), pixels) == pytest.approx(point, abs=1e-6)


def test_the_view_that_points_elsewhere_is_outvoted() -> None:
    same = np.tile([0.0, -0.10, 0.08], (4, 1))
    assert agreeing(SHOWN.views, peak_maps(same)).all()
    one_off = same.copy()
    one_off[2] = [0.0, 0.10, 0.08]
    assert agreeing(SHOWN.views, peak_maps(one_off)).tolist() == [True, True, False, True]
    assert agreeing(SHOWN.views[:2], peak_maps(one_off)[:2]).all(), "two can't outvote each other"


def grounding(maps: np.ndarray, role: Role = "contact", presence: float = 0.9) -> Grounding:
    sure = np.full(len(maps), presence, np.float32)
    crops = tuple(whole(view) for view in SHOWN.views)
    return Grounding(AtomicQuery(role, Phrase("grasp")), maps, sure, sure, crops)


def colour_maps(channel: int) -> np.ndarray:
    """Return the pixels that are rather red (0) or rather blue (2) than the rest."""
    rgb = np.stack([view.rgb.astype(int) for view in SHOWN.views])
    return (rgb[..., channel] > rgb[..., 2 - channel] + 20).astype(np.float32)


def fused(*evidence: Grounding, head: dict[str, np.ndarray] | None = None, **given: str) -> Field:
    switches = Switches(**{"fusion": "mean", **given})
    fuser = SurfaceFuser(
        Looking(guess=False), switches=switches, head=head or {}, temperatures={"heat": 2.0}
    )
    got = fuser.fuse(SHOWN.views, evidence)
    assert got is not None
    return got


def test_what_all_views_say_of_a_box_stands_on_that_box() -> None:
    field = fused(grounding(colour_maps(0)))
    on_left = field.points_m[:, 1] < 0
    assert field.prob["contact"][on_left].mean() > 0.95
    assert field.prob["contact"][~on_left].max() < 0.05
    assert 0.89 < field.presence < 0.91
    assert field.votes.shape == field.seen.shape == (4, len(field.points_m))
    again = fused(grounding(colour_maps(0)))
    assert (again.prob["contact"] == field.prob["contact"]).all()


def test_a_view_that_says_no_counts_but_for_the_rule_that_counts_positives_only() -> None:
    maps = colour_maps(0)
    maps[0] = 0.0
    top = np.array([0.0, 0.0, 1.0])
    for rule, low, high in (("mean", 0.70, 0.80), ("posonly", 0.95, 1.0), ("max", 0.95, 1.0)):
        field = fused(grounding(maps), fusion=rule, normals="off", confidence="off", rays="off")
        seen_by_all = field.seen.all(axis=0) & (field.normals @ top > 0.99)
        own = seen_by_all & (field.points_m[:, 1] < -0.08)
        assert own.sum() > 20
        assert low <= np.median(field.prob["contact"][own]) <= high


def test_points_of_another_thing_are_left_out_by_name() -> None:
    maps = np.ones((4, 224, 224), np.float32)
    field = fused(grounding(colour_maps(2), "object"), grounding(maps))
    away = field.rejected["another thing"]
    assert (away == (field.points_m[:, 1] < 0)).all()
    assert field.prob["contact"][away].max() == 0.0
    free = fused(grounding(colour_maps(2), "object"), grounding(maps), restrict="off")
    assert free.prob["contact"][away].min() > 0.5


def test_without_the_visibility_test_a_view_votes_on_what_it_cannot_see() -> None:
    maps = np.zeros((4, 224, 224), np.float32)
    strict = fused(grounding(maps))
    loose = fused(grounding(maps), visibility="off")
    assert loose.seen.sum() > 1.3 * strict.seen.sum()
    assert (loose.seen | ~strict.seen).all()


def test_the_learned_head_reads_the_logits_before_the_temperature() -> None:
    n = len(FEATURES)
    head: dict[str, np.ndarray] = {
        "centre": np.zeros(n, np.float32),
        "scale": np.ones(n, np.float32),
        "w1": np.zeros((n, 1), np.float32),
        "b1": np.zeros(1, np.float32),
        "w2": np.zeros(1, np.float32),
        "b2": np.zeros((), np.float32),
        "skip": np.ones((), np.float32),
    }
    maps = np.full((4, 224, 224), expit(1.5), np.float32)
    field = fused(grounding(maps), head=head, fusion="learned")
    assert field.prob["contact"] == pytest.approx(expit(2.0 * 1.5), abs=1e-4)


def test_no_surface_no_field() -> None:
    blind = tuple(View(v.camera, v.rgb) for v in SHOWN.views)
    fuser = SurfaceFuser(Looking(guess=False), switches=Switches(), head={}, temperatures={})
    assert fuser.fuse(blind, (grounding(colour_maps(0)),)) is None
    assert fuser.fuse(SHOWN.views, ()) is None


def test_an_empty_table_gives_an_empty_field() -> None:
    bare = table_observation((), ASKED).views
    maps = np.zeros((4, 224, 224), np.float32)
    switches = Switches(fusion="mean")
    fuser = SurfaceFuser(Looking(guess=False), switches=switches, head={}, temperatures={})
    field = fuser.fuse(bare, (grounding(maps, "object"), grounding(maps)))
    assert field is not None
    assert len(field.points_m) == len(field.prob["contact"]) == 0
