"""Points at the centre of the object's pixels and leaves the rest to the shared stages."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ivlm_bench.geometry.camera import depth_points
from ivlm_bench.reasoners import REASONERS, ReasonerEntry
from ivlm_bench.types import Interaction, Observation, View

#: A pixel whose surface is higher above the table (m) belongs to something on it.
OBJECT_HEIGHT_M = 0.005
#: Width (px) of the image border that shows background only.
BORDER_PX = 6
#: Distance in sRGB (0 to 255 a channel) from the border's colours that is no background;
#: about three times the spread of a matt table under soft light.
COLOUR_DISTANCE = 45.0
#: Smaller blobs (px) are noise.
MIN_BLOB_PX = 12


class CentreReasoner:
    """The "object centre" shortcut: knows neither the query nor the parts."""

    def predict(self, observation: Observation, /) -> Interaction:
        """Return one point a view; abstains if no view shows anything on the table."""
        points = []
        for index, view in enumerate(observation.views):
            pixel = blob_centre(object_mask(view))
            if pixel is not None:
                points.append((index, *pixel))
        if not points:
            return Interaction(
                abstain=True, abstain_reason="nothing stands on the table", feasible_prob=0.0
            )
        return Interaction(
            label_prob={observation.query.interaction: 1.0},
            points_px=np.array(points, np.float32),
        )


def object_mask(view: View) -> np.ndarray:
    """Return which pixels (h, w) show something on the table: by height, else by colour."""
    if view.depth_m is not None:
        height = depth_points(view.camera, view.depth_m)[..., 2]
        return np.asarray(np.nan_to_num(height, nan=-1.0) > OBJECT_HEIGHT_M)
    rgb = view.rgb.astype(np.float64)
    inner = np.zeros(rgb.shape[:2], bool)
    inner[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX] = True
    background = np.median(rgb[~inner], axis=0)
    return np.asarray((np.linalg.norm(rgb - background, axis=2) > COLOUR_DISTANCE) & inner)


def blob_centre(mask: np.ndarray) -> tuple[float, float] | None:
    """Return the pixel (x, y) of the largest blob that is nearest to the blob's centroid."""
    labels, n_blobs = ndimage.label(mask)
    if n_blobs == 0:
        return None
    sizes = np.bincount(labels.ravel())[1:]
    if sizes.max() < MIN_BLOB_PX:
        return None
    rows, columns = np.nonzero(labels == 1 + int(np.argmax(sizes)))
    distance = (rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2
    nearest = int(np.argmin(distance))
    return float(columns[nearest]), float(rows[nearest])


REASONERS.register(
    "centre",
    ReasonerEntry(
        CentreReasoner, "Object centre", notes="points only; shared executor", role="baseline"
    ),
)
