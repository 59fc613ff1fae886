"""Detectors that take words (OWLv2, GroundingDINO), and SAM for the outline in a box."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from ivlm_policies.transformers_models._loading import model, processor
from ivlm_policies.transformers_models._sam import SamOutlines
from ivlm_policies.transformers_models.finding import Found

#: Boxes of a phrase that count, the surest first.
MOST_BOXES = 3


class DetectorFinder:
    """Finds phrases by boxes, each worth its score; with SAM only the outline in a box counts."""

    def __init__(self, where: str, *, sam: str | None = None) -> None:
        self.model = model("AutoModelForZeroShotObjectDetection", where)
        self.processor = processor("AutoProcessor", where)
        self._sam = None if sam is None else SamOutlines(sam)

    def find(self, rgb: np.ndarray, phrases: Sequence[str], /) -> Found:
        """Return for each pixel the score of the surest box, or outline, that it lies in."""
        maps = np.zeros((len(phrases), *rgb.shape[:2]), np.float32)
        for one, phrase in zip(maps, phrases, strict=True):
            boxes, scores = self.boxes(rgb, phrase)
            inside = boxed(boxes, rgb.shape[:2]) if self._sam is None else self._sam(rgb, boxes)
            for mask, score in zip(inside[::-1], scores[::-1], strict=True):
                one[mask] = score
        return Found(maps, maps.max(axis=(1, 2)))

    def boxes(self, rgb: np.ndarray, phrase: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the surest boxes (n, 4), x0 y0 x1 y1 in px, and their scores, best first."""
        words = [[phrase.lower()]]
        given = self.processor(text=words, images=Image.fromarray(rgb), return_tensors="pt")
        told = {"input_ids": given["input_ids"]} if "Dino" in type(self.processor).__name__ else {}
        with torch.no_grad():
            said = self.model(**given)
        [found] = self.processor.post_process_grounded_object_detection(
            said, threshold=0.0, target_sizes=[rgb.shape[:2]], **told
        )
        best = found["scores"].argsort(descending=True)[:MOST_BOXES]
        return found["boxes"][best].numpy(), found["scores"][best].numpy()


def boxed(boxes: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Return masks (n, h, w) of the pixels whose centre lies in each box."""
    rows, columns = np.indices(size[:2])
    x0, y0, x1, y1 = boxes.T[:, :, None, None] - 0.5  # box edges count from a pixel's corner
    return (columns >= x0) & (columns <= x1) & (rows >= y0) & (rows <= y1)
