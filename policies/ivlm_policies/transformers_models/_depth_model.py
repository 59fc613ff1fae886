"""Depth Anything and its like: depth from one picture."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from ivlm_policies.transformers_models._loading import model, processor
from ivlm_policies.transformers_models.depth import Kind


class DepthAnything:
    """Sees inverse depth up to scale and shift, or metres where the model was trained so."""

    def __init__(self, where: str) -> None:
        self.model = model("AutoModelForDepthEstimation", where)
        self.processor = processor("AutoImageProcessor", where)
        told = getattr(self.model.config, "depth_estimation_type", "relative")
        self.kind: Kind = "metric" if told == "metric" else "inverse"

    def see(self, rgb: np.ndarray, /) -> np.ndarray:
        """Return what the model says of each pixel."""
        given = self.processor(images=Image.fromarray(rgb), return_tensors="pt")
        with torch.no_grad():
            said = self.model(**given).predicted_depth[:, None]
            sized = functional.interpolate(said, rgb.shape[:2], mode="bilinear")
        return sized[0, 0].numpy()
