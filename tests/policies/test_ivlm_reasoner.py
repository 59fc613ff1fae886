from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

import ivlm_envs  # noqa: F401 (registers the tasks)
from ivlm_bench.completion import complete
from ivlm_bench.env import TASKS, Episode
from ivlm_bench.errors import AssetError, ConfigError
from ivlm_bench.fit import checked
from ivlm_bench.reasoners import resolve_reasoner
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Interaction, Query, View
from ivlm_policies.ivlm.fusing.looking import Looking
from ivlm_policies.ivlm.fusing.surface_fuser import SurfaceFuser
from ivlm_policies.ivlm.grounding.channels import whole
from ivlm_policies.ivlm.planning.planner import TemplatePlanner
from ivlm_policies.ivlm.proposing.proposer import SurfaceProposer
from ivlm_policies.ivlm.reasoner import IvlmReasoner, StagedReasoner, Stages
from ivlm_policies.ivlm.stages import Grounding, Plan
from ivlm_policies.ivlm.switches import CHOICES, Switches
from ivlm_policies.ivlm.viewing.views import GivenViews

TRACKS = ("rgb", "rgb4", "rgbd", "rgbd4")
BOX = Block((0.0, 0.0, 0.04), (0.05, 0.05, 0.08), rgb=(220, 30, 30))


class TrueGrounder:
    """Knows where the answer is: what the other stages make of it is what is tested."""

    def __init__(self, asked: Episode) -> None:
        truth = asked.truth
        maps = truth.affordance_maps * truth.part_masks
        self._maps = maps if maps.any() else truth.part_masks.astype(np.float32)

    def ground(self, views: tuple[View, ...], plan: Plan, /) -> tuple[Grounding, ...]:
        sure = np.full(len(views), 0.95, np.float32)
        asked = next(query for query in plan.queries if query.role == "contact")
        maps = np.clip(self._maps, 0.0, 1.0).astype(np.float32)
        return (Grounding(asked, maps, sure, sure, tuple(whole(view) for view in views)),)


@lru_cache(maxsize=32)
def posed(task: str, track: str, seed: int, size_px: int = 224) -> Episode:
    return TASKS.get(task)(track=track, size_px=size_px).episode(seed)


def knowing(asked: Episode) -> StagedReasoner:
    looking, switches = Looking(guess=False), Switches(fusion="mean")
    return StagedReasoner(
        Stages(
            TemplatePlanner(),
            GivenViews(),
            TrueGrounder(asked),
            SurfaceFuser(looking, switches=switches, head={}, temperatures={}),
            SurfaceProposer(looking, switches=switches, thresholds={}),
            looking,
        )
    )


def judged(asked: Episode, answer: Interaction) -> bool:
    completed, stages = complete(asked.sensed, answer)
    assert stages["action"] == "own"
    return bool(TASKS.get(asked.task)(track="rgbd4").judge(asked, completed).success)


#: With the true region, of the first four answerable questions from seed 0 on at least so many
#: must succeed; the shared executor reaches 92 % over all tasks.
CAN = {
    "ivlm/GraspInClutter-v0": 4,
    "ivlm/GraspKnifeHandle-v0": 4,
    "ivlm/GraspToolHandle-v0": 4,
    "ivlm/OpenDoor-v0": 4,
    "ivlm/TurnControl-v0": 3,
    "ivlm/LiftLid-v0": 4,
    "ivlm/PlaceOn-v0": 4,
    "ivlm/PressButton-v0": 4,
}


@pytest.mark.parametrize("task", ["ivlm/GraspMugHandle-v1", "ivlm/TurnControl-v0"])
def test_with_the_true_region_a_task_is_done(task: str) -> None:
    asked = next(e for e in (posed(task, "rgbd4", s) for s in range(9)) if e.truth.feasible)
    assert judged(asked, knowing(asked).predict(asked.observation))


@pytest.mark.slow
@pytest.mark.parametrize("track", ["rgbd", "rgbd4"])
@pytest.mark.parametrize("task", CAN)
def test_with_the_true_region_the_tasks_are_done(task: str, track: str) -> None:
    asked = [e for e in (posed(task, track, s) for s in range(12)) if e.truth.feasible][:4]
    done = [judged(one, knowing(one).predict(one.observation)) for one in asked]
    assert sum(done) >= CAN[task] - (track == "rgbd")


@pytest.mark.parametrize("track", TRACKS)
def test_it_answers_every_track_the_same_way_twice_and_touches_nothing(track: str) -> None:
    shown = posed("ivlm/GraspMugHandle-v1", track, 1, 96).observation
    before = [view.rgb.copy() for view in shown.views]
    reasoner = IvlmReasoner(abstention="off")
    one, other = reasoner.predict(shown), reasoner.predict_batch([shown, shown])[1]
    checked(one, shown)
    assert one.affordance_maps is not None
    assert one.affordance_maps.shape == (len(shown.views), 96, 96)
    assert (one.affordance_maps == other.affordance_maps).all()
    assert one.contact_points_m == pytest.approx(other.contact_points_m, abs=0.0)
    assert all((view.rgb == rgb).all() for view, rgb in zip(shown.views, before, strict=True))
    assert (len(one.contact_points_m) > 0) is (shown.views[0].depth_m is not None)
    assert one.evidence
    assert all(e.image is None or max(e.image.shape) <= 4 * 96 for e in one.evidence)


def test_without_depth_it_lifts_by_itself_only_where_it_is_told_to() -> None:
    shown = posed("ivlm/GraspMugHandle-v1", "rgb4", 1, 96).observation
    shared = IvlmReasoner(abstention="off", lift="shared").predict(shown)
    own = IvlmReasoner(abstention="off", lift="own").predict(shown)
    assert len(shared.contact_points_m) == 0
    assert not shared.grasps
    assert len(own.contact_points_m) > 0


def test_depth_switched_off_is_as_if_there_were_none() -> None:
    shown = posed("ivlm/GraspMugHandle-v1", "rgbd4", 1, 96).observation
    bare = replace(shown, views=tuple(replace(view, depth_m=None) for view in shown.views))
    off = IvlmReasoner(depth="off").predict(shown)
    none = IvlmReasoner().predict(bare)
    assert (off.affordance_maps == none.affordance_maps).all()  # type: ignore[union-attr]
    assert off.feasible_prob == none.feasible_prob


@pytest.mark.parametrize("text", ["Flumph the gronk.", "zzz"])
def test_nonsense_is_abstained_from_with_a_reason(text: str) -> None:
    shown = table_observation((BOX,), Query("", "", None, text))
    got = IvlmReasoner().predict(shown)
    assert got.abstain
    assert got.abstain_reason


@pytest.mark.parametrize("n_views", [1, 4])
def test_an_empty_table_is_abstained_from(n_views: int) -> None:
    shown = table_observation((), Query("grasp", "box", None, "Grasp the box."), n_views=n_views)
    got = IvlmReasoner().predict(shown)
    assert got.abstain


def test_every_setting_of_every_switch_is_taken_and_answers() -> None:
    shown = table_observation((BOX,), Query("grasp", "box", None, "Grasp the box."), size_px=96)
    for name, settings in CHOICES.items():
        for setting in settings[1:]:
            if setting == "minilm":  # needs an extra: tests/published
                continue
            reasoner, card = resolve_reasoner("ivlm", {name: setting})
            assert card.params == {name: setting}
            assert isinstance(reasoner, IvlmReasoner)
            assert reasoner.card()[name] == setting
            checked(reasoner.predict(shown), shown)


@pytest.mark.parametrize("name", CHOICES)
def test_a_setting_that_is_none_names_those_that_are(name: str) -> None:
    with pytest.raises(ConfigError, match=CHOICES[name][0]):
        resolve_reasoner("ivlm", {name: "perhaps"})


def test_unknown_parameters_and_weights_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"no parameter 'fuse'.*fusion"):
        resolve_reasoner("ivlm", {"fuse": "mean"})
    with pytest.raises(AssetError, match="nowhere"):
        resolve_reasoner("ivlm", {"weights": "nowhere"})
    with pytest.raises(ConfigError, match="no parameter 'text'"):
        resolve_reasoner("ivlm-blind", {"text": "on"})


def test_blind_answers_alike_whatever_words_stand_for_the_part() -> None:
    mug = posed("ivlm/GraspMugHandle-v1", "rgbd", 1, 96).observation
    blind = resolve_reasoner("ivlm-blind", {"abstention": "off"})[0]
    other = replace(mug, query=Query("grasp", "mug", "rim", "Grasp the mug by its rim."))
    one, two = (blind.predict(shown).affordance_maps for shown in (mug, other))  # type: ignore[union-attr]
    assert one is not None
    assert two is not None
    assert (one == two).all()
