"""Volume, centre of mass and inertia of closed meshes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float64

from ivlm_bench.errors import AssetError
from ivlm_bench.types import Mesh

#: Factors of the ten integrals: 1, x, y, z, x2, y2, z2, xy, yz, zx (Eberly, table at the end).
_FACTORS = np.array([1 / 6] + [1 / 24] * 3 + [1 / 60] * 3 + [1 / 120] * 3)


@dataclass(frozen=True, eq=False, slots=True)
class MassProperties:
    """Mass (kg), centre of mass (m), inertia (kg m2) about the centre of mass, in mesh axes."""

    mass_kg: float
    centre_of_mass_m: Float64[np.ndarray, "3"]
    inertia_kg_m2: Float64[np.ndarray, "3 3"]


def volume_m3(mesh: Mesh) -> float:
    """Return the volume inside a closed mesh: sum of det(a, b, c) / 6 over its faces."""
    centred = mesh.vertices_m - mesh.vertices_m.mean(axis=0)
    a, b, c = (centred[mesh.faces[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6.0)


def mass_properties(mesh: Mesh, density_kg_m3: float) -> MassProperties:
    """Integrate a closed mesh of uniform density by the divergence theorem.

    Raises
    ------
    AssetError
        If the enclosed volume is not positive (open surface, or faces wound inwards).

    References
    ----------
    Eberly, Polyhedral Mass Properties (Revisited), Geometric Tools, 2002-2009.
    """
    shift = mesh.vertices_m.mean(axis=0)
    integrals = _integrals(mesh.vertices_m - shift, mesh.faces)
    volume = float(integrals[0])
    if volume <= 0.0:
        raise AssetError(f"A mesh encloses {volume:.3g} m3; close it and wind its faces outwards.")
    centre = integrals[1:4] / volume
    second = np.diag(integrals[4:7])
    second[[0, 1, 2], [1, 2, 0]] = second[[1, 2, 0], [0, 1, 2]] = integrals[7:10]
    about_centre = second - volume * np.outer(centre, centre)
    inertia = np.trace(about_centre) * np.eye(3) - about_centre
    return MassProperties(density_kg_m3 * volume, centre + shift, density_kg_m3 * inertia)


def _integrals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return Eberly's ten surface integrals."""
    return np.asarray(_FACTORS * _face_sums(vertices, vertices**3, faces))


@numba.njit(cache=True)
@no_type_check  # compiled: no checker can wrap it
def _face_sums(vertices, cubes, faces):
    """Return the ten integrals without their factors; ``cubes`` are the vertices to the third."""
    sums = np.zeros(10)
    for i in range(len(faces)):
        a, b, c = faces[i, 0], faces[i, 1], faces[i, 2]
        for k in range(3):
            n, m = (k + 1) % 3, (k + 2) % 3
            u_n, u_m = vertices[b, n] - vertices[a, n], vertices[b, m] - vertices[a, m]
            v_n, v_m = vertices[c, n] - vertices[a, n], vertices[c, m] - vertices[a, m]
            cross = u_n * v_m - u_m * v_n
            w0, w1, w2 = vertices[a, k], vertices[b, k], vertices[c, k]
            f1 = w0 + w1 + w2
            inner = w0 * w0 + w1 * (w0 + w1)
            f2 = inner + w2 * f1
            f3 = cubes[a, k] + w1 * inner + w2 * f2
            mixed = vertices[a, n] * (f2 + w0 * (f1 + w0))
            mixed += vertices[b, n] * (f2 + w1 * (f1 + w1))
            mixed += vertices[c, n] * (f2 + w2 * (f1 + w2))
            if k == 0:
                sums[0] += cross * f1
            sums[1 + k] += cross * f2
            sums[4 + k] += cross * f3
            sums[7 + k] += cross * mixed
    return sums
