"""Objectron's model of cups: nine points of the box about one, from one picture."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64
from PIL import Image, ImageDraw
from scipy.spatial import ConvexHull

from ivlm_bench.errors import AssetError, MissingDependencyError
from ivlm_bench.guard import guarded
from ivlm_bench.reasoners import REASONERS, ReasonerEntry
from ivlm_bench.types import Interaction, Observation, View

COMMAND = "pip install ai-edge-litert==2.3.0 && npm pack @mediapipe/objectron@0.4.1675468480"
FILE = "package/object_detection_3d_cup.tflite"
#: Side (px) of the picture that it takes, and in whose pixels it answers.
SIDE_PX = 224
#: What a person calls the things that it was trained on; of others it says nothing.
CUPS = ("cup", "mug")


class Objectron:
    """Objectron's two-stage model for cups (Ahmadyan et al., CVPR 2021), without its detector.

    It takes the whole picture for the one about a cup, so it finds a cup that stands alone.

    Parameters
    ----------
    weights : str
        The file object_detection_3d_cup.tflite of the npm package @mediapipe/objectron.
    """

    def __init__(self, *, weights: str) -> None:
        try:
            made = import_module("ai_edge_litert.interpreter").Interpreter
        except ImportError as error:
            raise MissingDependencyError(f"Objectron needs ai-edge-litert: {COMMAND}") from error
        net, fault = guarded(lambda: _opened(made, Path(weights)))
        if net is None:
            raise AssetError(
                f"{weights} is no model of Objectron: {COMMAND}, unpack {FILE}."
            ) from fault
        self._net = net

    def predict(self, observation: Observation, /) -> Interaction:
        """Return the boxes' outlines as maps, and their middles as points; abstain but of cups."""
        if observation.query.object_name not in CUPS:
            reason = "it knows cups alone"
            return Interaction(abstain=True, abstain_reason=reason, feasible_prob=0.0)
        boxes = [self._box_px(view) for view in observation.views]
        pairs = zip(observation.views, boxes, strict=True)
        points = [[index, *box[0]] for index, box in enumerate(boxes)]
        return Interaction(
            label_prob={observation.query.interaction: 1.0},
            affordance_maps=np.stack([outline(box, view.rgb.shape[:2]) for view, box in pairs]),
            points_px=np.array(points, np.float32),
        )

    def _box_px(self, view: View) -> Float64[np.ndarray, "9 2"]:
        """Return the middle and the eight corners of the box, in the view's pixels (x, y)."""
        square = Image.fromarray(view.rgb).resize((SIDE_PX, SIDE_PX))
        given = np.asarray(square, np.float32)[None] / 255.0
        self._net.set_tensor(self._net.get_input_details()[0]["index"], given)
        self._net.invoke()
        said = [self._net.get_tensor(d["index"]) for d in self._net.get_output_details()]
        return in_view(next(one for one in said if one.size == 18), view.rgb.shape[:2])


def _opened(made: Any, path: Path) -> Any:
    net = made(model_path=str(path), num_threads=1)
    net.allocate_tensors()
    sizes = [int(np.prod(d["shape"])) for d in net.get_output_details()]
    if 18 not in sizes or tuple(net.get_input_details()[0]["shape"]) != (1, SIDE_PX, SIDE_PX, 3):
        raise ValueError(f"outputs {sizes}")
    return net


def in_view(said: np.ndarray, size: tuple[int, int]) -> Float64[np.ndarray, "9 2"]:
    """Return points (x, y) of its square picture, edges at 0 and 224, as pixels of a view."""
    scale = np.array(size[::-1]) / SIDE_PX
    return np.asarray(said, np.float64).reshape(9, 2) * scale - 0.5


def outline(box_px: np.ndarray, size: tuple[int, int]) -> Float32[np.ndarray, "h w"]:
    """Return a map that is 1 inside the hull of a box's points, and 0 elsewhere."""
    picture = Image.new("L", size[::-1])
    hull = box_px[ConvexHull(box_px).vertices]
    ImageDraw.Draw(picture).polygon([tuple(corner) for corner in hull.tolist()], fill=1)
    return np.asarray(picture, np.float32)


REASONERS.register(
    "objectron",
    ReasonerEntry(
        Objectron,
        "Objectron (cups)",
        notes="the box about a cup that stands alone; abstains but of cups",
        needs=(f"weights={FILE}",),
        install=f"{COMMAND} && tar xzf mediapipe-objectron-0.4.1675468480.tgz {FILE}",
    ),
)
