"""How a reasoner came to one answer of a run: pictures, and a page that holds them all."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup
from PIL import Image

import ivlm_bench
from ivlm_bench.env import Episode
from ivlm_bench.errors import ConfigError
from ivlm_bench.guard import guarded, in_brief, visible
from ivlm_bench.harness.predict import predict, reasoner_seed, unwritable
from ivlm_bench.reasoners import AnyReasoner, resolve_reasoner
from ivlm_bench.records import EpisodeResult, EpisodeSpec, Manifest
from ivlm_bench.report.cards import Card, make_card
from ivlm_bench.report.choose import one
from ivlm_bench.report.frame import packaged, source_hash, templates
from ivlm_bench.report.images import data_uri
from ivlm_bench.report.pictures import Picture, legend
from ivlm_bench.report.posed import pose
from ivlm_bench.store import Run
from ivlm_bench.store.faults import told
from ivlm_bench.store.seal import write_whole
from ivlm_bench.types import Evidence

#: File name of the page, and characters of the episode's key in the name of its folder.
PAGE, KEY_CHARS = "index.html", 8
#: Characters of a caption in the name of its picture.
NAME_CHARS = 40


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is told; ``file`` is the picture's name in the folder, where there is one."""

    caption: str
    picture: Picture | None
    file: str


@dataclass(frozen=True, slots=True)
class Explained:
    """What was written where, and what is to be said of it."""

    folder: Path
    n_pictures: int
    notes: tuple[str, ...]


def write_explanation(run: Run, name: str, *, out: Path | str | None = None) -> Explained:
    """Write how the reasoner of a run comes to its answer to one episode, and say where.

    The question is posed anew and the run's reasoner, with its parameters, asked to ``explain``;
    one that has no such method is asked again, and the evidence of its answer is shown.

    Parameters
    ----------
    name
        The beginning of the episode's key, or ``Task-v0/seed``.
    out
        The folder; by default one in the folder of the run.

    Raises
    ------
    ConfigError
        If the run is one on a public data set, the task poses another scene now, or the reasoner
        fails.
    StoreError
        If the folder can't be written.
    UnknownNameError
        If no episode, task or reasoner has that name.
    """
    if run.manifest.data is not None:
        raise ConfigError(
            f"{run.folder} is a run on a public data set, whose questions are not posed anew; "
            "'ivlm-bench view' shows its answers."
        )
    result = one(run.results, name)
    posed = pose(result.episode, result.prediction, run.manifest)
    if posed.episode is None:
        raise ConfigError(f"{name} can't be explained. {' '.join(posed.notes)}")
    evidence, notes = _asked(run.manifest, result, posed.episode)
    folder = Path(out) if out is not None else _folder(run, result)
    steps = tuple(_step(index, piece) for index, piece in enumerate(evidence, start=1))
    with told(folder, "writing"):
        folder.mkdir(parents=True, exist_ok=True)
        for step, piece in zip(steps, evidence, strict=True):
            if piece.image is not None:
                write_whole(folder / step.file, _png(piece.image))
        card = make_card(result, run.manifest)
        write_whole(folder / PAGE, _page(run.manifest, card, steps, notes).encode())
    return Explained(folder, sum(step.picture is not None for step in steps), notes)


def _folder(run: Run, result: EpisodeResult) -> Path:
    return run.folder / f"explain-{result.episode.episode_key[:KEY_CHARS]}"


def _asked(
    manifest: Manifest, result: EpisodeResult, episode: Episode
) -> tuple[Sequence[Evidence], tuple[str, ...]]:
    """Return what the reasoner of a run tells of a question, and what is to be said of it."""
    reasoner, card = resolve_reasoner(manifest.reasoner.name, manifest.reasoner.params)
    notes: tuple[str, ...] = ()
    if card.fingerprint != manifest.reasoner.fingerprint:
        notes += ("The reasoner's code is not that of the run: it may answer otherwise now.",)
    record = result.episode
    spec = EpisodeSpec(task=record.task, seed=record.seed, repeat=record.repeat)
    seed = reasoner_seed(manifest.base_seed, spec)
    if callable(getattr(reasoner, "explain", None)):
        return _explained(reasoner, episode, seed, card.name), notes
    evidence = _evidence(reasoner, episode, seed, privileged=card.privileged)
    what = "the evidence of its answer is shown" if evidence else "its answer holds no evidence"
    sentence = f"{card.name!r} has no method 'explain', and {what}."
    return evidence, (*notes, sentence)


def _explained(
    reasoner: AnyReasoner, episode: Episode, seed: int, name: str
) -> tuple[Evidence, ...]:
    def explain() -> tuple[Evidence, ...]:
        reset = getattr(reasoner, "reset", None)
        if reset is not None:
            reset(seed)
        explained = tuple(getattr(reasoner, "explain")(unwritable(episode.observation)))  # noqa: B009
        if not all(isinstance(piece, Evidence) for piece in explained):
            raise TypeError("it must return Evidence objects only")
        return explained

    value, error = guarded(explain)
    if isinstance(error, KeyboardInterrupt):
        raise error
    if error is not None or value is None:
        why = "it gave nothing" if error is None else in_brief(error)
        raise ConfigError(f"{name!r} failed to explain its answer: {why}.") from error
    return value


def _evidence(
    reasoner: AnyReasoner, episode: Episode, seed: int, *, privileged: bool
) -> tuple[Evidence, ...]:
    """Return the evidence of a new answer, without its images, or with them where it has some."""
    kept: list[Evidence] = []

    class _Listener:
        """Hands an answer on, and keeps its evidence, whose images no answer is stored with."""

        def __init__(self, name: str) -> None:
            setattr(self, name, self._hear)
            self._answer = getattr(reasoner, name)

        def _hear(self, *given: object) -> object:
            answer = self._answer(*given)
            kept.extend(getattr(answer, "evidence", ()))
            return answer

        def reset(self, seed: int) -> None:
            if callable(reset := getattr(reasoner, "reset", None)):
                reset(seed)

    listener = _Listener("predict_with_truth" if privileged else "predict")
    truth = episode.truth if privileged else None
    predict(listener, episode.observation, seed=seed, truth=truth)  # type: ignore[arg-type]
    return tuple(kept)


def _step(index: int, piece: Evidence) -> Step:
    caption = visible(piece.caption)
    words = re.sub(r"[^a-z0-9]+", "-", caption.lower())[:NAME_CHARS].strip("-")
    file = f"{index:02d}-{words or 'picture'}.png"
    if piece.image is None:
        return Step(caption, None, file)
    height_px, width_px = piece.image.shape[:2]
    return Step(caption, Picture(data_uri(piece.image), width_px, height_px, caption, ""), file)


def _png(rgb: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(buffer, "PNG")
    return buffer.getvalue()


def _page(manifest: Manifest, card: Card, steps: Sequence[Step], notes: Sequence[str]) -> str:
    style = packaged("page.css") + packaged("explanation.css")
    return (
        templates()
        .get_template("explanation.html.jinja")
        .render(
            manifest=manifest,
            card=card,
            steps=steps,
            notes=notes,
            legend=legend(),
            version=ivlm_bench.__version__,
            style=Markup(style),
            style_hash=source_hash(style),
        )
    )
