"""Every constant of protocol IVLM-Phys v1, with its unit and its precedent.

A changed value is a new protocol: ``protocol_hash`` goes into every stored result. What the trials
do with them is told in docs/protocol.md, whose section numbers the trials name.
"""

from __future__ import annotations

import hashlib
import math

import msgspec

from ivlm_bench.types import Conditions, GripperSpec

PROTOCOL_ID = "ivlm-phys-v1"

#: Standard acceleration of free fall that the shake is scaled to, m/s2.
GRAVITY_M_S2 = 9.81

#: Outcome codes in the order in which a trial looks for them: the first that applies is given.
GRASP_CODES = (
    "INVALID",
    "COLLISION_OBJECT",
    "COLLISION_SUPPORT",
    "COLLISION_CLUTTER",
    "NO_CONTACT",
    "WRONG_PART",
    "SLIP_LIFT",
    "SLIP_SHAKE",
    "DISPLACED",
    "SUCCESS",
    "SIM_ERROR",
)
ARTICULATE_CODES = (
    "INVALID",
    "NO_CONTACT",
    "SLIP",
    "WRONG_PART",
    "NOT_MOVED",
    "PARTIAL",
    "SIDE_EFFECT",
    "SUCCESS",
    "SIM_ERROR",
)
PRESS_CODES = (
    "INVALID",
    "NO_CONTACT",
    "WRONG_PART",
    "BAD_ANGLE",
    "NOT_PRESSED",
    "SUCCESS",
    "SIM_ERROR",
)
PUSH_CODES = (
    "INVALID",
    "NO_CONTACT",
    "WRONG_PART",
    "NOT_MOVED",
    "BAD_DIRECTION",
    "SIDE_EFFECT",
    "SUCCESS",
    "SIM_ERROR",
)
PLACE_CODES = (
    "INVALID",
    "INFEASIBLE_PENETRATION",
    "FLOATING",
    "WRONG_SUPPORT",
    "TIPPED",
    "SLID",
    "MOVING",
    "OFF_SUPPORT",
    "SUCCESS",
    "SIM_ERROR",
)

#: Code of an answer that abstains or lacks what its trial executes; nothing is simulated.
NO_ANSWER = "NO_ANSWER"
#: Code of a trial whose simulation diverged; never blamed on the reasoner.
SIM_ERROR = "SIM_ERROR"


class PerturbConstants(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Perturbed repetitions of a trial.

    Sizes are half of Dex-Net 2's and Get-a-Grip's (5 mm, 5 deg), so that good grasps score near
    one; 16 repetitions on a leaderboard, 8 nightly, 1 in a smoke run.
    """

    seed: int = 61_000
    translation_sigma_m: float = 0.0025
    rotation_sigma_rad: float = math.radians(2.5)
    friction_mean: float = 0.6
    friction_sigma: float = 0.1  # Dex-Net 2
    friction_lower: float = 0.3
    friction_upper: float = 0.9
    mass_scale_lower: float = 0.5
    mass_scale_upper: float = 1.5
    n_leaderboard: int = 16
    n_nightly: int = 8
    n_smoke: int = 1


class GraspConstants(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The grasp trial, 4.7 s: close, hold, lift, rest, shake x, y, z, rest."""

    width_tolerance_m: float = 1e-6  # rounding of a width that was stored as float32
    approach_m: float = 0.10  # Dex-Net 2 approach_dist; VGN 0.05
    n_waypoints: int = 11
    penetration_m: float = 0.001
    loose_penetration_m: float = 0.010  # DexGraspBench; reported, never decides
    close_s: float = 0.8
    hold_s: float = 0.3
    contact_n: float = 0.5  # ManiSkill is_grasping, each finger
    lift_m: float = 0.10  # VGN, BURG toolkit, DexGraspBench
    lift_s: float = 1.0
    rest_s: float = 0.3
    shake_hz: float = 3.0
    shake_cycles: float = 2.0
    shake_ramp_cycles: float = 0.5
    shake_peak_m_s2: float = GRAVITY_M_S2  # 1 g: GraspDataGen, DexGraspBench
    rise_fraction: float = 0.5
    drift_m: float = 0.02  # MultiGripperGrasp
    drift_rad: float = math.radians(15.0)  # DexGraspBench

    @property
    def shake_amplitude_m(self) -> float:
        """Amplitude of a sine of ``shake_hz`` whose acceleration peaks at ``shake_peak_m_s2``."""
        return self.shake_peak_m_s2 / (2.0 * math.pi * self.shake_hz) ** 2


class ArticulateConstants(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The wrench-mode trial on a joint: settle, then a force carried by the link."""

    settle_speed: float = 1e-3  # m/s or rad/s; 1e-6 a step of 1 ms
    settle_s: float = 0.5
    settle_limit_s: float = 3.0
    chunk_s: float = 0.010
    force_n: float = 10.0
    push_s: float = 2.0
    reach_m: float = 0.010  # a point farther from the target touches nothing
    cone_friction: float = 1.0
    grasp_reach_m: float = 0.040  # length of a pad: a grasp farther away does not hold the point
    moved: float = 0.01  # m or rad, Where2Act
    moved_fraction: float = 0.5  # Where2Act
    direction_dot: float = 0.5  # Where2Act; reported
    side_effect_fraction: float = 0.10


class PressConstants(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The press trial: a spherical probe driven along the predicted direction.

    Meta-World's 20 mm success bound is too coarse for buttons of 4 mm travel.
    """

    radius_m: float = 0.005
    start_m: float = 0.020
    speed_m_s: float = 0.05
    force_n: float = 5.0
    duration_s: float = 1.0
    chunk_s: float = 0.005  # 0.25 mm of probe motion: how finely the first contact is seen
    penetration_m: float = 0.001
    travel_fraction: float = 0.8
    angle_rad: float = math.radians(45.0)


class PushConstants(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contact-mode trial on a joint: a spherical probe pushes, judged by what it moved.

    The probe is that of the press trial, twice as fast and as strong. A stroke of 0.10 m opens no
    wide door to 75 %, so that a part of the way counts (Where2Act).
    """

    radius_m: float = 0.005
    start_m: float = 0.020
    speed_m_s: float = 0.1
    force_n: float = 10.0
    stroke_m: float = 0.10
    chunk_s: float = 0.005
    penetration_m: float = 0.001
    moved: float = 0.01  # m or rad, Where2Act
    moved_fraction: float = 0.5  # Where2Act
    shut_fraction: float = 0.01  # with less of its range to go, half of the way is no motion
    direction_dot: float = 0.5  # Where2Act
    side_effect_fraction: float = 0.10

    @property
    def duration_s(self) -> float:
        """Time that the stroke takes at the probe's speed."""
        return self.stroke_m / self.speed_m_s


class PlaceConstants(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The placement trial: put the object down, let go, and see whether it stays.

    Perturbed poses are those of ``PerturbConstants`` scaled to 5 mm and 2 degrees; they are seated
    on what is below them before they are let go, and pushed sideways with 0.05 g on the way.
    """

    penetration_m: float = 0.002
    lift_m: float = 0.003  # what 2 mm take on a slope of 45 degrees
    gap_m: float = 0.005
    duration_s: float = 2.0
    moved_m: float = 0.02
    tipped_rad: float = math.radians(10.0)
    speed_m_s: float = 0.01  # ManiSkill static
    spin_rad_s: float = 0.5  # ManiSkill static
    translation_sigma_m: float = 0.005
    rotation_sigma_rad: float = math.radians(2.0)
    seat_m: float = 0.030  # how far a perturbed pose is lifted or lowered to be seated
    push_start_s: float = 0.5
    push_s: float = 0.5
    push_m_s2: float = 0.05 * GRAVITY_M_S2
    footprint_band_m: float = 0.001  # how far apart two surfaces may be that bear each other


class ProtocolV1(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Protocol IVLM-Phys v1 as one value.

    ``conditions`` are the nominal ones: mu 0.6 (DexGraspBench 0.6, Dex-Net 0.5, Get-a-Grip 0.9,
    ACRONYM 1.0), torsional 0.01 m (half DexGraspBench's 0.02), rolling 1e-4 m.
    """

    protocol: str = PROTOCOL_ID
    conditions: Conditions = Conditions()
    gripper: GripperSpec = GripperSpec()
    perturb: PerturbConstants = PerturbConstants()
    grasp: GraspConstants = GraspConstants()
    articulate: ArticulateConstants = ArticulateConstants()
    press: PressConstants = PressConstants()
    push: PushConstants = PushConstants()
    place: PlaceConstants = PlaceConstants()
    codes: tuple[tuple[str, ...], ...] = (
        GRASP_CODES,
        ARTICULATE_CODES,
        PRESS_CODES,
        PUSH_CODES,
        PLACE_CODES,
    )


#: The constants in force.
PROTOCOL = ProtocolV1()


def protocol_hash(protocol: ProtocolV1 = PROTOCOL) -> str:
    """Return the SHA-256 of the canonical JSON (sorted keys) of all constants, as hex."""
    return hashlib.sha256(msgspec.json.encode(protocol, order="sorted")).hexdigest()
