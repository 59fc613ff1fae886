"""Union of closed meshes."""

from __future__ import annotations

from collections.abc import Sequence

import manifold3d
import numpy as np

from ivlm_bench.errors import AssetError
from ivlm_bench.geometry.mesh import welded
from ivlm_bench.types import Mesh


def union(meshes: Sequence[Mesh]) -> Mesh:
    """Return the outer surface of closed meshes that may overlap; texture seams are welded away.

    Raises
    ------
    AssetError
        If one of the meshes is not a closed, oriented manifold.
    """
    solids = [_manifold(mesh, index) for index, mesh in enumerate(meshes)]
    joined = manifold3d.Manifold.batch_boolean(solids, manifold3d.OpType.Add)
    out = joined.to_mesh64()
    vertices = np.asarray(out.vert_properties, np.float64)[:, :3]
    return Mesh(vertices, np.asarray(out.tri_verts).astype(np.int32))


def _manifold(mesh: Mesh, index: int) -> manifold3d.Manifold:
    plain = welded(mesh)
    solid = manifold3d.Manifold(
        manifold3d.Mesh64(
            vert_properties=plain.vertices_m.copy(),  # the binding refuses read-only arrays
            tri_verts=plain.faces.astype(np.uint64),
        )
    )
    if solid.status() != manifold3d.Error.NoError or solid.is_empty():
        raise AssetError(f"Mesh {index} of a union is no closed manifold: {solid.status()}.")
    return solid
