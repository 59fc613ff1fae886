"""CLIP, SigLIP, SigLIP 2 and DINOv2 from transformers as frozen encoders."""

from __future__ import annotations

from typing import Any

from safetensors import SafetensorError
from torch import Tensor, nn

from ivlm_bench.errors import AssetError, MissingDependencyError
from ivlm_policies.ivlm.encoding._backbone import Backbone

#: Models that each kind of encoder may be, as ``model_type`` of their configuration. SigLIP 2 with
#: a fixed side has the form of SigLIP.
FORMS = {
    "clip": ("clip", "clip_vision_model"),
    "siglip2": ("siglip2", "siglip2_vision_model", "siglip", "siglip_vision_model"),
    "dinov2": ("dinov2", "dinov2_with_registers", "dinov3_vit"),
}
#: Side (px) where the configuration names none, or a larger one than is of use to windows of
#: 128 px.
SIDE_PX = 224
#: Mean and deviation of colours where no preprocessor lies beside the weights.
CENTRE = (0.5, 0.5, 0.5)
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CLIP = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
COLOURS = {"clip": CLIP, "siglip2": (CENTRE, CENTRE), "dinov2": IMAGENET}


class VisionTower(Backbone):
    """Two maps of a vision transformer: after the middle layer, and after the last."""

    def __init__(
        self,
        tower: Any,
        *,
        size_px: int,
        mean: tuple[float, float, float],
        deviation: tuple[float, float, float],
    ) -> None:
        super().__init__(size_px=size_px, mean=mean, deviation=deviation)
        self.tower = tower
        self._patch = int(tower.config.patch_size)
        self.side = size_px // self._patch

    def maps(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return maps (b, width, side, side) of patches."""
        hidden = self.hidden(x)
        middle, last = hidden[len(hidden) // 2], hidden[-1]
        return self._map(middle), self._map(last)

    def hidden(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the tokens before the first layer and after each."""
        return tuple(self.tower(**self._given(x), output_hidden_states=True).hidden_states)

    def _given(self, x: Tensor) -> dict[str, Any]:
        return {"pixel_values": x}

    def _map(self, tokens: Tensor) -> Tensor:
        """Return the patches' tokens, the last ones, as a map."""
        width = int(self.tower.config.hidden_size)
        patches = tokens[:, -(self.side**2) :]
        return patches.transpose(1, 2).reshape(-1, width, self.side, self.side)


class PatchedTower(VisionTower):
    """SigLIP 2 that takes patches of any number of rows and columns; here as many as it learnt."""

    def __init__(self, tower: Any, **how: Any) -> None:
        super().__init__(tower, **how)
        tower.embeddings = _Placed(tower.embeddings)

    def _given(self, x: Tensor) -> dict[str, Any]:
        side, patch = self.side, self._patch
        grid = x.reshape(-1, 3, side, patch, side, patch).permute(0, 2, 4, 3, 5, 1)
        patches = grid.reshape(-1, side * side, patch * patch * 3)
        return {"pixel_values": patches, "pixel_attention_mask": None, "spatial_shapes": None}


class _Placed(nn.Module):
    """Patches with the learnt places as they are: nothing to resize for each picture."""

    def __init__(self, embeddings: Any) -> None:
        super().__init__()
        self.patch_embedding = embeddings.patch_embedding
        self.position_embedding = embeddings.position_embedding

    def forward(self, pixel_values: Tensor, spatial_shapes: None) -> Tensor:
        """Return (b, patches, width)."""
        embedded: Tensor = self.patch_embedding(pixel_values)
        return embedded + self.position_embedding.weight


def vision_tower(kind: str, where: str) -> Backbone:
    """Return the vision half of a model: a folder of transformers, or a hub id that is cached.

    Raises ``MissingDependencyError`` without transformers, ``AssetError`` where there is no such
    model, or one of another kind.
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingDependencyError(
            f"The encoder {kind!r} needs the package 'transformers': pip install transformers."
        ) from error
    transformers.utils.logging.disable_progress_bar()
    try:
        config = transformers.AutoConfig.from_pretrained(where)
        if config.model_type not in FORMS[kind]:
            raise AssetError(
                f"{where} holds a model of type {config.model_type!r}, no {kind}; give one of "
                f"{', '.join(FORMS[kind])}."
            )
        model, told = transformers.AutoModel.from_pretrained(where, output_loading_info=True)
        if told["missing_keys"]:
            raise AssetError(
                f"The weights in {where} lack {len(told['missing_keys'])} tensors; copy the whole "
                "folder again, or name another model."
            )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        first = str(error).strip().splitlines()[0]
        raise AssetError(
            f"{where} can't be read as a model for the encoder {kind!r} ({first}); give a folder "
            "with config.json and model.safetensors."
        ) from error
    return tower_of(kind, where, getattr(model, "vision_model", model))


def tower_of(kind: str, where: str, tower: Any) -> VisionTower:
    """Return the vision half of a model as an encoder, with its own side and colours."""
    config = tower.config
    patch = int(config.patch_size)
    told = getattr(config, "image_size", None)
    if told is None:  # any number of patches: as many as it was trained with
        told = patch * int(getattr(config, "num_patches", (SIDE_PX // patch) ** 2) ** 0.5)
    side = min(int(told), max(SIDE_PX, patch))
    if kind != "dinov2":  # learnt places for this side alone
        side = int(told)
    mean, deviation = _colours(kind, where)
    form = PatchedTower if config.model_type.startswith("siglip2") else VisionTower
    return form(tower.float(), size_px=side - side % patch, mean=mean, deviation=deviation)


def _colours(kind: str, where: str) -> tuple[Any, Any]:
    """Return mean and deviation of colours, of the preprocessor where one lies there."""
    from transformers import AutoImageProcessor

    try:
        said = AutoImageProcessor.from_pretrained(where)
    except (OSError, ValueError, ImportError):
        return COLOURS[kind]
    return tuple(said.image_mean), tuple(said.image_std)
