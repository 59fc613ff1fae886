"""Pictures whose every number can be worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ivlm_bench.geometry.camera import project
from ivlm_bench.protocols import Rendering, Surface
from ivlm_bench.render.lights import BACKGROUND, LIGHT_X, LIGHT_Y, LIGHT_Z
from ivlm_bench.render.soft import SoftRenderer
from ivlm_bench.types import Camera, Pose

SIZE = 32
GREY = np.full((1, 1, 3), 128, np.uint8)


@pytest.fixture(scope="module")
def soft() -> SoftRenderer:
    return SoftRenderer()


def forward_camera(size_px: int = SIZE, focal_px: float = 32.0) -> Camera:
    """Camera at the origin whose frame is the world's: +x right, +y down, +z forward."""
    k = np.array([[focal_px, 0, size_px // 2], [0, focal_px, size_px // 2], [0, 0, 1.0]])
    return Camera(k, Pose.identity(), size_px, size_px)


def down_camera(height_m: float, size_px: int = 64, focal_px: float = 64.0) -> Camera:
    """Camera above the origin that looks straight down: image +x is world +x, +y is world -y."""
    centre = (size_px - 1) / 2
    k = np.array([[focal_px, 0, centre], [0, focal_px, centre], [0, 0, 1.0]])
    return Camera(k, Pose(np.array([0, 0, height_m]), np.array([0, 1.0, 0, 0])), size_px, size_px)


def surface(
    vertices: Any,
    faces: Any,
    *,
    texture: np.ndarray = GREY,
    uv: Any = None,
    smooth: bool = False,
) -> Surface:
    vertices = np.asarray(vertices, np.float64)
    uv = np.zeros((len(vertices), 2), np.float32) if uv is None else np.asarray(uv, np.float32)
    return Surface("s", vertices, np.asarray(faces, np.int32), uv, texture, smooth)


def facing_quad(z_m: float, half_m: float, **options: Any) -> Surface:
    """Quad at depth z that faces the forward camera (its outside is at -z)."""
    corners = [[-half_m, -half_m, z_m], [half_m, -half_m, z_m]]
    corners += [[half_m, half_m, z_m], [-half_m, half_m, z_m]]
    return surface(corners, [[0, 2, 1], [0, 3, 2]], **options)


def floor(half_m: float, z_m: float = 0.0, **options: Any) -> Surface:
    """Horizontal square seen from above."""
    corners = [[-half_m, -half_m, z_m], [half_m, -half_m, z_m]]
    corners += [[half_m, half_m, z_m], [-half_m, half_m, z_m]]
    return surface(corners, [[0, 1, 2], [0, 2, 3]], **options)


def box(half_m: float) -> Surface:
    corners = [[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [(q[0], q[i], q[i + 1]) for q in quads for i in (1, 2)]
    return surface(half_m * np.array(corners, float), faces)


def sphere(radius_m: float, *, around: int = 48, along: int = 24, smooth: bool = True) -> Surface:
    tilt, turn = np.meshgrid(
        np.pi * np.arange(along + 1) / along, 2 * np.pi * np.arange(around) / around, indexing="ij"
    )
    points = np.stack(
        [np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)], axis=-1
    ).reshape(-1, 3)
    faces = []
    for i in range(along):
        for j in range(around):
            a, b = i * around + j, i * around + (j + 1) % around
            faces += [(a, a + around, b + around), (a, b + around, b)]
    used = [f for f in faces if len({tuple(np.round(points[k], 9)) for k in f}) == 3]
    return surface(radius_m * points, used, smooth=smooth)


def luma(rendering: Rendering) -> np.ndarray:
    return rendering.rgb.astype(float).mean(axis=2)


def test_triangle_covers_the_pixels_of_its_projection(soft: SoftRenderer) -> None:
    # Focal 32 px, depth 2 m: 16 px a metre about (16, 16). The corners (-0.5, -0.5), (0.5, -0.5),
    # (-0.5, 0.5) m fall on pixels (8, 8), (24, 8), (8, 24): inside where x + y <= 32.
    triangle = surface([[-0.5, -0.5, 2], [-0.5, 0.5, 2], [0.5, -0.5, 2]], [[0, 1, 2]])
    got = soft.render((triangle,), forward_camera())
    y, x = np.indices((SIZE, SIZE))
    inside = (x >= 8) & (y >= 8) & (x + y <= 32)
    np.testing.assert_array_equal(got.part_ids, np.where(inside, 0, -1))
    np.testing.assert_array_equal(got.face_ids, np.where(inside, 0, -1))
    np.testing.assert_array_equal(got.depth_m, np.where(inside, np.float32(2.0), np.float32(0.0)))


def test_slanted_plane_has_analytic_depth(soft: SoftRenderer) -> None:
    # Plane z = 2 + x: along the ray ((u - 16) / 32, ., 1) z = 2 + z (u - 16) / 32.
    plane = surface([[-1, -2, 1], [-1, 2, 1], [1, 2, 3], [1, -2, 3]], [[0, 1, 2], [0, 2, 3]])
    got = soft.render((plane,), forward_camera())
    x = np.indices((SIZE, SIZE))[1]
    want = 2.0 / (1.0 - (x - 16) / 32.0)
    hit = got.part_ids == 0
    assert hit.sum() > 500
    np.testing.assert_allclose(got.depth_m[hit], want[hit], rtol=2e-7)


def test_textured_quad_shows_each_texel_where_uv_puts_it(soft: SoftRenderer) -> None:
    # 16 px a side at 2 x 2 texels: far from texel borders a pixel has its texel's hue.
    texture = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)
    quad = facing_quad(2.0, 0.5, texture=texture, uv=[[0, 0], [1, 0], [1, 1], [0, 1]])
    rgb = soft.render((quad,), forward_camera(), shadows=False).rgb
    for (row, column), texel in {(12, 12): 0, (12, 20): 1, (20, 12): 2}.items():
        channels = rgb[row, column].astype(int)
        assert channels.argmax() == texel
        assert sorted(channels)[1] == 0
    white = rgb[20, 20].astype(int)
    assert white.min() == white.max() > 0


def test_texture_wraps(soft: SoftRenderer) -> None:
    texture = np.array([[[255, 0, 0], [0, 255, 0]]], np.uint8)
    base = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    pictures = [
        soft.render((facing_quad(2.0, 0.5, texture=texture, uv=base + d),), forward_camera()).rgb
        for d in ((0, 0), (3, -2))
    ]
    np.testing.assert_array_equal(pictures[0], pictures[1])


def test_fine_texture_far_away_becomes_its_mean(soft: SoftRenderer) -> None:
    # A black and white checkerboard of 128 texels over 16 px; its mean linear light is 0.5, as of
    # sRGB 188 (0.5029), so both quads come out alike within one grey level or two.
    y, x = np.indices((128, 128))
    checks = np.repeat((255 * ((x + y) % 2)).astype(np.uint8)[..., None], 3, axis=2)
    uv = [[0, 0], [1, 0], [1, 1], [0, 1]]
    plain = np.full((1, 1, 3), 188, np.uint8)
    pictures = [
        soft.render((facing_quad(2.0, 0.5, texture=t, uv=uv),), forward_camera(), shadows=False)
        for t in (checks, plain)
    ]
    inner = np.s_[10:23, 10:23]
    assert np.abs(luma(pictures[0])[inner] - luma(pictures[1])[inner]).max() <= 2.0


def test_nearer_surface_hides_the_farther_in_either_order(soft: SoftRenderer) -> None:
    near, far = facing_quad(1.0, 0.125), facing_quad(2.0, 0.75)
    for order, near_id in (((near, far), 0), ((far, near), 1)):
        got = soft.render(order, forward_camera())
        # near: 32 px a metre: columns 12..20; far: 16 px a metre: columns 4..28.
        assert (got.part_ids[12:21, 12:21] == near_id).all()
        assert (got.depth_m[12:21, 12:21] == np.float32(1.0)).all()
        ring = got.part_ids[4:29, 4:29] == 1 - near_id
        assert ring.sum() == 25 * 25 - 9 * 9


def test_crossing_planes_share_the_picture_along_their_line(soft: SoftRenderer) -> None:
    # z = 2 + x against z = 2: they cross at x = 0, column 16; left of it the slanted one is nearer.
    slanted = surface([[-1, -1, 1], [-1, 1, 1], [1, 1, 3], [1, -1, 3]], [[0, 1, 2], [0, 2, 3]])
    got = soft.render((slanted, facing_quad(2.0, 0.9)), forward_camera())
    assert (got.part_ids[10:22, 5:16] == 0).all()
    assert (got.part_ids[10:22, 17:28] == 1).all()


def test_back_faces_are_not_drawn(soft: SoftRenderer) -> None:
    quad = facing_quad(2.0, 0.5)
    turned = surface(quad.vertices_m, quad.faces[:, ::-1])
    got = soft.render((turned,), forward_camera())
    assert (got.part_ids == -1).all()
    assert (got.rgb == np.array(BACKGROUND, np.uint8)).all()


def test_no_surfaces_give_the_background(soft: SoftRenderer) -> None:
    for surfaces in ((), (surface(np.zeros((0, 3)), np.zeros((0, 3))),)):
        got = soft.render(surfaces, forward_camera())
        assert (got.rgb == np.array(BACKGROUND, np.uint8)).all()
        assert (got.part_ids == -1).all()
        assert (got.face_ids == -1).all()
        assert (got.depth_m == 0).all()


def test_camera_inside_a_box_sees_nothing_of_it(soft: SoftRenderer) -> None:
    assert (soft.render((box(1.0),), forward_camera()).part_ids == -1).all()


def test_floor_that_passes_under_the_camera_is_cut_not_lost(soft: SoftRenderer) -> None:
    # Plane y = 0.5 (down is +y) from 3 m behind to 3 m ahead: row v shows z = 0.5 * 32 / (v - 16).
    plane = surface(
        [[-9, 0.5, -3], [9, 0.5, -3], [9, 0.5, 3], [-9, 0.5, 3]], [[0, 1, 2], [0, 2, 3]]
    )
    got = soft.render((plane,), forward_camera())
    rows = np.arange(22, SIZE)  # z = 16 / 6 = 2.67 m is the first row nearer than 3 m
    assert (got.part_ids[rows] == 0).all()
    assert (got.part_ids[:21] == -1).all()
    want = np.repeat((16.0 / (rows - 16.0))[:, None], SIZE, axis=1)
    np.testing.assert_allclose(got.depth_m[rows], want, rtol=3e-7)


def test_geometry_through_and_behind_the_camera_does_not_crash(soft: SoftRenderer) -> None:
    rng = np.random.default_rng(5)
    soup = surface(rng.normal(size=(300, 3)), np.arange(300).reshape(100, 3))
    got = soft.render((soup, sphere(0.5)), forward_camera())
    assert np.isfinite(got.depth_m).all()
    assert (got.depth_m[got.part_ids >= 0] > 0).all()


def test_neighbouring_faces_leave_no_gap(soft: SoftRenderer) -> None:
    # A jittered net of 2 x 20 x 20 faces fills the picture: every pixel is hit.
    rng = np.random.default_rng(2)
    steps = np.linspace(-1.5, 1.5, 21)
    x, y = np.meshgrid(steps, steps, indexing="ij")
    inner = np.pad(np.ones((19, 19)), 1)
    x = x + inner * rng.uniform(-0.05, 0.05, x.shape)
    y = y + inner * rng.uniform(-0.05, 0.05, x.shape)
    net = np.stack([x, y, np.full_like(x, 2.0)], -1).reshape(-1, 3)
    i, j = (a.ravel() for a in np.meshgrid(range(20), range(20), indexing="ij"))
    a = 21 * i + j
    faces = np.concatenate([np.stack([a, a + 1, a + 22], 1), np.stack([a, a + 22, a + 21], 1)])
    got = soft.render((surface(net, faces),), forward_camera(128, 128.0))
    assert (got.part_ids == 0).all()


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    normal=st.tuples(*[st.floats(-0.6, 0.6)] * 2),
    distance_m=st.floats(0.3, 3.0),
    principal_px=st.tuples(*[st.floats(10.0, 22.0)] * 2),
)
def test_depth_of_any_plane_is_analytic(
    soft: SoftRenderer,
    normal: tuple[float, float],
    distance_m: float,
    principal_px: tuple[float, float],
) -> None:
    # n . p = -distance with n = (nx, ny, -1): z = distance / (1 - nx x' - ny y').
    nx, ny = normal
    xy = np.array([[-8, -8], [8, -8], [8, 8], [-8, 8.0]])
    z = distance_m + xy @ [nx, ny]
    plane = surface(np.column_stack([xy, z]), [[0, 2, 1], [0, 3, 2]])
    k = np.array([[32.0, 0, principal_px[0]], [0, 40.0, principal_px[1]], [0, 0, 1]])
    got = soft.render((plane,), Camera(k, Pose.identity(), SIZE, SIZE), shadows=False)
    v, u = np.nonzero(got.part_ids == 0)
    across = nx * (u - principal_px[0]) / 32.0 + ny * (v - principal_px[1]) / 40.0
    assert len(u) > 50
    np.testing.assert_allclose(got.depth_m[v, u], distance_m / (1 - across), rtol=1e-6)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 10_000))
def test_ids_and_depth_agree_with_ray_casting(soft: SoftRenderer, seed: int) -> None:
    """A second implementation: Moeller and Trumbore's test of every pixel with every face."""
    rng = np.random.default_rng(seed)
    soup = surface(rng.uniform([-1, -1, 1], [1, 1, 3], (24, 3)), np.arange(24).reshape(8, 3))
    got = soft.render((soup,), forward_camera(), shadows=False)
    v, u = np.indices((SIZE, SIZE))
    rays = np.stack([(u - 16) / 32.0, (v - 16) / 32.0, np.ones((SIZE, SIZE))], -1)
    best = np.full((SIZE, SIZE), np.inf)
    face = np.full((SIZE, SIZE), -1)
    clear = np.ones((SIZE, SIZE), bool)
    for f, (a, b, c) in enumerate(soup.vertices_m[soup.faces]):
        n = np.cross(b - a, c - a)
        along = rays @ n
        t = (a @ n) / along
        p = rays * t[..., None]
        weights = np.stack(
            [np.cross(k - j, p - j) @ n / (n @ n) for j, k in ((b, c), (c, a), (a, b))]
        )
        inside = (along < 0) & (weights.min(axis=0) >= 0) & (t < best)
        best, face = np.where(inside, t, best), np.where(inside, f, face)
        # Snapping moves an edge by at most 1/1024 px; leave out what lies that near to one.
        reach = np.linalg.norm(n) / max(np.linalg.norm(b - a), np.linalg.norm(c - b)) / a[2]
        clear &= (np.abs(weights.min(axis=0)) * reach * 32.0 > 0.02) & (np.abs(along) > 1e-3)
    assume(clear.mean() > 0.7)  # slivers lie near an edge everywhere
    np.testing.assert_array_equal(got.face_ids[clear], face[clear])
    hit = clear & (face >= 0)
    np.testing.assert_allclose(got.depth_m[hit], best[hit], rtol=1e-5)


def test_shadow_falls_where_the_light_throws_it(soft: SoftRenderer) -> None:
    # A square 0.2 m wide floats 0.5 m above the floor. Its shadow's centre lies 0.5 m down the
    # light's ray, at -0.5 (lx, ly) / lz; the camera at 3 m sees 64 / 3 px a metre of floor.
    plate = floor(0.1, z_m=0.5)
    camera = down_camera(3.0)
    lit = soft.render((floor(1.4), plate), camera, shadows=False)
    shaded = soft.render((floor(1.4), plate), camera)
    drop = luma(lit) - luma(shaded)
    centre = np.array([[-0.5 * LIGHT_X / LIGHT_Z, -0.5 * LIGHT_Y / LIGHT_Z, 0.0]])
    x, y = project(camera, centre)[0][0]
    rows, columns = np.nonzero(drop > 20)
    assert abs(columns.mean() - x) < 0.5
    assert abs(rows.mean() - y) < 0.5
    # 0.2 m at 64 / 3 px a metre is 4.27 px a side: 18 px in all, give or take the soft edge.
    assert 12 <= len(rows) <= 26
    far = np.hypot(np.indices(drop.shape)[1] - x, np.indices(drop.shape)[0] - y) > 6
    assert np.abs(drop[far & (lit.part_ids == 0)]).max() <= 1.0


def test_unshadowed_surfaces_show_no_acne(soft: SoftRenderer) -> None:
    # Nothing stands in the light of a lone floor or of a sphere's lit cap: shadows change nothing.
    for thing, lit_from in ((floor(0.5), 0.0), (sphere(0.3), 0.25)):
        camera = down_camera(1.2, 128, 128.0)
        with_map = soft.render((thing,), camera)
        without = soft.render((thing,), camera, shadows=False)
        n = _normals(camera, without, 0.3) if thing.smooth else np.array([0, 0, 1.0])
        cap = (without.part_ids == 0) & (n @ [LIGHT_X, LIGHT_Y, LIGHT_Z] > lit_from)
        assert cap.sum() > 1000
        assert np.abs(luma(with_map) - luma(without))[cap].max() <= 1.0


def _normals(camera: Camera, rendering: Rendering, radius_m: float) -> np.ndarray:
    """Outward directions of the visible points of a sphere about the origin."""
    v, u = np.indices(rendering.depth_m.shape)
    k = camera.intrinsics_px
    z = rendering.depth_m.astype(float)
    local = np.stack([(u - k[0, 2]) / k[0, 0] * z, (v - k[1, 2]) / k[1, 1] * z, z], -1)
    return camera.world_from_camera.apply(local) / radius_m


def test_smooth_sphere_has_no_facets_and_a_box_keeps_its_edges(soft: SoftRenderer) -> None:
    camera = down_camera(1.2, 128, 128.0)
    smooth = luma(soft.render((sphere(0.3),), camera, shadows=False))
    facets = luma(soft.render((sphere(0.3, smooth=False),), camera, shadows=False))
    middle = np.s_[50:78, 50:78]
    curvature = [np.abs(np.diff(p[middle], 2, axis=1)).max() for p in (smooth, facets)]
    assert curvature[0] <= 2.0 < curvature[1]
    cube = box(0.2)
    rounded = Surface("b", cube.vertices_m, cube.faces, cube.uv, GREY, smooth=True)
    hard, soft_box = (soft.render((b,), forward_like(camera)).rgb for b in (cube, rounded))
    np.testing.assert_array_equal(hard, soft_box)


def forward_like(camera: Camera) -> Camera:
    """The same lens, looking at the origin from one corner."""
    from ivlm_bench.geometry.camera import look_at

    return look_at(np.array([0.6, 0.5, 0.7]), np.zeros(3), fov_rad=0.9, size_px=camera.width_px)


def test_anti_aliasing_grades_edges_only() -> None:
    # The quad's left edge lies at column 8.25: of that pixel's samples at 7.75 and 8.25 one half
    # is inside.
    quad = facing_quad(2.0, 0.484375)
    sharp = SoftRenderer(anti_alias=False).render((quad,), forward_camera(), shadows=False)
    graded = SoftRenderer().render((quad,), forward_camera(), shadows=False)
    np.testing.assert_array_equal(sharp.part_ids, graded.part_ids)
    np.testing.assert_array_equal(sharp.depth_m, graded.depth_m)
    assert len(np.unique(sharp.rgb[:, :, 0])) <= 3
    inner = np.s_[10:22, 10:22]
    np.testing.assert_array_equal(sharp.rgb[inner], graded.rgb[inner])
    row = luma(graded)[16]
    assert row[9] + 5 < row[8] < row[7] - 5
