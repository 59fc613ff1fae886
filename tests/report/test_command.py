"""The command that plays an episode again is one that the program takes."""

from __future__ import annotations

import shlex

from msgspec.structs import replace

from ivlm_bench.cli.parse import parse
from ivlm_bench.cli.run import RunFlags, config_of
from ivlm_bench.records import EpisodeResult, Manifest
from ivlm_bench.report.cards import reproduce
from ivlm_bench.suite import load_suite


def test_the_command_asks_the_same_question(
    variety: tuple[EpisodeResult, ...], manifest: Manifest
) -> None:
    suite = load_suite("smoke-v0")
    spec = [e for e in suite.episodes() if e.task == "ivlm/GraspAny-v0"][4]
    episode = replace(variety[0].episode, seed=spec.seed, repeat=spec.repeat)
    card = replace(manifest.reasoner, name="my file.py:Mine", params={"text": "a b=c"})
    command, note = reproduce(episode, replace(manifest, reasoner=card))
    words = shlex.split(command)
    assert words[:2] == ["ivlm-bench", "run"]
    config = config_of(parse(RunFlags, "run", words[2:]))
    assert config.tasks == ("ivlm/GraspAny-v0",)
    assert config.reasoner == "my file.py:Mine"
    assert config.params == {"text": "a b=c"}
    assert config.engines == ("mujoco", "pybullet")
    assert (config.suite, config.seed, config.limit) == ("smoke-v0", 7, 5)
    assert str(spec.seed) in note


def test_an_episode_outside_of_the_suite_has_no_limit(
    variety: tuple[EpisodeResult, ...], manifest: Manifest
) -> None:
    command, note = reproduce(replace(variety[0].episode, seed=10**6), manifest)
    assert "--limit" not in command
    assert "every question" in note
