"""The constants of ObMan's simulation displacement, and what follows from them alone."""

from __future__ import annotations

# Hasson et al., Learning joint reconstruction of hands and manipulated objects, CVPR 2019;
# obman_train mano_train/simulation/simulate.py. GraspTTA's metric/simulate.py has the same.
N_STEPS = 35
STEP_S = 1.0 / 240.0
GRAVITY_M_S2 = 9.8
FRICTION = 3.0
MASS_KG = 1.0
OBJECT_RESTITUTION = 0.5
HAND_RESTITUTION = 0.0
SOLVER_ITERATIONS = 150
#: Bullet's damping unless told otherwise, which ObMan does not: a body of mass m and speed v is
#: slowed by ``0.04 m v (1 + v)``, 1/s and 1/m.
LINEAR_DAMPING = 0.04


def free_fall_m() -> float:
    """Return how far an object that nothing holds falls in the 35 steps: the measure's ceiling.

    Each step of semi-implicit Euler adds ``g dt`` to the speed, takes the damping's share of it
    away, and moves on: 10.684 cm. No hand does worse than let go, unless it throws.
    """
    speed = fallen = 0.0
    for _ in range(N_STEPS):
        damping = LINEAR_DAMPING * speed * (1.0 + speed)
        speed += (GRAVITY_M_S2 - damping) * STEP_S
        fallen += speed * STEP_S
    return fallen
