"""Observations as bytes: every bit comes back, and nothing else does."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ivlm_bench.codec import (
    decode_observation,
    decode_truth,
    encode_observation,
    encode_truth,
)
from ivlm_bench.errors import StoreError
from ivlm_bench.types import (
    Camera,
    GripperSpec,
    Mesh,
    Observation,
    Pose,
    Query,
    Signal,
    View,
)

finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
lengths = st.floats(0.01, 1.0)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)

#: First line and checksum in front of the body.
N_HEAD = len(b"ivlm_bench observation 1\n") + 16


def arrays(dtype: type, *shape: int) -> st.SearchStrategy[np.ndarray]:
    kind = np.dtype(dtype)
    if kind.kind != "f":
        return hnp.arrays(kind, shape)
    bits = 8 * kind.itemsize
    elements = st.floats(allow_nan=False, allow_infinity=False, width=bits)  # type: ignore[arg-type]
    return hnp.arrays(kind, shape, elements=elements)


@st.composite
def cameras(draw: st.DrawFn) -> Camera:
    intrinsics = np.diag([draw(st.floats(1.0, 1e4)), draw(st.floats(1.0, 1e4)), 1.0])
    quats = st.sampled_from([*np.eye(4), *-np.eye(4), np.full(4, 0.5)])
    pose = Pose(draw(arrays(np.float64, 3)), draw(quats))
    return Camera(intrinsics, pose, draw(st.integers(1, 5)), draw(st.integers(1, 4)))


@st.composite
def views(draw: st.DrawFn) -> View:
    camera = draw(cameras())
    size = camera.height_px, camera.width_px
    depth = draw(st.none() | arrays(np.float32, *size))
    return View(camera, draw(arrays(np.uint8, *size, 3)), depth, draw(finite))


@st.composite
def meshes(draw: st.DrawFn) -> Mesh:
    n = draw(st.integers(1, 4))
    faces = draw(hnp.arrays(np.int32, (draw(st.integers(0, 3)), 3), elements=st.integers(0, n - 1)))
    return Mesh(draw(arrays(np.float64, n, 3)), faces)


@st.composite
def signals(draw: st.DrawFn) -> Signal:
    shape = draw(st.integers(0, 4)), draw(st.integers(0, 3))
    return Signal(draw(arrays(np.float64, *shape)), draw(finite))


observations = st.builds(
    Observation,
    st.lists(views(), max_size=3).map(tuple),
    st.builds(Query, texts, texts, st.none() | texts, texts),
    st.builds(
        GripperSpec,
        max_opening_m=lengths,
        pad_size_m=st.tuples(lengths, lengths, lengths),
        force_n=lengths,
    ),
    arrays(np.float64, 3),
    object_mesh=st.none() | meshes(),
    signals=st.dictionaries(texts, signals(), max_size=2),
)


def assert_same(one: Any, two: Any) -> None:
    """Every field of the same class and value, arrays of the same dtype, shape and bits."""
    assert type(one) is type(two)
    if dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            assert_same(getattr(one, field.name), getattr(two, field.name))
    elif isinstance(one, np.ndarray):
        assert (one.dtype, one.shape) == (two.dtype, two.shape)
        assert one.tobytes() == two.tobytes()
    elif isinstance(one, dict):
        assert list(one) == list(two)
        for key in one:
            assert_same(one[key], two[key])
    elif isinstance(one, tuple):
        assert len(one) == len(two)
        for first, second in zip(one, two, strict=True):
            assert_same(first, second)
    elif isinstance(one, float):
        assert np.float64(one).tobytes() == np.float64(two).tobytes()
    else:
        assert one == two


def small() -> Observation:
    camera = Camera(np.diag([5.0, 5.0, 1.0]), Pose.identity(), 3, 2)
    depth = np.array([[0.0, -0.0, 1e-42], [1.5, 2.5, 3.5]], np.float32)
    view = View(camera, np.arange(18, dtype=np.uint8).reshape(2, 3, 3), depth, 0.25)
    query = Query("grasp", "mug", None, "Grasp the mug.")
    mesh = Mesh(np.eye(3), np.array([[0, 1, 2]]))
    return Observation((view,), query, GripperSpec(), np.array([0.0, 0.0, -9.81]), object_mesh=mesh)


@given(observations)
@settings(max_examples=60)
def test_every_bit_comes_back(observation: Observation) -> None:
    blob = encode_observation(observation)
    back = decode_observation(blob)
    assert_same(observation, back)
    assert encode_observation(back) == blob


def test_signed_zeros_and_subnormals_survive() -> None:
    depth = decode_observation(encode_observation(small())).views[0].depth_m
    assert depth is not None
    assert np.signbit(depth[0]).tolist() == [False, True, False]
    assert depth[0, 2] == np.float32(1e-42) != 0.0


def test_what_is_read_cannot_be_made_writable() -> None:
    view = decode_observation(encode_observation(small())).views[0]
    for array in (view.rgb, view.depth_m, view.camera.intrinsics_px):
        assert array is not None
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.setflags(write=True)


@given(st.data())
@settings(max_examples=60)
def test_a_changed_or_missing_byte_is_refused(data: st.DataObject) -> None:
    blob = encode_observation(small())
    where = data.draw(st.integers(0, len(blob) - 1))
    flip = data.draw(st.integers(1, 255))
    changed = blob[:where] + bytes([blob[where] ^ flip]) + blob[where + 1 :]
    for damaged in (changed, blob[:where], blob + b"\0"):
        with pytest.raises(StoreError):
            decode_observation(damaged)


@given(st.binary(max_size=80))
def test_foreign_bytes_are_refused(blob: bytes) -> None:
    with pytest.raises(StoreError, match="observation is damaged"):
        decode_observation(blob)


def with_body(change: Any) -> bytes:
    """An observation whose body was changed by somebody who knows how to make a checksum."""
    blob = encode_observation(small())
    plain = msgspec.msgpack.decode(blob[N_HEAD:])
    change(plain)
    body = msgspec.msgpack.encode(plain)
    return blob[: N_HEAD - 16] + hashlib.blake2b(body, digest_size=16).digest() + body


@pytest.mark.parametrize(
    "change",
    [
        lambda o: o.pop("query"),
        lambda o: o["query"].update(text=3),
        lambda o: o["views"][0].update(rgb=["|O", [1], b"\0" * 8]),
        lambda o: o["views"][0].update(rgb=["<f8", [2, 3, 3], b"\0" * 144]),
        lambda o: o["views"][0].update(rgb=["|u1", [2, 3, 3], b"\0" * 17]),
        lambda o: o["views"][0].update(rgb=["|u1", [3, 2, 3], b"\0" * 18]),
        lambda o: o["views"][0]["camera"].update(width_px="3"),
        lambda o: o.update(gravity_m_s2=["<f8", [3], np.full(3, np.nan).tobytes()]),
        lambda o: o["object_mesh"].update(faces=["<i4", [1, 3], b"\7" * 12]),
    ],
)
def test_wrong_fields_are_refused_behind_a_right_checksum(change: Any) -> None:
    with pytest.raises(StoreError, match="observation is damaged"):
        decode_observation(with_body(change))
    assert_same(decode_observation(with_body(lambda o: None)), small())


def test_another_version_and_another_kind_are_named() -> None:
    blob = encode_observation(small())
    with pytest.raises(StoreError, match="format 7; this version reads 1"):
        decode_observation(blob.replace(b"observation 1\n", b"observation 7\n", 1))
    with pytest.raises(StoreError, match="truth is damaged"):
        decode_truth(blob)


def test_what_is_no_data_is_refused() -> None:
    foreign: Any = {"touch": object()}
    odd = dataclasses.replace(small(), signals=foreign)
    with pytest.raises(StoreError, match="observation can't be stored: no stored form of 'object'"):
        encode_observation(odd)


def test_truth_of_a_real_question_comes_back() -> None:
    pytest.importorskip("ivlm_envs")
    from ivlm_bench.env import TASKS
    from ivlm_bench.registry import load_plugins

    load_plugins()
    truth = TASKS.get("ivlm/OpenDrawer-v0")(track="rgb", size_px=32).episode(3).truth
    blob = encode_truth(truth)
    assert encode_truth(decode_truth(blob)) == blob
    back = decode_truth(blob)
    for name in ("part_masks", "affordance_maps", "vertex_affordance", "oracle"):
        assert_same(getattr(truth, name), getattr(back, name))
