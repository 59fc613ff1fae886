"""Key frames of a trial as compact JSON: what the film strip of an episode is drawn from."""

from __future__ import annotations

import msgspec
import numpy as np

from ivlm_bench.errors import StoreError
from ivlm_bench.types import Keyframe, Pose

#: Decimals kept of positions (m) and quaternions: 0.01 mm and 0.002 degrees, far below a pixel.
DECIMALS = 5


class _Frame(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    label: str
    time_s: float
    poses: dict[str, tuple[float, float, float, float, float, float, float]]


_decoder = msgspec.json.Decoder(tuple[_Frame, ...])


def encode_keyframes(frames: tuple[Keyframe, ...]) -> bytes:
    """Return ``frames`` as JSON; equal frames give equal bytes.

    Each body's pose is (x, y, z) in metres and a unit quaternion (w, x, y, z), all rounded to
    1e-5, in the world frame. Bodies are in alphabetical order.
    """
    wire = [
        _Frame(
            label=frame.label,
            time_s=_rounded(frame.time_s),
            poses={
                body: _numbers(frame.world_from_body[body])
                for body in sorted(frame.world_from_body)
            },
        )
        for frame in frames
    ]
    return msgspec.json.encode(wire)


def decode_keyframes(content: bytes) -> tuple[Keyframe, ...]:
    """Return the key frames that ``encode_keyframes`` wrote; empty bytes are no frames.

    Raises
    ------
    StoreError
        If the bytes are damaged.
    """
    if not content:
        return ()
    try:
        return tuple(
            Keyframe(
                label=frame.label,
                time_s=frame.time_s,
                world_from_body={body: _pose(numbers) for body, numbers in frame.poses.items()},
            )
            for frame in _decoder.decode(content)
        )
    except (msgspec.MsgspecError, ValueError) as error:
        raise StoreError(f"The stored key frames are damaged: {error}.") from None


def _rounded(value: float) -> float:
    return round(float(value), DECIMALS) + 0.0  # no "-0.0", so that equal poses are equal bytes


def _numbers(pose: Pose) -> tuple[float, float, float, float, float, float, float]:
    x, y, z = (_rounded(value) for value in pose.position_m)
    qw, qx, qy, qz = (_rounded(value) for value in pose.quat_wxyz)
    return x, y, z, qw, qx, qy, qz


def _pose(numbers: tuple[float, ...]) -> Pose:
    quat = np.array(numbers[3:])
    norm = float(np.linalg.norm(quat))
    if norm < 0.5:
        raise ValueError(f"a quaternion has norm {norm:.3g}")
    return Pose(np.array(numbers[:3]), quat / norm)
