from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from ivlm_bench.geometry.cloud import Cloud
from ivlm_bench.geometry.seen import see
from ivlm_bench.testing.analytic import Block, Column, table_observation
from ivlm_bench.types import Interaction, Mesh, Motion, Observation, Query
from ivlm_policies.ivlm.fusing.looking import Looking
from ivlm_policies.ivlm.grounding.channels import whole
from ivlm_policies.ivlm.proposing.evidence import overlay
from ivlm_policies.ivlm.proposing.holding import is_barred
from ivlm_policies.ivlm.proposing.placements import is_steep
from ivlm_policies.ivlm.proposing.proposer import SurfaceProposer
from ivlm_policies.ivlm.proposing.region import Region, region_of, sharpened
from ivlm_policies.ivlm.proposing.turning import gain_of
from ivlm_policies.ivlm.stages import AtomicQuery, Field, Grounding, Phrase, Plan
from ivlm_policies.ivlm.switches import Switches

CUP = Column((0.0, 0.0, 0.05), 0.035, 0.10)
HANDLE = Block((0.055, 0.0, 0.05), (0.05, 0.010, 0.06))
PLATE = Block((0.0, 0.0, 0.08), (0.02, 0.16, 0.16))
MOTIONS = {label: label for label in ("grasp", "press", "turn", "place", "lift")} | {"open": "pull"}


def plan_for(label: str, sense: str = "") -> Plan:
    phrase = Phrase(label, "mug", "handle", sense=sense)
    query = AtomicQuery("contact", phrase)
    return Plan(label + ".v1", label, phrase, (query,), MOTIONS[label])  # type: ignore[arg-type]


def field_of(observation: Observation, inside: Mapping[str, Block]) -> Field:
    """Return a field that is sure within one block a role, and sure not outside of it."""
    cloud = see(observation.views).cloud
    prob = {}
    for role, block in inside.items():
        away = np.abs(cloud.points_m - np.array(block.centre_m))
        held = (away <= 0.5 * np.array(block.size_m) + 1e-3).all(axis=1)
        prob[role] = held.astype(np.float32)
    n, v = len(cloud.points_m), len(observation.views)
    return Field(
        cloud.points_m,
        cloud.normals,
        prob,
        np.zeros(n, np.float32),
        np.ones((v, n), np.float32),
        np.ones((v, n), bool),
        presence=0.9,
        feasible=0.9,
    )


def evidence(
    observation: Observation, plan: Plan, *, presence: float = 0.9, feasible: float = 0.9
) -> tuple[Grounding, ...]:
    v = len(observation.views)
    maps = np.full((v, *observation.views[0].rgb.shape[:2]), 0.5, np.float32)
    there, can = np.full(v, presence, np.float32), np.full(v, feasible, np.float32)
    crops = tuple(whole(view) for view in observation.views)
    return (Grounding(plan.queries[0], maps, there, can, crops),)


def propose(
    shapes: tuple[Block | Column, ...],
    label: str,
    inside: Mapping[str, Block],
    *,
    sense: str = "",
    presence: float = 0.9,
    feasible: float = 0.9,
    mesh: Mesh | None = None,
    **given: str,
) -> Interaction:
    asked = Query(label, "mug", "handle", "")
    shown = table_observation(shapes, asked)
    if mesh is not None:
        shown = Observation(shown.views, asked, shown.gripper, shown.gravity_m_s2, mesh)
    plan = plan_for(label, sense)
    proposer = SurfaceProposer(Looking(guess=False), switches=Switches(**given), thresholds={})
    found = evidence(shown, plan, presence=presence, feasible=feasible)
    return proposer.propose(shown, plan, found, field_of(shown, inside))


@pytest.mark.parametrize("ranking", ["search", "evidence"])
def test_the_wished_part_is_grasped_across(ranking: str) -> None:
    got = propose((CUP, HANDLE), "grasp", {"contact": HANDLE}, ranking=ranking)
    assert len(got.grasps) >= 3
    pose = got.grasps[0].world_from_gripper
    assert pose.position_m[0] > 0.045
    assert abs(pose.rotation[1, 0]) > 0.9, "closes along y, across the handle"
    assert got.contact_points_m[:, 0].min() > 0.03
    assert got.contact_prob is not None
    assert len(got.contact_prob) == len(got.contact_points_m)
    assert [g.prob for g in got.grasps] == sorted((g.prob for g in got.grasps), reverse=True)


@pytest.mark.parametrize("role", ["avoid", "function"])
def test_what_must_not_be_touched_is_no_contact(role: str) -> None:
    everything = Block((0.02, 0.0, 0.05), (0.2, 0.2, 0.2))
    got = propose((CUP, HANDLE), "grasp", {"contact": everything, role: HANDLE})
    assert not got.abstain
    on_handle = (got.contact_points_m[:, 0] > 0.04) & (abs(got.contact_points_m[:, 1]) < 0.006)
    assert not on_handle.any()
    assert got.grasps[0].world_from_gripper.position_m[0] < 0.045


def test_what_is_too_wide_is_abstained_from_with_the_reason() -> None:
    wide = Block((0.0, 0.0, 0.06), (0.12, 0.12, 0.12))
    got = propose((wide,), "grasp", {"contact": wide})
    assert got.abstain
    assert got.abstain_reason is not None
    assert "fits" in got.abstain_reason
    assert not propose((wide,), "grasp", {"contact": wide}, abstention="off").abstain


@pytest.mark.parametrize(
    ("given", "words"), [({"presence": 0.2}, "no handle is seen"), ({"feasible": 0.2}, "can be")]
)
def test_doubt_is_said_with_its_reason(given: dict[str, float], words: str) -> None:
    got = propose((CUP, HANDLE), "grasp", {"contact": HANDLE}, **given)  # type: ignore[arg-type]
    assert got.abstain
    assert got.abstain_reason is not None
    assert words in got.abstain_reason
    assert got.feasible_prob == pytest.approx(0.9 * 0.2, abs=1e-3)
    assert got.affordance_maps is not None, "what was seen is shown all the same"
    bold = propose((CUP, HANDLE), "grasp", {"contact": HANDLE}, abstention="off", **given)  # type: ignore[arg-type]
    assert not bold.abstain
    assert bold.grasps


def test_a_sentence_that_is_not_understood_says_so() -> None:
    shown = table_observation((CUP,), Query("grasp", "mug", None, "Flumph the mug."))
    plan = Plan("none.v1", "grasp", Phrase("grasp"), (), "none", abstain_reason="no such verb")
    proposer = SurfaceProposer(Looking(guess=False), switches=Switches(), thresholds={})
    got = proposer.propose(shown, plan, (), None)
    assert got.abstain
    assert got.abstain_reason == "no such verb"
    assert got.feasible_prob < 0.1


def test_a_cap_is_pressed_straight_in_and_a_bar_pulled_straight_out() -> None:
    cap = Block((0.013, 0.03, 0.10), (0.010, 0.03, 0.03))
    pressed = propose((PLATE, cap), "press", {"contact": cap}).motion
    pulled = propose((PLATE, cap), "open", {"contact": cap}).motion
    assert pressed is not None
    assert pulled is not None
    assert pressed.point_m == pytest.approx([0.018, 0.03, 0.10], abs=0.012)
    assert pressed.direction == pytest.approx([-1.0, 0.0, 0.0], abs=0.03)
    assert pulled.direction == pytest.approx([1.0, 0.0, 0.0], abs=0.03)


@pytest.mark.parametrize(("sense", "sign"), [("clockwise", -1.0), ("anticlockwise", 1.0)])
@pytest.mark.parametrize("end", [-1.0, 1.0])
def test_a_lever_turns_as_asked_about_its_far_end(sense: str, sign: float, end: float) -> None:
    # The arm reaches from its hub at y = -end * 0.04 to its tip; it stands off a plate that faces
    # +x, and its tip half is hot. A round post joins hub and plate.
    arm = Block((0.045, 0.0, 0.09), (0.010, 0.09, 0.012))
    post = Block((0.025, -end * 0.04, 0.09), (0.032, 0.012, 0.012))
    tip = Block((0.045, end * 0.025, 0.09), (0.012, 0.042, 0.014))
    motion = propose((PLATE, arm, post), "turn", {"contact": tip}, sense=sense).motion
    assert motion is not None
    torque = np.cross(motion.point_m - np.array(post.centre_m), motion.direction)
    assert sign * torque[0] > 0.04, "about +x, towards who looks at it"


@pytest.mark.parametrize(
    ("sense", "want"),
    [("clockwise", 0.05), ("anticlockwise", -0.05), ("down", 0.05), ("up", -0.05), ("", 0.05)],
)
def test_gain_by_hand(sense: str, want: float) -> None:
    # Seen against +x, y points right: pushing down at the right end turns clockwise.
    x, down = np.eye(3)[0], np.array([0.0, 0.0, -1.0])
    arm = np.array([0.0, 0.05, 0.0])
    assert gain_of(arm, down, x, sense=sense) == pytest.approx(want)
    assert gain_of(arm, down, x, sense="left") == pytest.approx(0.0)


def test_the_thing_at_hand_is_set_down_on_the_wished_block() -> None:
    block = Block((0.0, 0.12, 0.03), (0.10, 0.10, 0.06))
    half = 0.02
    corners = np.array([[x, y, z] for x in (-half, half) for y in (-half, half) for z in (0, 0.05)])
    corners = corners + np.array([0.0, -0.12, 0.0])
    hull = np.array([[0, 1, 2], [2, 1, 3]], np.int32)
    got = propose((block,), "place", {"contact": block}, mesh=Mesh(corners, hull))
    assert got.placement is not None
    moved = got.placement.apply(corners)
    assert moved[:, 2].min() == pytest.approx(0.06, abs=0.004)
    assert moved[:, :2].mean(axis=0) == pytest.approx([0.0, 0.12], abs=0.035)


@pytest.mark.parametrize(("slope_deg", "steep"), [(0.0, False), (12.0, False), (30.0, True)])
def test_what_is_steep_is_no_place_to_stand(slope_deg: float, steep: bool) -> None:
    tilt = np.deg2rad(slope_deg)
    n = 50
    normals = np.tile([np.sin(tilt), 0.0, np.cos(tilt)], (n, 1))
    cloud = Cloud(np.zeros((n, 3)), normals, np.zeros((n, 3)), np.zeros((n, 3), np.int64))
    region = Region(np.ones(n, np.float32), np.zeros((1, 3)), np.ones(1, np.float32))
    assert is_steep(cloud, region) is steep


def test_nothing_on_the_table_is_abstained_from() -> None:
    got = propose((), "grasp", {"contact": HANDLE})
    assert got.abstain
    assert got.abstain_reason == "nothing is seen above the table"


def test_the_region_is_what_is_strong_and_its_peak_comes_first() -> None:
    shown = table_observation((CUP, HANDLE), Query("grasp", "mug", "handle", ""))
    region = region_of(field_of(shown, {"contact": HANDLE}))
    assert region is not None
    assert region.contacts_m[0] == pytest.approx(HANDLE.centre_m, abs=0.035)
    assert region_of(field_of(shown, {"contact": Block((9.0, 9.0, 9.0), (0.1, 0.1, 0.1))})) is None


def test_sharpened_wishes_reach_from_nothing_to_all() -> None:
    got = sharpened(np.array([0.0, 0.2, 0.35 * 0.8, 0.54, 0.8], np.float32))
    assert got == pytest.approx([0.0, 0.0, 0.0, 0.5, 1.0], abs=1e-3)
    assert sharpened(np.zeros(3, np.float32)) == pytest.approx(0.0)


def test_heat_is_drawn_red_over_the_views_side_by_side() -> None:
    shown = table_observation((CUP,), Query("grasp", "mug", None, ""), n_views=2)
    maps = np.zeros((2, 224, 224), np.float32)
    maps[1, 100:120, 100:120] = 1.0
    picture = overlay(shown.views, maps)
    assert picture.shape == (112, 224, 3)
    assert (picture[:, :112] == shown.views[0].rgb[::2, ::2]).all()
    assert (picture[50:60, 162:172, 0] > 190).all()
    assert (picture[50:60, 162:172, 2] < 80).all()


@pytest.mark.parametrize(
    ("seen", "held"), [((0.02, 0.99, 0.9, 0.01), True), ((0.02, 0.6, 0.1, 0.01), False)]
)
def test_a_strap_that_two_views_are_sure_of_keeps_a_lid_from_moving(
    seen: tuple[float, ...], held: bool
) -> None:
    shown = table_observation((CUP, HANDLE), Query("lift", "box", None, ""))
    plan = plan_for("lift")
    strap = AtomicQuery("obstacle", Phrase("find", "box", "strap"))
    first = evidence(shown, plan)[0]
    there = np.array(seen, np.float32)
    found = (first, Grounding(strap, first.maps, there, first.feasible, first.crops))
    field = field_of(shown, {"contact": HANDLE})
    proposer = SurfaceProposer(Looking(guess=False), switches=Switches(), thresholds={})
    got = proposer.propose(shown, plan, found, field)
    assert got.abstain is held
    if held:
        assert got.abstain_reason == "a strap keeps the handle from moving"
    # Both best views together: the logits' mean, 3.40 of .99 and .9, -0.90 of .6 and .1.
    there_prob = {True: 0.968, False: 0.290}[held]
    assert got.feasible_prob == pytest.approx(0.9 * 0.9 * (1.0 - there_prob), abs=0.002)


FRONT = Block((0.0, 0.0, 0.15), (0.10, 0.24, 0.28))
PULL = Block((0.065, 0.0, 0.15), (0.03, 0.08, 0.012))
#: Two upright bars, 8 mm before the front, well beside the handle.
BARS = tuple(Block((0.063, y, 0.15), (0.010, 0.014, 0.26)) for y in (-0.08, 0.08))


@pytest.mark.parametrize(("bars", "barred"), [((), False), (BARS, True)])
def test_what_stands_before_a_front_and_is_no_handle_bars_it(
    bars: tuple[Block, ...], barred: bool
) -> None:
    shown = table_observation((FRONT, PULL, *bars), Query("open", "cabinet", None, ""))
    field = field_of(shown, {"contact": PULL})
    nothing = np.zeros(len(field.points_m), np.float32)
    prob = {**field.prob, "obstacle": nothing}
    looked = replace(field, prob=prob, alike=field.prob["contact"])
    region = region_of(looked)
    assert region is not None
    cloud = see(shown.views).cloud
    motion = Motion(np.array([0.08, 0.0, 0.15]), np.array([1.0, 0.0, 0.0]))
    assert is_barred(cloud, region, looked, motion) is barred


@pytest.mark.parametrize(("handle_prob", "barred"), [(0.05, True), (0.99, False)])
def test_what_is_rather_a_bar_than_a_handle_bars_it(handle_prob: float, barred: bool) -> None:
    shown = table_observation((FRONT, PULL), Query("open", "cabinet", None, ""))
    field = field_of(shown, {"contact": PULL})
    everywhere = np.full(len(field.points_m), 0.9, np.float32)
    alike = np.full(len(field.points_m), handle_prob, np.float32)
    looked = replace(field, prob={**field.prob, "obstacle": everywhere}, alike=alike)
    region = region_of(looked)
    assert region is not None
    motion = Motion(np.array([0.08, 0.0, 0.15]), np.array([1.0, 0.0, 0.0]))
    assert is_barred(see(shown.views).cloud, region, looked, motion) is barred
