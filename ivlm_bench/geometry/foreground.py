"""Which pixels show something on the table, told from colours alone.

Two facts are used, and no learning: a shadow changes the table's brightness and hardly its
chromaticity, and what lies behind the table is flat in colour and touches the upper edge of the
image. A thing of the table's own colours is missed.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool
from scipy import ndimage

from ivlm_bench.types import View

#: Width of the image border whose lower half shows the table, as a share of the image.
BORDER_SHARE = 0.03
#: Shares of the table's darkest and brightest colour between which it may be shadowed or lit.
DARKEST, BRIGHTEST = 0.15, 1.20
#: Chromaticity (share of red and green) off by more is no table; the second term, over the
#: brightness in [0, 1], allows for rounding of dark colours to 8 bits.
CHROMA_LIMIT, CHROMA_NOISE = 0.022, 0.0012
#: Bins of chromaticity along each axis in which the table's colours are kept.
N_BINS = 100
#: Distance in sRGB (0 to 255 a channel) up to which a pixel has the colour behind the table.
SAME_SKY = 9.0
#: Size (px) of the blur that evens out the table's grain.
BLUR_PX = 3
#: Width (px) of the mixed colours along the table's far edge.
EDGE_PX = 2
#: Blobs smaller than this share of the image are noise, as are holes: larger ones are seen through.
MIN_BLOB_SHARE = 0.0006


def foreground_masks(views: tuple[View, ...]) -> tuple[Bool[np.ndarray, "h w"], ...]:
    """Return for each view which pixels show something on the table; depth is not used."""
    smooth = [_blurred(view.rgb) for view in views]
    table = _table_colours(smooth)
    masks = []
    for index in range(len(views)):
        like_table = _like_table(smooth[index], table)
        behind = _behind_table(smooth[index], like_table)
        masks.append(_cleaned(~like_table & ~behind))
    return tuple(masks)


def _blurred(rgb: np.ndarray) -> np.ndarray:
    image = rgb.astype(np.float32)
    return np.stack(
        [ndimage.uniform_filter(image[..., k], BLUR_PX, mode="nearest") for k in range(3)], axis=-1
    )


def _chroma(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return chromaticity (..., 2), shares of red and green in linear light, and brightness."""
    linear = (image / 255.0) ** 2.2
    total = linear.sum(axis=-1)
    return linear[..., :2] / np.maximum(total, 1e-6)[..., None], total / 3.0


def _table_colours(images: list[np.ndarray]) -> tuple[np.ndarray, float, float]:
    """Return the table's chromaticities (k, 2), its darkest and its brightest value.

    Taken from the lower half of the border of all images: chromaticities that make up at least
    1 % of it.
    """
    samples = []
    for image in images:
        height, width = image.shape[:2]
        edge = max(int(BORDER_SHARE * height), 2)
        low = image[height // 2 :]
        samples += [low[-edge:].reshape(-1, 3), low[:, :edge].reshape(-1, 3)]
        samples.append(low[:, width - edge :].reshape(-1, 3))
    chroma, value = _chroma(np.concatenate(samples))
    bins = np.round(chroma * N_BINS).astype(int)
    cells, counts = np.unique(bins, axis=0, return_counts=True)
    common = cells[counts >= 0.01 * len(bins)] / N_BINS
    low_value, high_value = np.quantile(value, [0.02, 0.98])
    return common, float(low_value), float(high_value)


def _like_table(image: np.ndarray, table: tuple[np.ndarray, float, float]) -> np.ndarray:
    """Return which pixels may be table in light or shadow, by chromaticity and brightness."""
    colours, darkest, brightest = table
    chroma, value = _chroma(image)
    off = np.full(value.shape, np.inf, np.float32)
    for colour in colours:
        off = np.minimum(off, np.abs(chroma - colour).max(axis=-1))
    limit = CHROMA_LIMIT + CHROMA_NOISE / np.maximum(value, 1e-3)
    lit = (value >= DARKEST * darkest) & (value <= BRIGHTEST * brightest)
    return np.asarray((off <= limit) & lit)


def _behind_table(image: np.ndarray, like_table: np.ndarray) -> np.ndarray:
    """Return which pixels lie beyond the table's far edge: flat in colour from the upper border."""
    top = image[0][~like_table[0]]
    if len(top) == 0:
        return np.zeros(like_table.shape, bool)
    same = np.linalg.norm(image - np.median(top, axis=0), axis=-1) <= SAME_SKY
    labels, _ = ndimage.label(same)
    touching = np.unique(labels[0])
    behind = np.isin(labels, touching[touching > 0])
    return np.asarray(ndimage.binary_dilation(behind, iterations=EDGE_PX))


def _cleaned(mask: np.ndarray) -> np.ndarray:
    """Close gaps and small holes, drop specks and hairs, and the pixel that the blur added."""
    mask = ndimage.binary_opening(ndimage.binary_closing(mask) | mask)
    least = MIN_BLOB_SHARE * mask.size
    solid = _without_small(~_without_small(~mask, least), least)
    return np.asarray(ndimage.binary_erosion(solid, border_value=1))


def _without_small(mask: np.ndarray, least_px: float) -> np.ndarray:
    """Return the blobs of a mask that have at least so many pixels."""
    labels, n_blobs = ndimage.label(mask)
    sizes = np.bincount(labels.ravel(), minlength=n_blobs + 1)
    sizes[0] = 0
    return np.asarray((sizes >= least_px)[labels])
