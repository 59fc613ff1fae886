"""SAM: the outline of what a box holds."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from ivlm_policies.transformers_models._loading import model, processor


class SamOutlines:
    """Boxes to masks, one each: the first guess of the model."""

    def __init__(self, where: str) -> None:
        self.model = model("SamModel", where)
        self.processor = processor("SamProcessor", where)

    def __call__(self, rgb: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """Return masks (n, h, w) of boxes (n, 4), x0 y0 x1 y1 in px."""
        given = self.processor(
            Image.fromarray(rgb), input_boxes=[boxes.tolist()], return_tensors="pt"
        )
        with torch.no_grad():
            said = self.model(**given, multimask_output=False)
        sizes = given["original_sizes"], given["reshaped_input_sizes"]
        [masks] = self.processor.post_process_masks(said.pred_masks, *sizes)
        return np.asarray(masks[:, 0].numpy(), bool)
