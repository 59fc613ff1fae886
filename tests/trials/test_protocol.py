"""Constants, perturbations and programs against closed forms."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from ivlm_bench.trials.perturb import NOMINAL, perturbations
from ivlm_bench.trials.programs import grasp_programs, min_jerk, shake_offset_m
from ivlm_bench.trials.protocol import (
    ARTICULATE_CODES,
    GRASP_CODES,
    PLACE_CODES,
    PRESS_CODES,
    PROTOCOL,
    PUSH_CODES,
    protocol_hash,
)
from ivlm_bench.types import Grasp, Motion, Pose


def test_shake_amplitude_gives_one_g() -> None:
    # A (2 pi f)^2 = g with f = 3 Hz: 9.81 / 355.306 = 27.61 mm.
    assert pytest.approx(0.027610, abs=1e-6) == PROTOCOL.grasp.shake_amplitude_m


def test_hash_follows_every_constant() -> None:
    hashes = {protocol_hash()}
    for name in ("grasp", "press", "articulate", "push", "place", "perturb"):
        group = getattr(PROTOCOL, name)
        for field in msgspec.structs.fields(group):
            value = getattr(group, field.name)
            changed = msgspec.structs.replace(group, **{field.name: value + 1})
            hashes.add(protocol_hash(msgspec.structs.replace(PROTOCOL, **{name: changed})))
    n_fields = sum(
        len(msgspec.structs.fields(getattr(PROTOCOL, n)))
        for n in ("grasp", "press", "articulate", "push", "place", "perturb")
    )
    assert len(hashes) == n_fields + 1
    assert protocol_hash() == protocol_hash(msgspec.structs.replace(PROTOCOL))


@pytest.mark.parametrize(
    "codes", [GRASP_CODES, ARTICULATE_CODES, PRESS_CODES, PUSH_CODES, PLACE_CODES]
)
def test_codes_start_invalid_and_end_with_success_then_error(codes: tuple[str, ...]) -> None:
    assert codes[0] == "INVALID"
    assert codes[-2:] == ("SUCCESS", "SIM_ERROR")
    assert len(set(codes)) == len(codes)


def test_perturbations_are_a_prefix_and_differ_between_scenarios() -> None:
    def key(p: object) -> tuple[bytes, bytes, float, float]:
        return (
            p.translation_m.tobytes(),  # type: ignore[attr-defined]
            p.rotation.tobytes(),  # type: ignore[attr-defined]
            p.friction,  # type: ignore[attr-defined]
            p.mass_scale,  # type: ignore[attr-defined]
        )

    sixteen = [key(p) for p in perturbations(7, 16)]
    assert [key(p) for p in perturbations(7, 8)] == sixteen[:8]
    assert len(set(sixteen)) == 16
    assert not set(sixteen) & {key(p) for p in perturbations(8, 16)}


def test_perturbations_have_the_stated_moments() -> None:
    drawn = perturbations(0, 4000)
    shifts = np.array([p.translation_m for p in drawn])
    angles = np.array([2 * np.arccos(min(1.0, abs(p.rotation[0]))) for p in drawn])
    masses = np.array([p.mass_scale for p in drawn])
    frictions = np.array([p.friction for p in drawn])
    # Bounds of five standard errors; the squared angle is sigma^2 times a chi-square of 3.
    assert np.abs(shifts.mean(axis=0)).max() < 5 * 0.0025 / math.sqrt(4000)
    assert np.abs(shifts.std(axis=0) / 0.0025 - 1).max() < 5 / math.sqrt(8000)
    mean_square = float((angles**2).mean()) / math.radians(2.5) ** 2
    assert abs(mean_square - 3) < 5 * math.sqrt(6 / 4000)
    assert masses.min() >= 0.5
    assert masses.max() <= 1.5
    assert abs(masses.mean() - 1) < 5 / math.sqrt(12 * 4000)
    assert frictions.min() == pytest.approx(0.3)
    assert frictions.max() <= 0.9
    assert abs(frictions.mean() - 0.6) < 5 * 0.1 / math.sqrt(4000) + 1e-3


def test_nominal_changes_nothing() -> None:
    grasp = Grasp(Pose.at(0.1, 0.2, 0.3), 0.05)
    motion = Motion(np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.0, 1.0]))
    same = NOMINAL.grasp(grasp)
    np.testing.assert_array_equal(same.world_from_gripper.matrix, grasp.world_from_gripper.matrix)
    np.testing.assert_array_equal(NOMINAL.motion(motion).direction, motion.direction)
    assert (NOMINAL.friction, NOMINAL.mass_scale) == (0.6, 1.0)


def test_min_jerk_is_flat_at_both_ends() -> None:
    s = np.array([0.0, 1e-4, 0.5, 1 - 1e-4, 1.0])
    # 10 s^3 at small s; 1/2 at the middle by symmetry.
    np.testing.assert_allclose(min_jerk(s), [0, 1e-11, 0.5, 1 - 1e-11, 1], atol=2e-15)


def test_shake_never_exceeds_its_acceleration() -> None:
    step_s = 1e-4
    offset = shake_offset_m(np.arange(0.0, 2 / 3, step_s))
    acceleration = np.diff(offset, 2) / step_s**2
    assert np.abs(acceleration).max() <= 9.81 * 1.001
    assert np.abs(acceleration).max() >= 9.81 * 0.98
    assert abs(offset[-1]) < 1e-4


@pytest.mark.parametrize("timestep_s", [0.0005, 0.001, 0.002, 1 / 240])
def test_programs_join_and_last_4_7_seconds(timestep_s: float) -> None:
    phases = grasp_programs(timestep_s, 0.1)
    base_m = np.concatenate(
        [p.base_m for p in (phases.close, phases.hold, phases.lift, phases.shake, phases.rest)]
    )
    assert len(base_m) * timestep_s == pytest.approx(4.7, abs=4 * timestep_s)
    speed_m_s = np.abs(np.diff(base_m, axis=0)).max() / timestep_s
    # Fastest is the shake at mid cycle: A 2 pi f = 0.52 m/s; a jump would be far above.
    assert speed_m_s < 0.53
    np.testing.assert_allclose(base_m[-1], [0, 0, 0.1], atol=1e-12)
