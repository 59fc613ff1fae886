"""The placement trial of IVLM-Phys v1, section 6.4.

``Interaction.placement`` is a rigid motion D of the world frame: the target starts at D times
its pose in the scene. Before any physics it must cut into nothing by more than 2 mm (less is
resolved by lifting it straight up), and what is below it must be at most 5 mm away and, where a
support is named, that support. Then it is let go for 2 s.

``success`` means **stable**: its centre of mass moved < 2 cm, it turned < 10 degrees, it is slower
than 0.01 m/s and 0.5 rad/s at the end and then touches the named support. A perturbed pose is first
seated, lifted or lowered until it touches, and pushed sideways with 0.05 g for half a second.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ivlm_bench.engines.clearance import placed_hulls
from ivlm_bench.engines.seating import Seating, seating
from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.geometry import se3
from ivlm_bench.geometry.bearing import inside_by_m, support_corners
from ivlm_bench.geometry.kinematics import body_poses, link_poses
from ivlm_bench.geometry.mesh import transformed
from ivlm_bench.protocols import Engine, Simulation
from ivlm_bench.trials.attempt import Attempt, Film, at_least, at_most, normal_force_n
from ivlm_bench.trials.protocol import PLACE_CODES, PROTOCOL
from ivlm_bench.types import Check, Interaction, Keyframe, Placement, Pose, Scene, TrialOutcome

#: When key frames are shot between start and end (s): what falls falls early.
FRAMES_S = (0.15, 0.30, 0.60)
#: A drop that is longer than this is told as this, metres.
FARTHEST_M = 0.30


@dataclass(frozen=True, eq=False, slots=True)
class Seat:
    """Where the target is let go, and what geometry said.

    ``code`` is None if it may be let go there; ``gap_m`` is then what it falls first.
    """

    code: str | None
    world_from_object: Pose
    checks: tuple[Check, ...]
    gap_m: float = 0.0


class PlaceTrial:
    """Put the target down and let go; see the module's docstring for what success means."""

    codes: tuple[str, ...] = PLACE_CODES

    def answered(self, interaction: Interaction) -> bool:
        """Say whether there is a placement."""
        return interaction.placement is not None

    def run(self, engine: Engine, attempt: Attempt, *, record: bool = False) -> TrialOutcome:
        """Check the pose, then let go.

        Raises
        ------
        EngineError
            If the simulation diverges.
        InvalidAnswerError
            If the answer has no placement.
        """
        seat = find_seat(attempt)
        if seat.code is not None:
            return TrialOutcome(seat.code, False, seat.checks)
        scene = moved_scene(attempt.scene, seat.world_from_object)
        with engine.load(scene, attempt.perturbation.conditions) as simulation:
            film = Film(simulation, record=record)
            release = Release(simulation, scene, attempt, film=film)
            code = release.run()
            statics = (balance_check(attempt, seat),) if is_nominal(attempt) else ()
            return TrialOutcome(
                code,
                code == "SUCCESS",
                (*seat.checks, *release.checks, *statics),
                n_steps=simulation.n_steps,
                keyframes=(seen_frame(attempt.scene), *film.frames) if record else (),
            )


def seen_frame(scene: Scene) -> Keyframe:
    """Return the key frame of the scene as it was seen, before the object was put anywhere."""
    return Keyframe("seen", 0.0, body_poses(scene))


def is_nominal(attempt: Attempt) -> bool:
    """Say whether the answer is tried as it was given."""
    return attempt.perturbation.push_azimuth_rad is None


def find_seat(attempt: Attempt) -> Seat:
    """Return where the target is let go, or the code of what forbids it."""
    if attempt.interaction.placement is None:
        raise InvalidAnswerError("This trial needs Interaction.placement.")
    place, geometry = PROTOCOL.place, seating(attempt.scene)
    pose = attempt.interaction.placement @ attempt.scene.target.world_from_object
    deep = at_most("penetration", geometry.penetration_m(pose), place.penetration_m, unit="m")
    if not deep.passed:
        return Seat("INFEASIBLE_PENETRATION", pose, (deep,))
    lift = at_most("lift", geometry.lift_m(pose, place.lift_m), place.lift_m, unit="m")
    if not lift.passed:
        return Seat("INFEASIBLE_PENETRATION", pose, (deep, lift))
    pose = Pose.at(0.0, 0.0, lift.value) @ pose
    gap = at_most("gap", geometry.drop_m(pose, FARTHEST_M), place.gap_m, unit="m")
    onto = attempt.spec.support
    named_m = gap.value if onto is None else geometry.drop_m(pose, FARTHEST_M, onto=onto)
    named = at_most("support_gap", named_m, place.gap_m, unit="m")
    gates = {"FLOATING": gap, "WRONG_SUPPORT": named}
    code = next((code for code, check in gates.items() if not check.passed), None)
    checks = (deep, lift, gap, named)
    if code is None and not is_nominal(attempt):
        return _perturbed(attempt, geometry, pose, checks)
    return Seat(code, pose, checks, gap.value)


def _perturbed(
    attempt: Attempt, geometry: Seating, nominal: Pose, checks: tuple[Check, ...]
) -> Seat:
    """Displace a pose that may be, and seat it on what is below."""
    place, target = PROTOCOL.place, attempt.scene.target
    pose = attempt.perturbation.placed(nominal, centre_of_mass_m(target, nominal))
    lift_m = geometry.lift_m(pose, place.seat_m)
    raised = at_most("seat_lift", lift_m, place.seat_m, unit="m")
    if not raised.passed:
        return Seat("INFEASIBLE_PENETRATION", pose, (*checks, raised))
    pose = Pose.at(0.0, 0.0, lift_m) @ pose
    drop_m = geometry.drop_m(pose, FARTHEST_M)
    lowered = at_most("seat_drop", drop_m, place.seat_m, unit="m")
    code = None if lowered.passed else "FLOATING"
    return Seat(code, Pose.at(0.0, 0.0, -drop_m) @ pose, (*checks, raised, lowered))


def centre_of_mass_m(target: Placement, world_from_object: Pose) -> np.ndarray:
    """Return the world centre of mass (3,) of the target's links at a pose, joints as placed."""
    poses = link_poses(replace(target, world_from_object=world_from_object))
    links = target.model.links
    centres = [poses[link.name].apply(link.centre_of_mass_m) for link in links]
    masses = np.array([link.mass_kg for link in links])
    return masses @ np.array(centres) / masses.sum()


def moved_scene(scene: Scene, world_from_object: Pose) -> Scene:
    """Return the scene with its target at another pose."""
    placements = tuple(
        replace(placed, world_from_object=world_from_object) if placed is scene.target else placed
        for placed in scene.placements
    )
    return replace(scene, placements=placements)


class Release:
    """The simulated half of the trial, the target loaded where it is let go."""

    def __init__(
        self, simulation: Simulation, scene: Scene, attempt: Attempt, *, film: Film
    ) -> None:
        self._simulation = simulation
        self._scene = scene
        self._support = attempt.spec.support
        self._azimuth_rad = attempt.perturbation.push_azimuth_rad
        links = scene.target.model.links
        self._mass_kg = attempt.perturbation.mass_scale * sum(link.mass_kg for link in links)
        self._root = scene.target.model.links[0]
        self._body = scene.target.body(self._root)
        self._film = film
        self.checks: list[Check] = []

    def run(self) -> str:
        """Let go and wait; return the outcome code."""
        place, simulation = PROTOCOL.place, self._simulation
        start = simulation.pose(self._body)
        self._film.shoot("start")
        if self._azimuth_rad is None:
            for frame, (before_s, time_s) in enumerate(pairwise((0.0, *FRAMES_S)), start=1):
                self._wait(time_s - before_s)
                self._film.shoot(f"released-{frame}")
            self._wait(place.duration_s - FRAMES_S[-1])
        else:
            self._pushed(self._azimuth_rad)
        self._film.shoot("end")
        return self._code(start, simulation.pose(self._body))

    def _pushed(self, azimuth_rad: float) -> None:
        """Wait, push sideways at the centre of mass of the root link, and wait."""
        place, simulation = PROTOCOL.place, self._simulation
        self._wait(place.push_start_s)
        direction = np.array([np.cos(azimuth_rad), np.sin(azimuth_rad), 0.0])
        force_n = self._mass_kg * place.push_m_s2 * direction
        in_link = simulation.pose(self._body).inverse().turn(force_n)
        centre_m = self._root.centre_of_mass_m
        simulation.apply_wrench(self._body, centre_m, in_link, np.zeros(3))
        self._wait(place.push_s)
        simulation.apply_wrench(self._body, centre_m, np.zeros(3), np.zeros(3))
        self._wait(place.duration_s - place.push_start_s - place.push_s)

    def _wait(self, duration_s: float) -> None:
        self._simulation.step(round(duration_s / self._simulation.timestep_s))

    def _code(self, start: Pose, end: Pose) -> str:
        place, centre_m = PROTOCOL.place, self._root.centre_of_mass_m
        moved_m = float(np.linalg.norm(end.apply(centre_m) - start.apply(centre_m)))
        turned_rad = se3.quat_angle_rad(start.quat_wxyz, end.quat_wxyz)
        speed_m_s, spin_rad_s = self._simulation.speed(self._body)
        speed = at_most("speed", speed_m_s, place.speed_m_s, unit="m/s")
        spin = at_most("spin", spin_rad_s, place.spin_rad_s, unit="rad/s")
        gates = (
            ("TIPPED", at_most("turned", turned_rad, place.tipped_rad, unit="rad")),
            ("SLID", at_most("moved_centre", moved_m, place.moved_m, unit="m")),
            ("MOVING", speed),
            ("MOVING", spin),
            ("OFF_SUPPORT", at_least("touching", float(self._touches()), 1.0, unit="")),
        )
        self.checks += [check for _, check in gates]
        return next((code for code, check in gates if not check.passed), "SUCCESS")

    def _touches(self) -> bool:
        """Say whether any link of the target presses on the named support, or on anything."""
        target = self._scene.target
        names = [p.name for p in self._scene.placements if p is not target]
        contacts = tuple(
            contact
            for link in target.model.links
            for contact in self._simulation.contacts(target.body(link))
        )
        wanted = names if self._support is None else [self._support]
        return any(normal_force_n(contacts, name) > 0.0 for name in wanted)


def balance_check(attempt: Attempt, seat: Seat) -> Check:
    """Check the centre of mass over the support polygon where the target is let go.

    Statics beside the simulation: it is reported and decides nothing.
    """
    scene, support = attempt.scene, attempt.spec.support
    target, hulls = scene.target, placed_hulls(attempt.scene)
    motion = seat.world_from_object @ target.world_from_object.inverse()
    carried = [transformed(h.mesh, motion) for h in hulls if h.placement == target.name]
    carriers = [
        hull.mesh
        for hull in hulls
        if hull.placement != target.name and support in (None, hull.placement)
    ]
    band_m = seat.gap_m + PROTOCOL.place.footprint_band_m
    corners_m = support_corners(carried, carriers, band_m=band_m)
    centre_m = centre_of_mass_m(target, seat.world_from_object)[:2]
    return at_least("balance", inside_by_m(corners_m, centre_m), 0.0, unit="m", gating=False)
