"""Key frames survive the way to disk to within their rounding."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivlm_bench.errors import StoreError
from ivlm_bench.geometry import se3
from ivlm_bench.keyframes import decode_keyframes, encode_keyframes
from ivlm_bench.types import Keyframe, Pose

coordinate = st.floats(-3.0, 3.0)


@st.composite
def poses(draw: st.DrawFn) -> Pose:
    quat = np.array([draw(st.floats(-1, 1)) for _ in range(3)] + [1.0])
    return Pose(np.array([draw(coordinate) for _ in range(3)]), quat / np.linalg.norm(quat))


@given(
    st.dictionaries(st.text(max_size=12), poses(), max_size=4),
    st.text(max_size=20),
    st.floats(0.0, 30.0),
)
def test_round_trip(bodies: dict[str, Pose], label: str, time_s: float) -> None:
    (back,) = decode_keyframes(encode_keyframes((Keyframe(label, time_s, bodies),)))
    assert back.label == label
    assert back.time_s == pytest.approx(time_s, abs=5.1e-6)
    assert set(back.world_from_body) == set(bodies)
    for body, pose in bodies.items():
        again = back.world_from_body[body]
        np.testing.assert_allclose(again.position_m, pose.position_m, atol=5.1e-6)
        assert se3.quat_angle_rad(again.quat_wxyz, pose.quat_wxyz) < 5e-5


def test_format_is_plain_json_in_alphabetical_order() -> None:
    bodies = {"mug/body": Pose.at(0.1234567, -0.0, 2.0), "gripper/palm": Pose.identity()}
    content = encode_keyframes((Keyframe("lifted", 1.5, bodies),))
    assert json.loads(content) == [
        {
            "label": "lifted",
            "time_s": 1.5,
            "poses": {
                "gripper/palm": [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
                "mug/body": [0.12346, 0.0, 2.0, 1.0, 0.0, 0.0, 0.0],
            },
        }
    ]
    assert content.index(b"gripper/palm") < content.index(b"mug/body")
    assert b"-0.0" not in content


def test_bytes_do_not_depend_on_the_order_of_bodies() -> None:
    one = {"a": Pose.identity(), "b": Pose.at(1, 2, 3)}
    other = dict(reversed(one.items()))
    first, second = (encode_keyframes((Keyframe("x", 0.0, bodies),)) for bodies in (one, other))
    assert first == second


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'[{"label":"x"}]',
        b'[{"label":"x","time_s":0,"poses":{"a":[1,2,3]}}]',
        b'[{"label":"x","time_s":0,"poses":{"a":[0,0,0,0,0,0,0]}}]',
        b"\xff",
    ],
)
def test_damage_is_told(content: bytes) -> None:
    with pytest.raises(StoreError, match="damaged"):
        decode_keyframes(content)


def test_nothing_is_no_frames() -> None:
    assert decode_keyframes(b"") == ()
    assert decode_keyframes(encode_keyframes(())) == ()
