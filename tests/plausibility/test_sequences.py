"""Feet that slide, bodies that float or sink: motions whose measures are known by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ivlm_bench.errors import AssetError, ConfigError
from ivlm_bench.plausibility.sequences import (
    floating_m,
    motion,
    read_feet,
    sinking_m,
    skating_ratio,
)


def feet(speed_m_s: float, height_m: float, *, frames: int = 41) -> np.ndarray:
    """One foot that moves along x at 20 frames a second, one that stands."""
    out = np.zeros((frames, 2, 3))
    out[:, 0, 0] = np.arange(frames) * speed_m_s / 20.0
    out[:, 0, 2] = height_m
    return out


def test_a_foot_that_slides_all_the_time_skates_but_for_the_ends_of_the_mean() -> None:
    # 1 m/s; at the ends the mean of five, with zeros beyond, is 0.6 and 0.8 m/s: still over 0.5.
    assert skating_ratio(feet(1.0, 0.01)) == 1.0
    # 0.7 m/s: 0.42 at the first and the last step, 0.56 beside them; 38 of 40 slide.
    assert skating_ratio(feet(0.7, 0.01)) == pytest.approx(38 / 40)


@pytest.mark.parametrize(("speed", "height"), [(0.4, 0.01), (2.0, 0.06), (0.0, 0.0)])
def test_slow_high_and_standing_feet_do_not_skate(speed: float, height: float) -> None:
    assert skating_ratio(feet(speed, height)) == 0.0


def test_one_jump_is_averaged_away_unless_it_is_fast() -> None:
    still = feet(0.0, 0.0)
    still[20:, 0, 0] = 0.1  # 2 m/s for one step: 0.4 m/s over five
    assert skating_ratio(still) == 0.0
    still[20:, 0, 0] = 0.2  # 4 m/s: 0.8 over five; that step alone is fast itself
    assert skating_ratio(still) == pytest.approx(1 / 40)


def test_the_rate_of_frames_counts() -> None:
    assert skating_ratio(feet(0.5, 0.01), fps=40.0) == 1.0  # 1 m/s


def test_a_motion_needs_two_frames() -> None:
    with pytest.raises(ConfigError, match="two frames"):
        skating_ratio(feet(1.0, 0.0, frames=1))


def test_within_5_mm_of_the_floor_is_standing() -> None:
    lowest = np.array([0.004, -0.004, 0.02, -0.01])
    assert floating_m(lowest) == pytest.approx(0.02 / 4)
    assert sinking_m(lowest) == pytest.approx(0.01 / 4)


@pytest.mark.parametrize("up", [(0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (0.0, -1.0, 0.0)])
def test_a_motion_is_measured_along_its_own_up(up: tuple[float, float, float]) -> None:
    axis = np.array(up)
    across = np.cross(axis, [1.0, 0.0, 0.0])
    body = np.array([0.0 * axis, 1.0 * axis])  # sole and head
    frames = np.stack([body + t * 0.05 * across + 0.03 * axis for t in range(21)])
    found = motion(frames, down=-axis, ground_m=0.01, feet=([0], [0]))
    assert found["skating_ratio"] == 1.0  # 1 m/s at 2 cm above the floor
    assert found["float_mm"] == pytest.approx(20.0)
    assert found["penetrate_mm"] == 0.0


def test_without_feet_there_is_no_skating() -> None:
    assert motion(np.zeros((2, 1, 3)), down=np.array([0.0, 0, -1]))["skating_ratio"] is None


@pytest.mark.parametrize("text", ["", "{}", '{"left": [], "right": [1]}', '{"left": 3}'])
def test_bad_feet_are_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "feet.json").write_text(text)
    with pytest.raises(AssetError, match=r"feet\.json"):
        read_feet(tmp_path / "feet.json")
