"""``ivlm-bench train``: draw pictures to learn from, and train a reasoner on them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from tyro.conf import arg

from ivlm_bench.cli.parse import parse
from ivlm_bench.errors import AssetError, ConfigError
from ivlm_bench.harness.threads import SINGLE_THREADED

#: File that a complete folder of pictures has.
COMPLETE = "order.json"
#: File that a finished training has.
METRICS = "metrics.json"


class TrainFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Train a reasoner on pictures that the environments draw; held-out categories never enter."""

    preset: Annotated[str, arg(metavar="NAME")] = "small"
    """What is trained for how long: 'small' for weights to use, 'smoke' to see that it works."""
    reasoner: Annotated[str, arg(metavar="NAME")] = "ivlm"
    """Reasoner that is trained."""
    out: Annotated[str, arg(metavar="FOLDER")] = "trained"
    """Folder for weights, report and what is needed to go on."""
    pictures: Annotated[str | None, arg(metavar="FOLDER")] = None
    """Labelled pictures; drawn into OUT/pictures if left out."""
    scenes: Annotated[int | None, arg(metavar="N")] = None
    """Scenes to draw; the preset's number if left out."""
    seed: Annotated[int | None, arg(metavar="N")] = None
    """Seed of pictures, start and order; the preset's if left out."""
    steps: Annotated[int | None, arg(metavar="N")] = None
    """Steps of stage 1; the preset's number if left out."""
    labels: Annotated[float | None, arg(metavar="SHARE")] = None
    """Share of the scenes whose 3D labels stage 2 may use, 0 to 1; all if left out."""
    start: Annotated[str | None, arg(metavar="WEIGHTS")] = None
    """Weights to begin from: a shipped name or a folder; from nothing if left out."""
    encoder: Annotated[str | None, arg(metavar="KIND[:PATH]")] = None
    """What looks at the pictures: 'small' (trained from nothing) or a frozen encoder:
    'efficientnet[:FILE]', 'clip:FOLDER', 'siglip2:FOLDER', 'dinov2:FOLDER'; the preset's if left
    out."""
    resume: bool = False
    """Go on where a training in OUT was stopped; the result is the same to the bit."""
    workers: Annotated[int | None, arg(metavar="N")] = None
    """Processes that draw; one for each usable core if left out."""


def command(argv: Sequence[str]) -> int:
    """Train, print the figures, and return 0."""
    flags = parse(TrainFlags, "train", argv)
    # Numpy's and torch's libraries read this once, when they are first imported: on small arrays
    # a second thread costs more than it gives.
    os.environ.update(SINGLE_THREADED)
    from ivlm_bench.cli.progress import counting
    from ivlm_bench.learning.trainers import TRAINERS, Training

    trainer = TRAINERS.get(flags.reasoner)
    n_scenes = flags.scenes if flags.scenes is not None else trainer.n_scenes(flags.preset)
    _check_numbers(flags)
    out = Path(flags.out)
    _check_places(flags, out)
    order = Training(
        flags.preset,
        _pictures(flags, n_scenes),
        out,
        seed=flags.seed,
        n_steps=flags.steps,
        label_share=flags.labels,
        resume=flags.resume,
        start=flags.start,
        encoder=flags.encoder,
    )
    _print(trainer(order, counting), out)
    return 0


def _check_numbers(flags: TrainFlags) -> None:
    """Refuse numbers that mean nothing, before minutes are spent on drawing."""
    numbers = {"--scenes": flags.scenes, "--steps": flags.steps, "--workers": flags.workers}
    for flag, number in numbers.items():
        if number is not None and number < 1:
            raise ConfigError(f"{flag} is {number}; a whole number of at least 1 is needed.")
    if flags.seed is not None and flags.seed < 0:
        raise ConfigError(f"--seed is {flags.seed}; a whole number of at least 0 is needed.")
    if flags.labels is not None and not 0.0 <= flags.labels <= 1.0:
        raise ConfigError(f"--labels is {flags.labels:g}; a share between 0 and 1 is needed.")


def _check_places(flags: TrainFlags, out: Path) -> None:
    """Refuse folders that can't be read or written, before anything is drawn."""
    from ivlm_bench.cli.place import check_folder

    if flags.pictures is not None and not (Path(flags.pictures) / COMPLETE).is_file():
        raise AssetError(
            f"{flags.pictures} holds no finished set of labelled pictures (it has no {COMPLETE}); "
            "leave --pictures out, and they are drawn."
        )
    if (out / METRICS).is_file() and not flags.resume:
        raise ConfigError(f"{out} holds a training already; name another --out, or give --resume.")
    check_folder(out)


def _pictures(flags: TrainFlags, n_scenes: int) -> Path:
    """Return the folder of pictures; draw them where none is given or they are not complete."""
    if flags.pictures is not None:
        return Path(flags.pictures)
    folder = Path(flags.out) / "pictures"
    if not (folder / COMPLETE).is_file():
        from ivlm_bench.learning.draw import draw_pictures

        workers = flags.workers if flags.workers is not None else len(os.sched_getaffinity(0))
        draw_pictures(folder, n_scenes=n_scenes, seed=flags.seed or 0, workers=workers)
    return folder


def _print(metrics: Mapping[str, Any], out: Path) -> None:
    """Print each track's figures, and where the rest lies."""
    from ivlm_bench.cli.tables import columns

    head = ("track", "questions", "IoU", "pointing", "presence", "feasible")
    rows = []
    for name, row in metrics["tracks"].items():
        every = row["all"]
        told = (every["iou"], every["pointing"], row["presence_auroc"], row["feasible_auroc"])
        rows.append((name, str(every["n"]), *("n/a" if v is None else f"{v:.3f}" for v in told)))
    print(columns(head, rows))
    print("Scenes held back; presence and feasible are areas under the ROC curve.")
    print(f"Weights: {out / 'weights'}; report: {out / 'report.md'}")
