"""Any model that writes about a picture: LLaVA, PaliGemma, Qwen-VL and the like."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from ivlm_policies.transformers_models._loading import model, processor


class ImageTextWriter:
    """Writes the likeliest answer, token by token."""

    def __init__(self, where: str, *, max_tokens: int) -> None:
        self.model = model("AutoModelForImageTextToText", where)
        self.processor = processor("AutoProcessor", where)
        self._max_tokens = max_tokens

    def write(self, picture: np.ndarray, prompt: str, /) -> tuple[str, bool]:
        """Return the answer, and whether it was cut off at the limit of tokens.

        Special tokens stay: some families write coordinates in them.
        """
        given = self.processor(
            text=self._asked(prompt), images=Image.fromarray(picture), return_tensors="pt"
        )
        given.pop("labels", None)  # PaliGemma's processor has some, to train on
        with torch.no_grad():
            tokens = self.model.generate(**given, do_sample=False, max_new_tokens=self._max_tokens)
        written = tokens[0, given["input_ids"].shape[1] :].tolist()
        ends = self.model.generation_config.eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        n = next((k for k, token in enumerate(written) if token in ends), len(written))
        text = self.processor.tokenizer.decode(written[:n], skip_special_tokens=False)
        return text, n == self._max_tokens

    def _asked(self, prompt: str) -> str:
        """Return the prompt in the model's own form of a talk; bare where it has none."""
        if getattr(self.processor, "chat_template", None) is None:
            return str(getattr(self.processor, "image_token", "")) + prompt
        content = [{"type": "image"}, {"type": "text", "text": prompt}]
        talk = [{"role": "user", "content": content}]
        return str(self.processor.apply_chat_template(talk, add_generation_prompt=True))
