"""Arrays as openpi writes them; observations and answers as plain values, there and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ivlm_bench.codec import encode, encode_observation
from ivlm_bench.codec.ndarrays import WireError, from_json, pack, to_json, unpack
from ivlm_bench.codec.plain import (
    interaction_from_plain,
    observation_from_plain,
    plain_interaction,
    plain_observation,
)
from ivlm_bench.errors import ConfigError, InvalidAnswerError
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Evidence, Grasp, Interaction, Mesh, Motion, Observation, Pose, Query
from ivlm_bench.types import Signal as Stream

FORMS = [(pack, unpack), (to_json, from_json)]

#: Written by ``openpi_client.msgpack_numpy.packb`` (openpi-client 0.1.2, msgpack 1.2).
OPENPI_MIXED = bytes.fromhex(
    "83a17884c40b5f5f6e6461727261795f5fc3c40464617461c40401020304c4056474797065a37c7531c405736861"
    "7065920202a17383c40d5f5f6e7067656e657269635f5fc3c40464617461cb3fe0000000000000c4056474797065"
    "a33c6634a16ec0"
)
OPENPI_ACTIONS = bytes.fromhex(
    "81a7616374696f6e7384c40b5f5f6e6461727261795f5fc3c40464617461c410000000000000e03f000000000000"
    "f0bfc4056474797065a33c6638c40573686170659102"
)


def test_what_openpi_packs_is_read() -> None:
    read = unpack(OPENPI_MIXED)
    assert np.array_equal(read["x"], np.array([[1, 2], [3, 4]], np.uint8))
    assert read["x"].dtype == np.uint8
    assert (read["s"], read["n"]) == (0.5, None)


def test_what_we_pack_is_what_openpi_packs() -> None:
    assert pack({"actions": np.array([0.5, -1.0])}) == OPENPI_ACTIONS
    mixed = {"x": np.array([[1, 2], [3, 4]], np.uint8), "s": np.float32(0.5), "n": None}
    assert pack(mixed) == OPENPI_MIXED


@pytest.mark.parametrize(("write", "read"), FORMS)
@given(
    array=hnp.arrays(
        st.sampled_from([np.dtype(text) for text in ("?", "u1", "<i4", "<f4", "<f8", ">f8")]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    )
)
def test_arrays_come_back_bit_by_bit(
    write: Callable[[Any], bytes], read: Callable[[bytes], Any], array: np.ndarray
) -> None:
    back = read(write({"deep": [array, {"name": "x"}]}))["deep"][0]
    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, array.shape, array.tobytes())


@pytest.mark.parametrize("value", [np.array([None]), np.array([1j]), object()])
@pytest.mark.parametrize("write", [pack, to_json])
def test_what_is_no_number_is_not_sent(write: Callable[[Any], bytes], value: object) -> None:
    with pytest.raises(WireError):
        write({"x": value})


def described(**changes: Any) -> dict[str, Any]:
    return {"__ndarray__": True, "data": b"\0" * 8, "dtype": "<f8", "shape": [1]} | changes


@pytest.mark.parametrize(
    "array",
    [
        described(dtype="O"),
        described(dtype="V8"),
        described(dtype="no dtype"),
        described(dtype=["<f8", "<f8"]),
        described(shape=[2]),
        described(shape=[-1]),
        described(shape=[1 << 40, 1 << 40]),
        described(shape=8),
        described(data="not base64!"),
        described(data=None),
        {"__ndarray__": True},
        {"__npgeneric__": True, "data": "x", "dtype": "<f8"},
    ],
)
def test_a_described_array_that_is_none_is_refused(array: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        unpack(pack({"x": array}))


@pytest.mark.parametrize("blob", [b"", b"\xc1", b"\xdf\xff\xff\xff\xff", b"<html>", b"\x91" * 9999])
@pytest.mark.parametrize("read", [unpack, from_json])
def test_garbage_is_refused(read: Callable[[bytes], Any], blob: bytes) -> None:
    with pytest.raises(WireError):
        read(blob)


def full_observation() -> Observation:
    shown = table_observation(
        (Block((0.0, 0.0, 0.05), (0.05, 0.05, 0.1)),), Query("place", "box", None, "Put it there.")
    )
    mesh = Mesh(np.eye(3) / 3.0, np.array([[0, 1, 2]], np.int32))
    return Observation(
        shown.views,
        shown.query,
        shown.gripper,
        shown.gravity_m_s2,
        mesh,
        {"touch": Stream(np.array([[0.1, 0.2]]), 50.0)},
    )


def full_answer() -> Interaction:
    pose = Pose(np.array([0.1, 1 / 3, -0.7]), np.array([0.5, -0.5, 0.5, 0.5]))
    return Interaction(
        label_prob={"grasp": 0.75},
        affordance_maps=np.linspace(0, 1, 24, dtype=np.float32).reshape(2, 3, 4),
        functional_maps=np.zeros((2, 3, 4), np.float32),
        points_px=np.array([[0, 1.5, 2.25]], np.float32),
        vertex_prob=np.array([0.1, 0.9], np.float32),
        contact_points_m=np.array([[1 / 7, 0.0, -1e-9]]),
        contact_prob=np.array([0.3], np.float32),
        grasps=(Grasp(pose, 0.04, 0.6), Grasp(pose, 0.05)),
        motion=Motion(np.ones(3), np.array([0.0, 0.6, 0.8]), "rotate", -0.2, np.zeros(3)),
        placement=pose,
        feasible_prob=1 / 3,
        abstain=True,
        abstain_reason="no room",
        evidence=(Evidence("saw it"),),
    )


@pytest.mark.parametrize(("write", "read"), FORMS)
def test_an_observation_comes_back_bit_by_bit(
    write: Callable[[Any], bytes], read: Callable[[bytes], Any]
) -> None:
    shown = full_observation()
    back = observation_from_plain(read(write(plain_observation(shown))))
    assert encode_observation(back) == encode_observation(shown)
    assert plain_observation(shown)["prompt"] == "Put it there."


@pytest.mark.parametrize(("write", "read"), FORMS)
@pytest.mark.parametrize("answer", [full_answer(), Interaction()], ids=["full", "empty"])
def test_an_answer_comes_back_bit_by_bit(
    write: Callable[[Any], bytes], read: Callable[[bytes], Any], answer: Interaction
) -> None:
    back = interaction_from_plain(read(write(plain_interaction(answer))))
    assert encode(back, fine=True) == encode(answer, fine=True)
    assert back.contact_points_m.tobytes() == answer.contact_points_m.tobytes()
    assert [one.caption for one in back.evidence] == [one.caption for one in answer.evidence]


def test_an_answer_may_be_written_by_hand() -> None:
    # A quarter turn about z: x closes along world y.
    matrix = [[0, -1, 0, 0.1], [1, 0, 0, 0.2], [0, 0, 1, 0.3], [0, 0, 0, 1]]
    answer = interaction_from_plain(
        {
            "grasps": [{"world_from_gripper": matrix, "width_m": 0.05}],
            "points_px": [[0, 12, 30]],
            "contact_points_m": [],
            "server_timing": {"infer_ms": 3.0},
            "motion": None,
        }
    )
    grasp = answer.grasps[0].world_from_gripper
    assert grasp.turn(np.array([1.0, 0.0, 0.0])) == pytest.approx([0.0, 1.0, 0.0])
    assert grasp.position_m.tolist() == [0.1, 0.2, 0.3]
    assert answer.points_px is not None
    assert answer.points_px.tolist() == [[0.0, 12.0, 30.0]]
    assert answer.contact_points_m.shape == (0, 3)


MIRRORED = np.diag([1.0, 1.0, -1.0, 1.0])
SCALED = np.diag([1000.0, 1000.0, 1000.0, 1.0])
TRANSPOSED = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0.1, 0.2, 0.3, 1.0]])


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ([1, 2], "is a list"),
        ("yes", "is a str"),
        ({"grasp": []}, "Did you mean 'grasps'"),
        ({"actions": np.zeros((8, 7))}, "has a field 'actions'"),
        ({"grasps": [{"width_m": 0.05}]}, "lacks the key 'world_from_gripper'"),
        ({"grasps": [{"world_from_gripper": np.eye(3), "width_m": 0.05}]}, "shape (3, 3)"),
        ({"grasps": [{"world_from_gripper": MIRRORED, "width_m": 0.05}]}, "no rotation"),
        ({"grasps": [{"world_from_gripper": SCALED, "width_m": 0.05}]}, "no rotation"),
        ({"grasps": [{"world_from_gripper": TRANSPOSED, "width_m": 0.05}]}, "last row"),
        ({"grasps": [{"world_from_gripper": np.eye(4) * np.nan, "width_m": 0.1}]}, "no rotation"),
        ({"grasps": [{"world_from_gripper": np.eye(4), "width_m": np.nan}]}, "width_m"),
        ({"grasps": 3}, "can't be read"),
        ({"contact_points_m": [[0, 0, float("nan")]]}, "NaN"),
        ({"contact_points_m": [["a", "b", "c"]]}, "numbers"),
        ({"feasible_prob": 7}, "probability"),
        ({"abstain": "no"}, "True or False"),
        ({"label_prob": [1]}, "can't be read"),
        ({"label_prob": {"grasp": "high"}}, "can't be read"),
        ({"motion": {"point_m": [0, 0, 0], "direction": [1, 1, 0]}}, "unit vector"),
        ({"placement": {"position_m": [0, 0, 0], "quat_wxyz": [2, 0, 0, 0]}}, "unit vector"),
    ],
)
def test_an_answer_that_is_none_is_refused_in_one_sentence(plain: object, words: str) -> None:
    with pytest.raises(InvalidAnswerError) as caught:
        interaction_from_plain(plain)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("lacking", ["views", "query", "gripper", "gravity_m_s2"])
def test_an_observation_that_lacks_something_is_refused(lacking: str) -> None:
    plain = plain_observation(full_observation())
    del plain[lacking]
    with pytest.raises(ConfigError, match=f"lacks the key '{lacking}'"):
        observation_from_plain(plain)


@pytest.mark.parametrize("plain", [None, [], 3, {"views": 3, "query": {}, "gripper": {}}])
def test_what_is_no_observation_is_refused(plain: object) -> None:
    with pytest.raises(ConfigError):
        observation_from_plain(plain)
