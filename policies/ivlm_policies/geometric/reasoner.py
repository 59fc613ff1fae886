"""The geometric baseline: fuse the depth, drop the table, take what is left, apply one rule.

* grasp: antipodal grasps over the whole thing; of a handle, over what sticks out of its body or
  over the slim half of a tool; of a cap, lid or neck, over its upper end.
* open: pull a bit that stands out from an upright front, straight out.
* press: push a bump on an upright plate, straight in.
* push: push in the upright face that stands out farthest.
* turn: push the side of a bit that stands out, clockwise.
* lift: pull up the highest bit that stands out.
* place: set the object at hand down on the highest level surface.

It abstains if nothing fits the gripper, nothing sticks out, or a bar crosses the front. It sees
the observation only. Without depth it works on the shapes that ``ivlm_bench.geometry.seen`` guesses
from outlines; these are too rough to act on, so it then only points at what it would touch.

Which of several drawers, buttons or things is asked for, shape does not tell: ``geometric`` takes
the one nearest to the middle. ``geometric-words`` also reads place words, colour words and the
sense of a turn, looks at colours, and abstains if nothing has the asked one. The difference of the
two rows is what those few words are worth.
"""

from __future__ import annotations

from ivlm_bench.geometry.seen import Seen, see
from ivlm_bench.reasoners import REASONERS, ReasonerEntry
from ivlm_bench.types import Interaction, Observation
from ivlm_policies.geometric.answers import abstention, pointed
from ivlm_policies.geometric.grasping import grasp
from ivlm_policies.geometric.moving import lift_lid, open_front, press_cap, push_shut, turn_knob
from ivlm_policies.geometric.placing import place
from ivlm_policies.geometric.targets import in_sight, pick_thing

#: The rule for each interaction but grasp and place; all else is pushed.
RULES = {"open": open_front, "press": press_cap, "turn": turn_knob, "lift": lift_lid}


class GeometricReasoner:
    """Depth and shape rules only; with ``words``, place and colour words too."""

    def __init__(self, *, words: bool = False) -> None:
        self.words = words

    def predict(self, observation: Observation, /) -> Interaction:
        """Answer by the rule for the query's interaction."""
        seen = see(observation.views)
        answer = self._by_rule(observation, seen)
        return answer if seen.source == "depth" else pointed(answer, observation.views[0].camera)

    def _by_rule(self, observation: Observation, seen: Seen) -> Interaction:
        query = observation.query
        text = query.text.lower() if self.words else ""
        if len(seen.cloud) == 0:
            return abstention("nothing is seen above the table")
        if query.interaction == "place":
            return place(observation, seen, text)
        thing = pick_thing(seen, text if query.interaction == "grasp" else "")
        if query.interaction == "grasp":
            return grasp(observation, seen, thing)
        rule, target = RULES.get(query.interaction, push_shut), in_sight(seen, thing)
        if len(target) == 0:
            return abstention("what is asked about can't be made out")
        return rule(observation, seen, target, text)


def _with_words() -> GeometricReasoner:
    return GeometricReasoner(words=True)


REASONERS.register(
    "geometric",
    ReasonerEntry(
        GeometricReasoner,
        "Geometric",
        notes="antipodal from depth and rules about shape; reads no words",
        role="baseline",
    ),
)
REASONERS.register(
    "geometric-words",
    ReasonerEntry(
        _with_words,
        "Geometric + words",
        notes="antipodal from depth, rules about shape, place words and colour words",
        role="baseline",
    ),
)
