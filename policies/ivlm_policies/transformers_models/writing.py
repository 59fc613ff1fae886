"""The reasoner made of a model that writes: it points in each view, in its family's dialect."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from jaxtyping import UInt8

from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.types import Evidence, Interaction, Observation
from ivlm_policies.vlm.asking import asked_of
from ivlm_policies.vlm.dialect import Dialect
from ivlm_policies.vlm.letterbox import Letterbox
from ivlm_policies.vlm.reading import Reading, error_of, read_answer

#: Characters of an answer that are shown.
SHOWN_CHARS = 200


class Writer(Protocol):
    """A model that writes about a picture."""

    def write(self, picture: UInt8[np.ndarray, "s s 3"], prompt: str, /) -> tuple[str, bool]:
        """Return the answer, and whether it was cut off."""
        ...


class WritingReasoner:
    """Asks a model on this machine to point in every view; the bench does the rest."""

    def __init__(self, writer: Writer, dialect: Dialect, *, side_px: int | None = None) -> None:
        self._writer, self._dialect, self._side_px = writer, dialect, side_px

    def card(self) -> dict[str, str]:
        """Return what the answers hang on beside the parameters."""
        return {"dialect": f"{self._dialect.name} {self._dialect.version}"}

    def predict(self, observation: Observation, /) -> Interaction:
        """Point; ``InvalidAnswerError`` if no view has a point and an answer can't be read."""
        points, evidence = [], []
        wrong: InvalidAnswerError | None = None
        for index, view in enumerate(observation.views):
            text, reading = self._look(observation, view.rgb)
            points += [(index, *point) for point in reading.points]
            evidence.append(Evidence(f"view {index}: {reading.kind}: {text}"))
            if not reading.points and reading.kind != "abstained":
                wrong = wrong or error_of(reading.kind)(
                    f"In the dialect {self._dialect.name!r} {reading.kind}: the answer "
                    f"{reading.why}; it is {text!r}."
                )
        if points:
            label = {observation.query.interaction: 1.0}
            return Interaction(
                label_prob=label,
                points_px=np.array(points, np.float32),
                evidence=tuple(evidence),
            )
        if wrong is not None:
            raise wrong
        reason = "the model marks nothing in any view"
        return Interaction(
            abstain=True, abstain_reason=reason, feasible_prob=0.0, evidence=tuple(evidence)
        )

    def _look(self, observation: Observation, rgb: np.ndarray) -> tuple[str, Reading]:
        box = Letterbox.of(rgb.shape[1], rgb.shape[0], side_px=self._side_px)
        prompt = self._dialect.ask(asked_of(observation.query, box.side_px))
        text, cut = self._writer.write(box.draw(rgb), prompt)
        return " ".join(text.split())[:SHOWN_CHARS], read_answer(self._dialect, text, box, cut=cut)
