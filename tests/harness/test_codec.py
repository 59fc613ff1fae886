"""Answers as bytes: what is exact stays exact, what is reduced is reduced once."""

from __future__ import annotations

import contextlib
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ivlm_bench.codec import MAX_MAP_SIDE_PX, decode, encode, reduce_maps
from ivlm_bench.errors import InvalidAnswerError, StoreError
from ivlm_bench.types import Evidence, Grasp, Interaction, Motion, Pose

finite = st.floats(-1e3, 1e3, allow_nan=False)
probs = st.floats(0.0, 1.0)
vectors = hnp.arrays(np.float64, 3, elements=finite)


@st.composite
def units(draw: st.DrawFn, size: int) -> np.ndarray:
    vector = draw(hnp.arrays(np.float64, size, elements=st.floats(-1.0, 1.0)))
    norm = float(np.linalg.norm(vector))
    return vector / norm if norm > 1e-3 else np.eye(size)[0]


@st.composite
def poses(draw: st.DrawFn) -> Pose:
    return Pose(draw(vectors), draw(units(4)))


@st.composite
def motions(draw: st.DrawFn) -> Motion:
    kinds: list[Literal["translate", "rotate"]] = ["translate", "rotate"]
    kind = draw(st.sampled_from(kinds))
    axis = draw(vectors) if kind == "rotate" else None
    return Motion(draw(vectors), draw(units(3)), kind=kind, amount=draw(finite), axis_point_m=axis)


def maps(max_side: int = 70) -> st.SearchStrategy[np.ndarray]:
    sides = st.integers(1, max_side)
    return st.tuples(st.integers(1, 3), sides, sides).flatmap(
        lambda shape: hnp.arrays(np.float32, shape, elements=st.floats(0, 1, width=32))
    )


@st.composite
def answers(draw: st.DrawFn) -> Interaction:
    n = draw(st.integers(0, 4))
    grasps = st.builds(Grasp, poses(), width_m=finite, prob=probs)
    return Interaction(
        label_prob=draw(st.dictionaries(st.text(max_size=5), probs, max_size=3)),
        affordance_maps=draw(st.none() | maps()),
        functional_maps=draw(st.none() | maps(8)),
        points_px=draw(
            st.none() | hnp.arrays(np.float32, (n, 3), elements=st.floats(0, 99, width=32))
        ),
        vertex_prob=draw(st.none() | hnp.arrays(np.float32, 5, elements=st.floats(0, 1, width=32))),
        contact_points_m=draw(hnp.arrays(np.float64, (n, 3), elements=finite)),
        contact_prob=draw(
            st.none() | hnp.arrays(np.float32, n, elements=st.floats(0, 1, width=32))
        ),
        grasps=tuple(draw(st.lists(grasps, max_size=3))),
        motion=draw(st.none() | motions()),
        placement=draw(st.none() | poses()),
        feasible_prob=draw(probs),
        abstain=draw(st.booleans()),
        abstain_reason=draw(st.none() | st.text(max_size=9)),
        evidence=tuple(Evidence(t) for t in draw(st.lists(st.text(max_size=5), max_size=2))),
    )


@settings(max_examples=60, deadline=None)
@given(answers())
def test_a_decoded_answer_encodes_to_the_same_bytes(answer: Interaction) -> None:
    blob = encode(answer)
    assert encode(decode(blob)) == blob


@settings(max_examples=60, deadline=None)
@given(answers())
def test_poses_and_motions_keep_every_bit(answer: Interaction) -> None:
    back = decode(encode(answer))
    assert len(back.grasps) == len(answer.grasps)
    for ours, theirs in zip(back.grasps, answer.grasps, strict=True):
        same_pose(ours.world_from_gripper, theirs.world_from_gripper)
        assert (ours.width_m, ours.prob) == (theirs.width_m, theirs.prob)
    assert (back.motion is None) == (answer.motion is None)
    if answer.motion is not None and back.motion is not None:
        np.testing.assert_array_equal(back.motion.point_m, answer.motion.point_m)
        np.testing.assert_array_equal(back.motion.direction, answer.motion.direction)
        assert (back.motion.kind, back.motion.amount) == (answer.motion.kind, answer.motion.amount)
        assert (back.motion.axis_point_m is None) == (answer.motion.axis_point_m is None)
    assert (back.placement is None) == (answer.placement is None)
    if answer.placement is not None and back.placement is not None:
        same_pose(back.placement, answer.placement)


@settings(max_examples=60, deadline=None)
@given(answers())
def test_the_rest_keeps_its_stated_precision(answer: Interaction) -> None:
    back = decode(encode(answer))
    assert dict(back.label_prob) == dict(answer.label_prob)
    assert (back.feasible_prob, back.abstain) == (answer.feasible_prob, answer.abstain)
    assert back.abstain_reason == answer.abstain_reason
    assert [e.caption for e in back.evidence] == [e.caption for e in answer.evidence]
    np.testing.assert_array_equal(
        back.contact_points_m, answer.contact_points_m.astype(np.float32).astype(np.float64)
    )
    if answer.points_px is not None:
        np.testing.assert_array_equal(back.points_px, answer.points_px)
    if answer.vertex_prob is not None and back.vertex_prob is not None:
        np.testing.assert_allclose(back.vertex_prob, answer.vertex_prob, atol=0.5 / 255 + 1e-6)
    if answer.affordance_maps is not None and back.affordance_maps is not None:
        assert max(back.affordance_maps.shape[1:]) <= MAX_MAP_SIDE_PX
        wanted = reduce_maps(answer.affordance_maps)
        np.testing.assert_allclose(back.affordance_maps, wanted, atol=0.5 / 255 + 1e-6)


def same_pose(ours: Pose, theirs: Pose) -> None:
    np.testing.assert_array_equal(ours.position_m, theirs.position_m)
    np.testing.assert_array_equal(ours.quat_wxyz, theirs.quat_wxyz)


def test_areas_are_averaged_as_block_means() -> None:
    rng = np.random.default_rng(3)
    image = rng.uniform(size=(2, 224, 112)).astype(np.float32)
    blocks = image.reshape(2, 56, 4, 56, 2).astype(np.float64).mean(axis=(2, 4))
    np.testing.assert_allclose(reduce_maps(image), blocks, rtol=1e-12)


def test_areas_that_do_not_divide_keep_the_mean() -> None:
    image = np.random.default_rng(4).uniform(size=(1, 100, 75)).astype(np.float32)
    reduced = reduce_maps(image)
    assert reduced.shape == (1, 56, 56)
    assert reduced.mean() == pytest.approx(float(image.astype(np.float64).mean()), rel=1e-12)
    # The first target row covers rows 0 and 11/14 of row 1 (100 / 56 = 1.7857...).
    rows = image[0].astype(np.float64)
    first = (rows[0] + (100 / 56 - 1) * rows[1]) / (100 / 56)
    np.testing.assert_allclose(first[:1], [first[0]], rtol=0)
    cells = (first[0] + (75 / 56 - 1) * first[1]) / (75 / 56)
    assert reduced[0, 0, 0] == pytest.approx(cells, rel=1e-12)


def test_images_of_evidence_are_not_stored() -> None:
    shown = Interaction(evidence=(Evidence("why", np.zeros((300, 300, 3), np.uint8)),))
    blob = encode(shown)
    assert len(blob) < 1000
    assert decode(blob).evidence[0].image is None


def test_four_maps_and_a_grasp_stay_within_the_budget_of_a_submission() -> None:
    maps_ = np.random.default_rng(0).uniform(size=(4, 224, 224)).astype(np.float32)
    grasp = Grasp(Pose.identity(), width_m=0.05)
    assert len(encode(Interaction(affordance_maps=maps_, grasps=(grasp,) * 10))) < 16_000


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_damaged_bytes_are_one_sentence(cut: int) -> None:
    blob = encode(Interaction(grasps=(Grasp(Pose.identity(), width_m=0.05),)))
    with pytest.raises(StoreError, match="damaged"):
        decode(blob[:cut])


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_flipped_bytes_never_end_in_another_error(place: int, change: int) -> None:
    blob = bytearray(encode(Interaction(motion=Motion(np.ones(3), np.eye(3)[0]))))
    blob[place % len(blob)] ^= change
    with contextlib.suppress(StoreError):
        decode(bytes(blob))


def test_a_flood_is_refused() -> None:
    with pytest.raises(InvalidAnswerError, match="at most 1048576"):
        encode(Interaction(contact_points_m=np.zeros((200_000, 3))))


@pytest.mark.parametrize(
    "answer",
    [
        Interaction(label_prob={3: 0.5}),  # type: ignore[dict-item]
        Interaction(abstain_reason=7),  # type: ignore[arg-type]
        Interaction(abstain_reason="\ud800"),
        Interaction(evidence=("because",)),  # type: ignore[arg-type]
        Interaction(placement="there"),  # type: ignore[arg-type]
    ],
)
def test_wrong_kinds_are_invalid_answers(answer: Interaction) -> None:
    with pytest.raises(InvalidAnswerError):
        encode(answer)


@pytest.mark.parametrize("x_m", [1e300, -3.5e38])  # the largest float32 is 3.4028e38
def test_a_coordinate_that_float32_cannot_hold_is_too_large(x_m: float) -> None:
    answer = Interaction(contact_points_m=np.array([[0.0, x_m, 0.0]]))
    with pytest.raises(InvalidAnswerError, match=r"coordinate (1e\+300|3.5e\+38), .* too large"):
        encode(answer)
    kept = Interaction(contact_points_m=np.array([[0.0, 3.4e38, 0.0]]))
    assert decode(encode(kept)).contact_points_m[0, 1] == np.float32(3.4e38)


def test_a_huge_direction_is_an_invalid_answer() -> None:
    with pytest.raises(InvalidAnswerError, match="norm inf"):
        Motion(np.zeros(3), np.array([1e300, 0.0, 0.0]))
