"""Which window of each picture shows the asked thing."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float32
from scipy import ndimage

from ivlm_bench.geometry.camera import project
from ivlm_bench.geometry.cloud import Cloud, cluster_labels
from ivlm_bench.types import View
from ivlm_policies.ivlm.fusing.colours import thing_fit
from ivlm_policies.ivlm.grounding.channels import whole
from ivlm_policies.ivlm.stages import Crop

#: Side of a window over that of the thing in it.
MARGIN = 1.3
#: Least side (px) of a window.
LEAST_PX = 24.0
#: Share of the strongest heat above which a pixel belongs to the thing.
STRONG_SHARE = 0.5
#: Clusters with fewer points are noise.
MIN_POINTS = 20


def thing_of(
    cloud: Cloud, heat: Float32[np.ndarray, "v h w"], *, colour: str = ""
) -> Bool[np.ndarray, " n"]:
    """Return which points of a cloud belong to the cluster that is hottest on the average.

    Points and pixels are matched by the pixel that each point comes from. With a colour word a
    cluster counts by the share of it that has that colour.
    """
    if len(cloud) == 0:
        return np.zeros(0, bool)
    labels = cluster_labels(cloud.points_m)
    index, column, row = cloud.pixels.T
    hot = heat[index, row, column]
    sizes = np.bincount(labels)
    mean = np.bincount(labels, hot) / sizes * thing_fit(cloud.colours, labels, colour)
    mean[(sizes < MIN_POINTS) & (sizes < sizes.max())] = -1.0
    return np.asarray(labels == int(np.argmax(mean)))


def window_about_points(view: View, points_m: np.ndarray) -> Crop:
    """Return the square window about some points; all of the view where none is in sight."""
    pixels, _ = project(view.camera, points_m)
    height, width = view.rgb.shape[:2]
    inside = np.isfinite(pixels).all(axis=1)
    pixels = np.clip(pixels[inside], 0.0, [width - 1.0, height - 1.0])
    if len(pixels) == 0 or np.ptp(pixels, axis=0).max() < 1.0:
        return whole(view)
    return _square(pixels.min(axis=0), pixels.max(axis=0))


def window_about_heat(view: View, heat: Float32[np.ndarray, "h w"]) -> Crop:
    """Return the square window about the patch with most heat; all of the view if it is cold."""
    strong = heat >= STRONG_SHARE * float(heat.max())
    if float(heat.max()) <= 0.0:
        return whole(view)
    labels, _ = ndimage.label(strong)
    total = np.bincount(labels.ravel(), heat.ravel())
    total[0] = -1.0
    rows, columns = np.nonzero(labels == int(np.argmax(total)))
    low = np.array([columns.min(), rows.min()], np.float64)
    return _square(low, np.array([columns.max(), rows.max()], np.float64))


def _square(low: np.ndarray, high: np.ndarray) -> Crop:
    """Return the square about a box of pixel centres, with its margin."""
    middle = 0.5 * (low + high)
    side = max(MARGIN * float((high - low + 1.0).max()), LEAST_PX)
    left, top = middle + 0.5 - 0.5 * side
    return Crop(float(left), float(top), side)
