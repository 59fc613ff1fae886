from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from ivlm_bench.errors import ConfigError
from ivlm_policies.vlm.letterbox import Letterbox, check_side, png_bytes, whole_steps

SIZES = [(224, 224), (96, 96), (640, 480), (480, 640), (1920, 1080), (101, 37), (1, 50)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("side_px", [None, 224, 448, 333])
def test_there_and_back_is_where_it_was(size: tuple[int, int], side_px: int | None) -> None:
    box = Letterbox.of(*size, side_px=side_px)
    for x, y in ((0.0, 0.0), (size[0] - 1.0, size[1] - 1.0), (3.25, 7.5), (-0.5, -0.5)):
        assert box.to_view(*box.to_square(x, y)) == pytest.approx((x, y), abs=1e-9)


def test_edges_meet_edges() -> None:
    box = Letterbox.of(640, 480, side_px=448)  # scaled by 0.7 to 448 x 336, margins of 56
    assert (box.inner_px, box.left_px, box.top_px) == ((448, 336), 0, 56)
    assert box.to_view(-0.5, 55.5) == pytest.approx((-0.5, -0.5))
    assert box.to_view(447.5, 391.5) == pytest.approx((639.5, 479.5))
    assert box.to_view(0.0, 56.0) == pytest.approx((0.5 / 0.7 - 0.5, 0.5 / 0.7 - 0.5))


@pytest.mark.parametrize("size", [(224, 224), (300, 200), (200, 300), (96, 64)])
@pytest.mark.parametrize("side_px", [None, 448])
def test_a_disc_is_drawn_where_the_transform_says(
    size: tuple[int, int], side_px: int | None
) -> None:
    width, height = size
    centre = (0.3 * width, 0.6 * height)
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(x - centre[0], y - centre[1]) <= 12.0
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[inside] = 255
    box = Letterbox.of(width, height, side_px=side_px)
    drawn = box.draw(rgb).astype(float)
    assert drawn.shape == (box.side_px, box.side_px, 3)
    weight = np.maximum(drawn[..., 0] - 128, 0.0)  # the grey of the margins does not count
    rows, columns = np.indices(weight.shape)
    seen = ((weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum())
    asked = box.to_square(float(x[inside].mean()), float(y[inside].mean()))
    assert np.hypot(seen[0] - asked[0], seen[1] - asked[1]) < 0.05


def test_a_view_that_fits_is_sent_as_it_is() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    box = Letterbox.of(224, 224)
    assert np.array_equal(box.draw(rgb), rgb)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png_bytes(rgb)))), rgb)


@pytest.mark.parametrize(
    ("longest", "side"), [(96, 224), (224, 224), (225, 448), (800, 896), (4000, 896)]
)
def test_sides_are_whole_patches_and_at_most_so_large(longest: int, side: int) -> None:
    assert Letterbox.of(longest, 10).side_px == side


def test_a_side_is_rounded_to_what_no_server_resizes() -> None:
    assert whole_steps(500, 28) == 504
    assert whole_steps(640, 32) == 640
    assert whole_steps(None, 28) is None


@pytest.mark.parametrize("side_px", [0, -5, 27, 5000])
def test_a_side_that_no_model_reads_is_refused(side_px: int) -> None:
    with pytest.raises(ConfigError, match="28 to 4096"):
        check_side(side_px)
