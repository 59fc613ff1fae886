"""The same questions in words that no other task uses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ivlm_bench.env import Question, register
from ivlm_bench.types import Query, Scene
from ivlm_envs.reasoning import wordings
from ivlm_envs.reasoning.mixing import MixedTask

#: Senses that tell a straight way; all others go round.
STRAIGHT = ("up", "down", "to the left", "to the right")


@register
class ReasonParaphrase(MixedTask):
    """Twelve interactions, asked for in other words than those that any other task uses.

    Asked: "See the handle on that mug? Lift it there.", "Make the red button go in.", "Somebody
    left the top drawer open; see to it that it is shut." in five or more wordings of each kind.
    What the sentence says is not said again: the question's part is not given beside it.
    Randomised: the task, and all that it randomises; the wording. One question in six can't be
    done: abstain.
    Success: as in the task that the question comes from (protocol IVLM-Phys v1, 6.1 to 6.4).
    Source: the rephrased questions of LASO and of the paraphrase robustness tests of RoboPoint.
    """

    task = "ivlm/ReasonParaphrase-v0"

    def fits(self, scene: Scene, rng: np.random.Generator) -> bool:
        """Take every scene."""
        return True

    def question(self, scene: Scene, rng: np.random.Generator) -> Question:
        """Ask what the scene's own task asks, in other words."""
        asked = super().question(scene, rng)
        return replace(asked, query=retold(asked.query, rng))


def retold(query: Query, rng: np.random.Generator) -> Query:
    """Return a task's question in other words, without its part beside the sentence."""
    choices, named = _wordings(query)
    text = choices[int(rng.integers(len(choices)))].format(**named)
    return Query(query.interaction, query.object_name, None, text)


def _wordings(query: Query) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the wordings that fit a question, and what is named in them."""
    part, thing = query.part_name or "", query.object_name
    base, _, rest = part.partition("_")
    if query.interaction == "place":
        return wordings.SUPPORT, {"support": part, "thing": thing}
    if query.interaction == "push":
        which = query.text.removeprefix("Push the ").removesuffix(" shut.")
        return wordings.SHUT, {"which": which}
    if query.interaction == "turn":
        return _turned(query)
    if query.interaction == "open":
        is_drawer = rest in ("top", "middle", "bottom")
        return wordings.DRAWER if is_drawer else wordings.DOOR, {"which": rest or thing}
    plain = {"grasp": wordings.WHOLE, "press": wordings.BUTTON, "lift": wordings.LID}
    parts = {"handle": wordings.HANDLE, "cap": wordings.CAP, "neck": wordings.NECK}
    return parts.get(base, plain[query.interaction]), {"thing": thing, "which": rest}


def _turned(query: Query) -> tuple[tuple[str, ...], dict[str, str]]:
    """Read control and sense from "Turn the left knob clockwise." or the like."""
    said = query.text.removeprefix("Turn the ").removesuffix(".")
    if query.object_name == "tap":
        sense = "anticlockwise" if "anticlockwise" in said else "clockwise"
        which = "tap's handle"
    else:
        which, _, sense = said.partition(f"{query.object_name} ")
        which = f"{which}{query.object_name}"
    choices = wordings.STRAIGHT if sense in STRAIGHT else wordings.ROUND
    return choices, {"which": which, "sense": sense, "Sense": sense[0].upper() + sense[1:]}
