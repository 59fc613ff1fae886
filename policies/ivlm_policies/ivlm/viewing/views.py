"""Which pictures are looked at: the given ones, and such as are made from depth or a mesh."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ivlm_bench.geometry.cloud import fuse, object_cloud
from ivlm_bench.geometry.mesh import sample_surface
from ivlm_bench.types import Camera, Observation, View
from ivlm_policies.ivlm.viewing.cameras import cameras_about
from ivlm_policies.ivlm.viewing.splatting import splat


@dataclass(frozen=True, eq=False, slots=True)
class MadeView(View):
    """A picture that no camera took; it tells nothing of what no camera saw."""


def own_views(views: tuple[View, ...]) -> tuple[View, ...]:
    """Return the views that cameras took."""
    return tuple(view for view in views if not isinstance(view, MadeView))


def cleaned(view: View) -> View:
    """Return a view whose depth is 0 where it is negative: no camera measures that."""
    if view.depth_m is None or not (view.depth_m < 0).any():
        return view
    return replace(view, depth_m=np.maximum(view.depth_m, 0.0))


class GivenViews:
    """The given views, and no more."""

    def views(self, observation: Observation, /) -> tuple[View, ...]:
        """Return the observation's views."""
        return observation.views


class VirtualDepthViews:
    """The given views, and those of further cameras onto the surface that their depth shows."""

    def views(self, observation: Observation, /) -> tuple[View, ...]:
        """Return the given views and the made ones; only the given ones without depth."""
        own = observation.views
        if all(view.depth_m is None for view in own) or len(object_cloud(own)) == 0:
            return own
        middle = object_cloud(own).points_m.mean(axis=0)
        scene = fuse(own, voxel_m=0.002)
        made = [
            _made(camera, scene.points_m, scene.colours)
            for camera in cameras_about(own[0].camera, middle)
        ]
        return (*own, *made)


class VirtualMeshViews:
    """The given views, and those of further cameras onto the mesh of the thing at hand."""

    def views(self, observation: Observation, /) -> tuple[View, ...]:
        """Return the given views and the made ones; only the given ones without a mesh."""
        own, mesh = observation.views, observation.object_mesh
        if mesh is None or len(mesh.faces) == 0:
            return own
        points, _, _ = sample_surface(mesh, 40000, np.random.default_rng(0))
        colours = np.full((len(points), 3), 0.6)
        middle = points.mean(axis=0)
        return (*own, *(_made(c, points, colours) for c in cameras_about(own[0].camera, middle)))


def _made(camera: Camera, points_m: np.ndarray, colours: np.ndarray) -> MadeView:
    rgb, depth_m = splat(camera, points_m, colours)
    return MadeView(camera, rgb, depth_m)
