"""Collision shapes in Bullet, all with next to no margin, which Bullet grants only to bases."""

from __future__ import annotations

import itertools
import tempfile
from collections import OrderedDict
from pathlib import Path

import numpy as np

from ivlm_bench.engines.bullet_native import pybullet
from ivlm_bench.errors import AssetError
from ivlm_bench.types import Link, Mesh, Pose

#: Collision margin, metres: Bullet's own 1 mm would close gaps of 2 mm (docs/protocol.md). At
#: exactly zero hulls that just touch have no normal but the vertical, and a box stays on a slope
#: of 40 deg at friction 0.6; with 10 um it slides within 2 % of the analytic path.
MARGIN_M = 1e-5
#: Shape index that stands for "none".
NO_SHAPE = -1
#: Links whose file of hulls is kept.
CACHED_FILES = 256
#: Where the body that passes on the margin is made, metres: away from everything.
FAR_AWAY_M = [1e3, 0.0, 0.0]


class HullFiles:
    """Files of convex pieces, one a link; Bullet takes several hulls in one shape only so."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ivlm_bench_bullet_")
        self._numbers = itertools.count()
        self._paths: OrderedDict[Link, Path] = OrderedDict()

    def path(self, link: Link, hulls: list[Mesh], frame_from_link: Pose) -> Path:
        """Return the file of a link's hulls, in the link's Bullet frame."""
        if link not in self._paths:
            # Never one name twice: Bullet would take the old file's geometry.
            path = Path(self._folder.name) / f"link_{next(self._numbers)}.obj"
            path.write_text(_obj(hulls, frame_from_link))
            self._paths[link] = path
            while len(self._paths) > CACHED_FILES:
                self._paths.popitem(last=False)[1].unlink()
        self._paths.move_to_end(link)
        return self._paths[link]


def link_shape(client: int, link: Link, frame_from_link: Pose, files: HullFiles) -> int:
    """Return the collision shape of all hulls of a link, in its Bullet frame."""
    hulls = [hull for part in link.parts for hull in part.hulls]
    if not hulls:
        return NO_SHAPE
    if len(hulls) == 1:
        shape = _hull(client, frame_from_link.apply(hulls[0].vertices_m))
    else:
        path = files.path(link, hulls, frame_from_link)
        shape = int(
            pybullet.createCollisionShape(
                pybullet.GEOM_MESH, fileName=str(path), physicsClientId=client
            )
        )
    if shape < 0:
        raise AssetError(
            f"PyBullet refuses the hulls of the link {link.name!r}; check their vertices."
        )
    _remove_margin(client, shape)
    return shape


def box_shape(client: int, half_m: tuple[float, float, float]) -> int:
    """Return a box about the origin, as a hull.

    Bullet's own box against box draws new contact points in each step: a held box then turned by
    4 mrad/s and crept by 340 um/s, as hulls it creeps by less than 1 um/s at half the time.
    """
    shape = _hull(client, np.array(list(itertools.product((-1.0, 1.0), repeat=3))) * half_m)
    _remove_margin(client, shape)
    return shape


def sphere_shape(client: int, radius_m: float) -> int:
    """Return a sphere."""
    return int(
        pybullet.createCollisionShape(pybullet.GEOM_SPHERE, radius=radius_m, physicsClientId=client)
    )


def wxyz(quat_xyzw: tuple[float, ...]) -> np.ndarray:
    """Turn Bullet's quaternion into ours."""
    x, y, z, w = quat_xyzw
    return np.array([w, x, y, z])


def xyzw(quat_wxyz: np.ndarray) -> list[float]:
    """Turn our quaternion into Bullet's."""
    w, x, y, z = (float(v) for v in quat_wxyz)
    return [x, y, z, w]


def _remove_margin(client: int, shape: int) -> None:
    """Set the margin through a passing body: shapes are shared, and only a base's can be set."""
    body = pybullet.createMultiBody(0.0, shape, basePosition=FAR_AWAY_M, physicsClientId=client)
    pybullet.changeDynamics(body, -1, collisionMargin=MARGIN_M, physicsClientId=client)
    pybullet.removeBody(body, physicsClientId=client)


def _hull(client: int, points_m: np.ndarray) -> int:
    return int(
        pybullet.createCollisionShape(
            pybullet.GEOM_MESH, vertices=points_m.tolist(), physicsClientId=client
        )
    )


def _obj(hulls: list[Mesh], frame_from_link: Pose) -> str:
    lines: list[str] = []
    first = 1
    for number, hull in enumerate(hulls):
        points = frame_from_link.apply(hull.vertices_m)
        lines.append(f"o hull{number}")
        lines += [f"v {x:.17g} {y:.17g} {z:.17g}" for x, y, z in points]
        lines += [f"f {a} {b} {c}" for a, b, c in hull.faces + first]
        first += len(points)
    return "\n".join(lines) + "\n"
