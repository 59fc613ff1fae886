"""``replay`` and ``show``: one episode of a run, tried again, filmed, and told."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from ivlm_bench.api import RunConfig, evaluate
from ivlm_bench.cli.main import main
from ivlm_bench.errors import ConfigError, StoreError, UnknownNameError
from ivlm_bench.harness.replay import FRAME_S, replay
from ivlm_bench.records import EpisodeResult
from ivlm_bench.report.choose import one
from ivlm_bench.report.film import DRAWN, doing, draw_film, write_gif, write_mp4
from ivlm_bench.report.told import told
from ivlm_bench.store import Run, RunHeader, RunStore, load_run
from ivlm_bench.types import Check

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three tasks, two questions each, answered by the oracle in both engines."""
    out = tmp_path_factory.mktemp("replay") / "run"
    tasks = ("GraspAny", "OpenDrawer", "PressButton")
    return evaluate(
        RunConfig(reasoner="oracle", tasks=tasks, limit=2, out=str(out), workers=1, page=False)
    )


@pytest.fixture(scope="module")
def near_misses(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Answers that are refused before any simulation."""
    out = tmp_path_factory.mktemp("replay") / "penetrating"
    config = RunConfig(
        reasoner="penetrating", tasks=("GraspAny",), limit=2, out=str(out), workers=1, page=False
    )
    return evaluate(config)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the command in this process: exit code, stdout, stderr."""

    def called(*argv: str) -> tuple[int, str, str]:
        code = main(argv)
        said = capsys.readouterr()
        return code, said.out, said.err

    return called


def tried(run: Run) -> Iterator[EpisodeResult]:
    yield from (result for result in run.results if result.verdicts)


def named(result: EpisodeResult) -> str:
    return f"{result.episode.task.rsplit('/', 1)[-1]}:{result.episode.seed}"


def first(run: Run, task: str) -> EpisodeResult:
    return next(result for result in tried(run) if task in result.episode.task)


def declined(run: Run) -> EpisodeResult:
    return next(result for result in run.results if result.episode.abstained)


def resealed(run: Run, folder: Path, change: Callable[[EpisodeResult], EpisodeResult]) -> Path:
    """Seal a copy of a run whose results are changed."""
    results = [change(result) for result in run.results]
    keys = tuple(result.episode.episode_key for result in results)
    header = RunHeader(run_id="copy", config_hash="c", planned=keys, created_at="t", config={})
    with RunStore(folder) as store:
        store.begin(header)
        for result in results:
            store.append(result)
        store.seal(run.manifest)
    return folder


def with_code(result: EpisodeResult, code: str) -> EpisodeResult:
    changed = tuple(replace(v, code=code, robust_codes=(code,)) for v in result.verdicts)
    return replace(result, verdicts=changed)


@pytest.mark.parametrize("engine", ["mujoco", "pybullet"])
def test_answers_tried_again_give_the_stored_values_to_the_last_bit(run: Run, engine: str) -> None:
    """Filming goes on in shorter stretches, and must not change what happens in them."""
    made = [replay(run, result, engine=engine) for result in tried(run)]
    assert len(made) >= 4
    assert all(one.is_same and one.is_same_to_the_bit for one in made)
    assert {one.stored_code for one in made} == {"SUCCESS"}


def test_frames_are_even_in_time_and_lead_to_key_frames(run: Run) -> None:
    for result in tried(run):
        made = replay(run, result)
        times_s = [frame.time_s for frame in made.frames]
        np.testing.assert_allclose(times_s, FRAME_S * np.arange(len(times_s)), atol=1e-9)
        keyframes = made.outcome.keyframes
        assert 0 <= keyframes[-1].time_s - times_s[-1] < FRAME_S + 1e-9
        before = {frame.label: frame.time_s for frame in keyframes}
        assert all(frame.time_s <= before[frame.label] + 1e-9 for frame in made.frames)
        assert [f.label for f in made.frames] == sorted(
            (f.label for f in made.frames), key=list(before).index
        )
        for key in keyframes:  # where both were taken at one moment they are the same
            for frame in made.frames:
                if abs(frame.time_s - key.time_s) < 1e-9:
                    for body, pose in key.world_from_body.items():
                        other = frame.world_from_body[body]
                        np.testing.assert_array_equal(pose.position_m, other.position_m)


def test_perturbed_trials_can_be_told_apart(run: Run) -> None:
    result = first(run, "OpenDrawer")
    nominal, shifted = replay(run, result), replay(run, result, perturbed=1)
    assert shifted.stored_code == result.verdicts[0].robust_codes[0]
    assert shifted.is_same
    assert shifted.outcome.checks != nominal.outcome.checks
    elsewhere = replay(run, result, engine="pybullet", perturbed=1)
    assert elsewhere.stored_code is None
    assert elsewhere.is_same


def test_the_command_says_that_nothing_changed(run: Run, call: Call) -> None:
    result = first(run, "PressButton")
    code, out, err = call("replay", str(run.folder), named(result), "--engine", "pybullet")
    assert (code, err) == (0, "")
    assert result.episode.query_text in out
    assert out.count("SUCCESS: The asked button was pressed home.") == 2
    assert "to the last bit" in out


def test_another_outcome_is_one_sentence_and_exit_code_1(
    run: Run, call: Call, tmp_path: Path
) -> None:
    folder = resealed(run, tmp_path / "copy", lambda result: with_code(result, "NOT_PRESSED"))
    result = first(run, "PressButton")
    code, out, err = call("replay", str(folder), named(result))
    assert code == 1
    assert "stored  NOT_PRESSED" in out
    assert "again   SUCCESS" in out
    assert err.count("\n") == 1
    assert "says SUCCESS where the run says NOT_PRESSED" in err


def test_other_values_with_the_same_code_are_told(run: Run, call: Call, tmp_path: Path) -> None:
    check = Check(name="touched", value=0.5, limit=1.0, unit="", passed=True)

    def change(result: EpisodeResult) -> EpisodeResult:
        checks = msgspec.json.encode((check,))
        return replace(result, verdicts=tuple(replace(v, checks=checks) for v in result.verdicts))

    folder = resealed(run, tmp_path / "copy", change)
    code, out, _ = call("replay", str(folder), named(first(run, "PressButton")))
    assert code == 0
    assert "the same outcome, with other values in some checks" in out


def test_a_gif_plays_in_the_time_of_the_trial(run: Run, call: Call, tmp_path: Path) -> None:
    out = tmp_path / "film.gif"
    result = first(run, "OpenDrawer")
    code, said, _ = call("replay", str(run.folder), named(result), "--out", str(out))
    assert code == 0
    assert str(out) in said
    frames = replay(run, result).frames
    with Image.open(out) as film:
        assert film.n_frames == len(frames)  # type: ignore[attr-defined]
        pictures, durations = [], []
        for index in range(len(frames)):
            film.seek(index)
            pictures.append(np.asarray(film.convert("RGB")).astype(int))
            durations.append(film.info["duration"])
    assert durations == [50] * (len(frames) - 1) + [1500]
    moved = np.abs(pictures[-1] - pictures[0]).max(axis=2) > 40
    assert moved[:340].mean() > 0.02, "the drawer does not open"
    assert moved[360:].any(), "the caption stands still"


def test_a_film_keeps_the_colours_that_are_drawn_on_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (40, 40, 3)).astype(np.uint8) for _ in range(3)]
    for frame in frames:
        frame[0, : len(DRAWN)] = DRAWN
    write_gif(tmp_path / "film.gif", frames)
    with Image.open(tmp_path / "film.gif") as film:
        first_frame = np.asarray(film.convert("RGB"))
    np.testing.assert_array_equal(first_frame[0, : len(DRAWN)], DRAWN)


def test_a_refused_grasp_is_shown_as_planned(near_misses: Run) -> None:
    result = next(r for r in tried(near_misses) if r.episode.code.startswith("COLLISION"))
    made = replay(near_misses, result)
    assert made.outcome.code == result.episode.code
    assert made.frames == ()
    pictures = draw_film(made)
    assert len(pictures) == 30  # 1.5 s
    assert not np.array_equal(pictures[0][:350], pictures[-1][:350])


@pytest.mark.parametrize(
    ("label", "kind", "words"),
    [("closed", "grasp", "closing"), ("end", "grasp", "resting"), ("end", "press", "pressing"),
     ("pushed-2", "articulate", "pushing"), ("let-go", "place", "let go")],
)  # fmt: skip
def test_captions_tell_what_is_being_done(label: str, kind: str, words: str) -> None:
    assert doing(label, kind) == words


def test_mp4_is_piped_to_ffmpeg_frame_by_frame(tmp_path: Path) -> None:
    """A program that keeps its arguments and its input stands in for ffmpeg."""
    program = tmp_path / "ffmpeg"
    program.write_text('#!/bin/sh\necho "$@" > "$0.args"\ncat > "$0.input"\n')
    program.chmod(0o755)
    frames = [np.full((4, 6, 3), value, np.uint8) for value in (1, 2, 3)]
    write_mp4(tmp_path / "film.mp4", frames, program=str(program))
    words = (tmp_path / "ffmpeg.args").read_text().split()
    assert words[words.index("-s") + 1] == "6x4"
    assert words[words.index("-r") + 1] == "20"
    assert words[-1] == str(tmp_path / "film.mp4")
    assert (tmp_path / "ffmpeg.input").read_bytes() == b"".join(f.tobytes() for f in frames)


def test_a_failing_ffmpeg_is_one_sentence(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text('#!/bin/sh\ncat > /dev/null\necho "no codec" >&2\nexit 3\n')
    program.chmod(0o755)
    with pytest.raises(StoreError, match=r"film\.mp4 can't be written \(no codec\)"):
        write_mp4(tmp_path / "film.mp4", [np.zeros((4, 4, 3), np.uint8)], program=str(program))


@pytest.mark.skipif(
    importlib.util.find_spec("imageio_ffmpeg") is None and shutil.which("ffmpeg") is None,
    reason="no ffmpeg here",
)
def test_a_real_mp4(run: Run, call: Call, tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    code, _, _ = call("replay", str(run.folder), named(first(run, "PressButton")), "-o", str(out))
    assert code == 0
    assert out.read_bytes()[4:8] == b"ftyp"


def test_without_ffmpeg_a_gif_is_offered(
    run: Run, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    result = first(run, "PressButton")
    code, _, err = call("replay", str(run.folder), named(result), "-o", str(tmp_path / "x.mp4"))
    assert code == 2
    assert "end --out in .gif" in err
    assert os.listdir(tmp_path) == []


def test_an_episode_goes_by_many_names(run: Run) -> None:
    result = first(run, "GraspAny")
    record = result.episode
    bare = f"GraspAny:{record.seed}"
    names = [
        record.episode_key,
        record.episode_key[:12],
        bare,
        f"{bare}:0",
        f"GraspAny-v0:{record.seed}",
    ]
    names += [f"ivlm/GraspAny-v0:{record.seed}", f"GraspAny-v0/{record.seed}"]
    assert all(one(run.results, name) is result for name in names)
    second = replace(result, episode=replace(record, repeat=1, episode_key="f" * 32))
    both = (result, second)
    assert one(both, bare) is result
    assert one(both, f"{bare}:1") is second
    with pytest.raises(UnknownNameError, match="2 episodes answer"):
        one((result, result), bare)
    for name in ("", "GraspAny", f"GraspAny:{record.seed}:2", "GraspAny:99999"):
        with pytest.raises(UnknownNameError):
            one(both, name)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--engine", "bulet"], "No engine is called 'bulet'. Did you mean 'pybullet'?"),
        (["--perturbed", "2"], "has no perturbed trial 2; give a number from 1 to 1"),
        (["--perturbed", "-1"], "has no perturbed trial -1"),
        (["--out", "film.avi"], "written as .gif or .mp4, which 'film.avi' does not end in"),
        (["--out", "nowhere/film.gif"], "There is no folder nowhere"),
        (["--output", "x"], "no flag '--output'"),
    ],
)
def test_wrong_flags_are_one_sentence(run: Run, call: Call, flags: list[str], words: str) -> None:
    code, out, err = call("replay", str(run.folder), named(first(run, "PressButton")), *flags)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("verb", ["replay", "show"])
def test_wrong_episodes_and_runs_are_one_sentence(run: Run, call: Call, verb: str) -> None:
    code, _, err = call(verb, str(run.folder), "PressButon:0")
    assert code == 2
    assert "has no episode 'PressButon:0'" in err
    code, _, err = call(verb, "nowhere", "PressButton:0")
    assert code == 5
    assert err == "ivlm-bench: There is no folder nowhere; give the folder of a run.\n"


def test_what_was_never_tried_cannot_be_replayed(run: Run) -> None:
    with pytest.raises(ConfigError, match="the reasoner declined to act"):
        replay(run, declined(run))
    result = first(run, "GraspAny")
    crashed = replace(result.episode, status="crashed")
    with pytest.raises(ConfigError, match="it ended with the status 'crashed'"):
        replay(run, EpisodeResult(episode=crashed))


def test_another_scene_is_refused(run: Run) -> None:
    result = first(run, "GraspAny")
    other = replace(result, episode=replace(result.episode, scene_hash="0" * 32))
    with pytest.raises(ConfigError, match="poses another scene"):
        replay(run, other)


def test_show_tells_all_that_is_stored(run: Run, call: Call) -> None:
    result = first(run, "OpenDrawer")
    record = result.episode
    code, out, err = call("show", str(run.folder), named(result))
    assert (code, err) == (0, "")
    for words in (record.task, f"seed {record.seed}", record.query_text, record.cluster):
        assert words in out
    for verdict in result.verdicts:
        assert f"\n{verdict.engine} " in out
    for check in msgspec.json.decode(result.verdicts[0].checks, type=tuple[Check, ...]):
        if check.name == "moved":
            assert f"{1000 * check.value:.2f}" in out
            assert "≥ 10.00" in out
    for name in record.scores:
        assert f" {name} " in out
    assert "motion of the point" in out
    assert max(len(line) for line in out.splitlines()) <= 100


def test_show_tells_why_it_declined(run: Run) -> None:
    text = told(declined(run), run.manifest)
    assert "declines to act: " in text
    assert "what is asked can't be done" in text
    assert "success, abstained, ABSTAINED" in text


def test_show_ends_with_the_last_lines_of_an_error(run: Run) -> None:
    record = replace(
        first(run, "GraspAny").episode,
        status="reasoner_error",
        code="REASONER_ERROR",
        success=False,
        scores={},
        stages={},
        message="\n".join(f"line {i}" for i in range(50)),
    )
    text = told(EpisodeResult(episode=record), run.manifest)
    assert "failure, reasoner_error, REASONER_ERROR. The reasoner raised an exception." in text
    assert "answer      none is stored" in text
    assert "(30 lines left out)" in text
    assert text.endswith("line 49")
    assert "line 29\n" not in text


def test_show_survives_a_damaged_answer(run: Run) -> None:
    broken = replace(first(run, "GraspAny"), prediction=b"nonsense")
    assert "the stored answer can't be read: " in told(broken, run.manifest)


def test_replays_write_nothing_into_the_run(run: Run, call: Call) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in run.folder.iterdir()}
    call("replay", str(run.folder), named(first(run, "GraspAny")))
    call("show", str(run.folder), named(first(run, "GraspAny")))
    after = {path.name: path.stat().st_mtime_ns for path in run.folder.iterdir()}
    assert after == before
    assert load_run(run.folder).manifest == run.manifest
