"""Models that write: their text is their own, and their points land in the views."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np
import pytest

from ivlm_bench.errors import InvalidAnswerError, UnknownNameError
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Observation, Query
from ivlm_policies.transformers_models import reasoner
from ivlm_policies.transformers_models.writing import WritingReasoner
from ivlm_policies.vlm.dialect import dialect_of

torch = pytest.importorskip("torch")  # the conftest has failed already where it must be there
transformers = pytest.importorskip("transformers")
_writer = import_module("ivlm_policies.transformers_models._writer")

PICTURE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


class Recorded:
    """Writes what was recorded of a model, a view after the other."""

    def __init__(self, *texts: str) -> None:
        self.texts, self.shown = list(texts), 0

    def write(self, picture: np.ndarray, prompt: str, /) -> tuple[str, bool]:
        assert picture.shape[0] == picture.shape[1]
        assert "box" in prompt
        self.shown += 1
        return self.texts[(self.shown - 1) % len(self.texts)], False


def asked() -> Observation:
    box = Block((0.0, 0.0, 0.04), (0.05, 0.05, 0.08), rgb=(220, 30, 30))
    return table_observation((box,), Query("grasp", "box", None, "Pick up the box."))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("kind", ["llava", "paligemma"])
def test_greedy_token_by_token(kind: str, tiny: Callable[[str], str]) -> None:
    """Each token is the likeliest after all before it, in a forward pass of its own."""
    writer = _writer.ImageTextWriter(tiny(kind), max_tokens=5)
    text, cut = writer.write(PICTURE, "box")
    image = import_module("PIL.Image").fromarray(PICTURE)
    words = "USER: <image>\nbox ASSISTANT:" if kind == "llava" else "<image>box"
    given = writer.processor(text=words, images=image, return_tensors="pt")
    tokens, written = given["input_ids"], []
    rest = {k: v for k, v in given.items() if k in ("pixel_values", "token_type_ids")}
    for _ in range(5):
        if "token_type_ids" in rest:
            more = tokens.shape[1] - rest["token_type_ids"].shape[1]
            rest["token_type_ids"] = torch.nn.functional.pad(rest["token_type_ids"], (0, more))
        with torch.no_grad():
            logits = writer.model(input_ids=tokens, **rest).logits[0, -1]
        written.append(int(logits.argmax()))
        tokens = torch.cat([tokens, logits.argmax().reshape(1, 1)], dim=1)
    end = writer.model.generation_config.eos_token_id
    ends = [k for k, token in enumerate(written) if token == end]
    written = written[: ends[0]] if ends else written
    assert text == writer.processor.tokenizer.decode(written)
    assert cut == (len(written) == 5)


def test_points_land_in_the_views() -> None:
    """Half and a quarter of a square picture of a square view, as Molmo counts: per cent."""
    observation = asked()
    size = observation.views[0].rgb.shape[1]
    assert observation.views[0].rgb.shape[0] == size
    writer = Recorded('<point x="50.0" y="25.0" alt="box">box</point>')
    answer = WritingReasoner(writer, dialect_of("molmo-7b")).predict(observation)
    assert writer.shown == len(observation.views)
    assert answer.points_px is not None
    wanted = [(k, size / 2 - 0.5, size / 4 - 0.5) for k in range(writer.shown)]
    np.testing.assert_allclose(answer.points_px, wanted, atol=0.51)


def test_nothing_there_and_nothing_readable() -> None:
    observation = asked()
    none = WritingReasoner(Recorded("There are none."), dialect_of("molmo-7b"))
    assert none.predict(observation).abstain
    prose = WritingReasoner(Recorded("I like boxes very much."), dialect_of("molmo-7b"))
    with pytest.raises(InvalidAnswerError, match="I like boxes"):
        prose.predict(observation)


def test_unknown_dialect_is_told_before_loading() -> None:
    with pytest.raises(UnknownNameError, match="dialect=generic"):
        reasoner.image_text(model="nowhere/my-model")
