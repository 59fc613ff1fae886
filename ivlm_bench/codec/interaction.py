"""Answers as bytes: what a run stores, and exactly what is simulated and scored.

The harness encodes every answer and goes on with ``decode(encode(answer))``, so that a stored
prediction can be simulated again bit by bit. Maps lose resolution on the way (they are guidance,
not geometry); poses, widths and directions keep every bit. Images of evidence are not stored.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec
import numpy as np

from ivlm_bench.errors import InvalidAnswerError, StoreError
from ivlm_bench.types import Evidence, Grasp, Interaction, Motion, Pose

#: Version of the byte format; raised when an old prediction would decode differently.
FORMAT_VERSION = 1

#: Largest side of a stored map, px: keeps 4,000 answers with four maps each near 10 MB.
MAX_MAP_SIDE_PX = 56

#: Most values that all stored maps of an answer about a public data set hold together: 224 x 224,
#: the side that AGD20K's official scripts bring maps to.
MAX_FINE_VALUES = 224 * 224

#: Largest stored answer, bytes: thousands of contacts fit, a flooded disk does not.
MAX_ANSWER_BYTES = 1 << 20

#: Half precision of finely stored values, and its bytes a value, by which they are known.
_HALF, _HALF_BYTES = "<f2", 2

_LEVELS = 255  # uint8 quantisation of values in [0, 1]

#: Point, direction, kind, amount, axis point of a motion.
_MotionFields = tuple[bytes, bytes, Literal["translate", "rotate"], float, bytes | None]


class _Block(msgspec.Struct, frozen=True, array_like=True):
    shape: tuple[int, ...]
    raw: bytes


class _Wire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: int
    label_prob: dict[str, float]
    affordance_maps: _Block | None
    functional_maps: _Block | None
    points_px: _Block | None
    vertex_prob: _Block | None
    contact_points_m: _Block
    contact_prob: _Block | None
    grasps: tuple[tuple[bytes, float, float], ...]  # pose, width_m, prob
    motion: _MotionFields | None
    placement: bytes | None
    feasible_prob: float
    abstain: bool
    abstain_reason: str | None
    captions: tuple[str, ...]


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(_Wire)


def encode(answer: Interaction, *, fine: bool = False) -> bytes:
    """Return ``answer`` as bytes; equal answers give equal bytes.

    Maps (v, h, w) become uint8 of at most 56 x 56 px by area averaging, ``vertex_prob`` uint8,
    points float32; grasps, motion and placement stay float64.

    ``fine``: maps and ``vertex_prob`` are what is scored, as on a public data set. They are kept in
    half precision (1 in 2048, down to 6e-8), and of maps 224 x 224 values in all, so that no tail
    of a distribution becomes zero.

    Raises
    ------
    InvalidAnswerError
        If a text or mapping of the answer has the wrong type, or the answer is larger than
        ``MAX_ANSWER_BYTES``.
    """
    try:
        blob = _encoder.encode(_to_wire(answer, fine=fine))
    except (TypeError, ValueError, AttributeError) as error:
        raise InvalidAnswerError(f"The answer can't be stored: {error}.") from None
    if len(blob) > MAX_ANSWER_BYTES:
        raise InvalidAnswerError(
            f"The answer takes {len(blob)} bytes; at most {MAX_ANSWER_BYTES} are stored. "
            "Give fewer points or grasps."
        )
    return blob


def decode(blob: bytes) -> Interaction:
    """Return the answer that ``encode`` wrote.

    Raises
    ------
    StoreError
        If the bytes are damaged or of another format version.
    """
    try:
        wire = _decoder.decode(blob)
        if wire.version != FORMAT_VERSION:
            raise StoreError(
                f"The stored answer has format {wire.version}; this version reads {FORMAT_VERSION}."
            )
        return _from_wire(wire)
    except (msgspec.MsgspecError, ValueError, InvalidAnswerError) as error:
        raise StoreError(f"A stored answer is damaged: {str(error).rstrip('.')}.") from None


def fine_side_px(n_maps: int) -> int:
    """Return the largest side (px) of each of ``n_maps`` maps that are stored finely."""
    return int(np.sqrt(MAX_FINE_VALUES / max(n_maps, 1)))


def reduce_maps(maps: np.ndarray, *, side_px: int = MAX_MAP_SIDE_PX) -> np.ndarray:
    """Average (v, h, w) maps over areas down to at most a side; smaller ones stay."""
    rows = _area_weights(maps.shape[1], side_px)
    columns = _area_weights(maps.shape[2], side_px)
    return np.einsum("ih,vhw,jw->vij", rows, maps.astype(np.float64), columns, optimize=True)


def _area_weights(size: int, side_px: int) -> np.ndarray:
    """Return (min(size, side), size) weights: share of each source cell in each target cell."""
    target = min(size, side_px)
    edges = np.arange(target + 1) * (size / max(target, 1))
    cells = np.arange(size)
    low = np.maximum(edges[:-1, None], cells[None, :])
    high = np.minimum(edges[1:, None], cells[None, :] + 1.0)
    overlap = np.clip(high - low, 0.0, None)
    return overlap / np.maximum(overlap.sum(axis=1, keepdims=True), np.finfo(float).tiny)


def _to_wire(answer: Interaction, *, fine: bool) -> _Wire:
    map_block, values_block = (_fine_maps, _fine_values) if fine else (_map_block, _level_block)
    return _Wire(
        version=FORMAT_VERSION,
        label_prob={_text(k, "label"): float(v) for k, v in answer.label_prob.items()},
        affordance_maps=map_block(answer.affordance_maps),
        functional_maps=map_block(answer.functional_maps),
        points_px=_block(answer.points_px, "<f4"),
        vertex_prob=values_block(answer.vertex_prob),
        contact_points_m=_Block(*_parts(answer.contact_points_m, "<f4")),
        contact_prob=_block(answer.contact_prob, "<f4"),
        grasps=tuple(
            (_pose_bytes(g.world_from_gripper), float(g.width_m), float(g.prob))
            for g in answer.grasps
        ),
        motion=_motion_fields(answer.motion),
        placement=None if answer.placement is None else _pose_bytes(answer.placement),
        feasible_prob=float(answer.feasible_prob),
        abstain=bool(answer.abstain),
        abstain_reason=None
        if answer.abstain_reason is None
        else _text(answer.abstain_reason, "abstain_reason"),
        captions=tuple(_text(e.caption, "caption") for e in answer.evidence),
    )


def _from_wire(wire: _Wire) -> Interaction:
    return Interaction(
        label_prob=wire.label_prob,
        affordance_maps=_levels(wire.affordance_maps),
        functional_maps=_levels(wire.functional_maps),
        points_px=_array(wire.points_px, "<f4"),
        vertex_prob=_levels(wire.vertex_prob),
        contact_points_m=_unpack(wire.contact_points_m, "<f4").astype(np.float64),
        contact_prob=_array(wire.contact_prob, "<f4"),
        grasps=tuple(Grasp(_pose(p), width_m=w, prob=prob) for p, w, prob in wire.grasps),
        motion=_motion(wire.motion),
        placement=None if wire.placement is None else _pose(wire.placement),
        feasible_prob=wire.feasible_prob,
        abstain=wire.abstain,
        abstain_reason=wire.abstain_reason,
        evidence=tuple(Evidence(caption) for caption in wire.captions),
    )


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidAnswerError(f"The answer's {name} is a {type(value).__name__}, not a text.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidAnswerError(f"The answer's {name} is not valid Unicode.") from None
    return str(value)


def _parts(array: np.ndarray, dtype: str) -> tuple[tuple[int, ...], bytes]:
    try:
        with np.errstate(over="raise"):
            return tuple(array.shape), np.ascontiguousarray(array, dtype=dtype).tobytes()
    except FloatingPointError:
        largest = float(np.max(np.abs(array)))
        raise InvalidAnswerError(
            f"The answer holds the coordinate {largest:.3g}, which is too large to be stored."
        ) from None


def _block(array: np.ndarray | None, dtype: str) -> _Block | None:
    return None if array is None else _Block(*_parts(array, dtype))


def _level_block(array: np.ndarray | None) -> _Block | None:
    if array is None:
        return None
    return _Block(*_parts(np.rint(np.clip(array, 0.0, 1.0) * _LEVELS), "u1"))


def _map_block(maps: np.ndarray | None) -> _Block | None:
    return None if maps is None else _level_block(reduce_maps(maps))


def _fine_values(array: np.ndarray | None) -> _Block | None:
    return None if array is None else _Block(*_parts(np.clip(array, 0.0, 1.0), _HALF))


def _fine_maps(maps: np.ndarray | None) -> _Block | None:
    return (
        None if maps is None else _fine_values(reduce_maps(maps, side_px=fine_side_px(len(maps))))
    )


def _unpack(block: _Block, dtype: str) -> np.ndarray:
    return np.frombuffer(block.raw, dtype=dtype).reshape(block.shape)


def _array(block: _Block | None, dtype: str) -> np.ndarray | None:
    return None if block is None else _unpack(block, dtype)


def _levels(block: _Block | None) -> np.ndarray | None:
    if block is None:
        return None
    n_values = math.prod(block.shape)
    if n_values and len(block.raw) == _HALF_BYTES * n_values:
        return _unpack(block, _HALF).astype(np.float32)
    return (_unpack(block, "u1").astype(np.float32) / np.float32(_LEVELS)).astype(np.float32)


def _vector(raw: bytes, size: int) -> np.ndarray:
    vector = np.frombuffer(raw, dtype="<f8")
    if vector.size != size:
        raise InvalidAnswerError(f"a vector has {vector.size} entries instead of {size}")
    return vector


def _pose_bytes(pose: Pose) -> bytes:
    return pose.position_m.astype("<f8").tobytes() + pose.quat_wxyz.astype("<f8").tobytes()


def _pose(raw: bytes) -> Pose:
    numbers = _vector(raw, 7)
    return Pose(numbers[:3], numbers[3:])


def _motion_fields(motion: Motion | None) -> _MotionFields | None:
    if motion is None:
        return None
    axis = None if motion.axis_point_m is None else motion.axis_point_m.astype("<f8").tobytes()
    point, direction = (v.astype("<f8").tobytes() for v in (motion.point_m, motion.direction))
    return point, direction, motion.kind, float(motion.amount), axis


def _motion(fields: _MotionFields | None) -> Motion | None:
    if fields is None:
        return None
    point, direction, kind, amount, axis = fields
    return Motion(
        _vector(point, 3),
        _vector(direction, 3),
        kind=kind,
        amount=amount,
        axis_point_m=None if axis is None else _vector(axis, 3),
    )
