"""``ivlm-bench plausibility``: are these hands or bodies and their objects physically plausible?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from tyro.conf import Positional, UseAppendAction, arg

from ivlm_bench.cli.parse import listed, parse
from ivlm_bench.errors import ConfigError
from ivlm_bench.guard import visible
from ivlm_bench.plausibility.assess import Settings, assess
from ivlm_bench.plausibility.displacement import free_fall_m
from ivlm_bench.plausibility.obman import free_fall_m as legacy_ceiling_m
from ivlm_bench.plausibility.pairs import Pair, files_of, find_pairs
from ivlm_bench.plausibility.read import read_mesh
from ivlm_bench.plausibility.sequences import VALUES, motion, read_feet
from ivlm_bench.plausibility.table import csv_text, json_text, text_table
from ivlm_bench.plausibility.verdict import PairResult
from ivlm_bench.report.plausibility import plausibility_page

#: Exit code when something could not be measured.
INCOMPLETE = 5

_ENGINES = ("mujoco", "pybullet")

#: Directions of gravity by the axis that points up; ``y-down`` is a camera's frame, and ObMan's.
DOWN = {
    "z": (0.0, 0.0, -1.0),
    "y": (0.0, -1.0, 0.0),
    "x": (-1.0, 0.0, 0.0),
    "z-down": (0.0, 0.0, 1.0),
    "y-down": (0.0, 1.0, 0.0),
    "x-down": (1.0, 0.0, 0.0),
}


class PlausibilityFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Measure penetration, shared volume, contact and stability of bodies with objects.

    Pairs are two files (BODY OBJECT), one folder of NAME.hand.obj (or NAME.body.obj) beside
    NAME.object.obj, two folders of files with equal stems, or a list: LIST.csv or LIST.json with
    rows of body, object and, if given, name and labels. Formats: OBJ, PLY, STL, GLB.
    """

    paths: Annotated[Positional[tuple[str, ...]], arg(metavar="PATHS")]
    """BODY OBJECT, or FOLDER, or BODIES OBJECTS, or LIST."""
    hand: bool = False
    """The bodies are hands (this is the default): limits of 5 mm, 4 cm3 and 2 cm."""
    body: bool = False
    """The bodies are whole bodies in scenes: limits of 20 mm, nothing is simulated."""
    units: Literal["m", "cm", "mm"] = "m"
    """What the files' coordinates are in."""
    up: Literal["z", "y", "x", "z-down", "y-down", "x-down"] = "z"
    """Axis that points up; y-down is a camera's frame, as in ObMan's files."""
    engines: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="ENGINE")] = ()
    """mujoco, pybullet or both (default) for the displacement v1; a comma list will do."""
    no_simulation: bool = False
    """Leave both displacements out: fifty times as fast."""
    free_object: bool = False
    """With --body: simulate too, as if the body alone held the object."""
    labels: Annotated[str | None, arg(metavar="FILE|FOLDER")] = None
    """True contact of the body's vertices: NAME.npy, NAME.json or NAME.txt."""
    out: Annotated[str, arg(metavar="FOLDER")] = "runs/plausibility"
    """Where plausibility.csv, plausibility.json and page.html are written."""
    pictures: Annotated[int, arg(metavar="N")] = 6
    """Draw so many of the worst pairs on the page."""
    sequence: bool = False
    """The pairs, by name, are frames of one motion: foot skating, floating, penetrating."""
    fps: Annotated[float, arg(metavar="HZ")] = 20.0
    """With --sequence: frames a second."""
    ground: Annotated[float, arg(metavar="HEIGHT")] = 0.0
    """With --sequence: height of the floor along the up axis, m."""
    feet: Annotated[str | None, arg(metavar="FILE")] = None
    """With --sequence: JSON of the vertex numbers of both feet, {"left": [..], "right": [..]}."""


def command(argv: Sequence[str]) -> int:
    """Measure all pairs, print the table, write the files; 5 if a verdict could not be had."""
    flags = parse(PlausibilityFlags, "plausibility", argv)
    settings = _settings(flags)
    pairs = find_pairs(flags.paths, labels=flags.labels)
    folder = _folder(flags.out)
    results = [_one(pair, settings, k, len(pairs)) for k, pair in enumerate(pairs, start=1)]
    measured = _motion(pairs, results, settings, flags) if flags.sequence else None
    _print(results, measured)
    page = plausibility_page(pairs, results, settings, n_pictures=flags.pictures, sequence=measured)
    texts = {"plausibility.csv": csv_text(results), "page.html": page}
    texts["plausibility.json"] = json_text(results, measured)
    for name, text in texts.items():
        _write(folder / name, text)
        print(f"{name.rpartition('.')[2]:<8} {folder / name}")
    return _complain(results)


def _settings(flags: PlausibilityFlags) -> Settings:
    if flags.hand and flags.body:
        raise ConfigError("--hand and --body exclude each other; give one of them.")
    if flags.fps <= 0.0 or flags.pictures < 0:
        raise ConfigError("--fps must be above 0, and --pictures 0 or more.")
    engines = listed(flags.engines) or _ENGINES
    for name in engines:
        if name not in _ENGINES:
            raise ConfigError(f"--engines knows {' and '.join(_ENGINES)}, not {name!r}.")
    return Settings(
        kind="body" if flags.body else "hand",
        unit=flags.units,
        simulate=not flags.no_simulation and (not flags.body or flags.free_object),
        engines=engines,
        legacy="pybullet" in engines,
        down=np.array(DOWN[flags.up]),
    )


def _one(pair: Pair, settings: Settings, number: int, total: int) -> PairResult:
    if sys.stderr.isatty():
        print(f"\r{number} of {total}: {visible(pair.name)[:60]:<60}", end="", file=sys.stderr)
    result = assess(pair, settings)
    if sys.stderr.isatty() and number == total:
        print(file=sys.stderr)
    return result


def _print(results: Sequence[PairResult], measured: dict[str, float | None] | None) -> None:
    if any(result.error is None for result in results):
        print(text_table(results))
    if any(result.values.get("legacy_displacement_cm") is not None for result in results):
        print(
            "ObMan's displacement has a ceiling: an object that nothing holds falls "
            f"{legacy_ceiling_m() * 100.0:.1f} cm in its 35 steps "
            f"(in v1's 0.5 s: {free_fall_m() * 100.0:.1f} cm)."
        )
    for name, value in (measured or {}).items():
        print(f"{VALUES[name]}: {'-' if value is None else format(value, '.3f')}")


def _motion(
    pairs: Sequence[Pair],
    results: Sequence[PairResult],
    settings: Settings,
    flags: PlausibilityFlags,
) -> dict[str, float | None]:
    """Measure the bodies, by name, as frames of one motion; pairs with errors are left out."""
    good = [p for p, result in zip(pairs, results, strict=True) if result.error is None]
    good.sort(key=lambda pair: pair.name)
    if len(good) < len(pairs):
        n = len(pairs) - len(good)
        verb = "is" if n == 1 else "are"
        print(
            f"ivlm-bench: {_counted(n, 'frame')} {verb} missing from the motion.", file=sys.stderr
        )
    frames = [read_mesh(files_of(p)[0], role=settings.kind, unit=settings.unit) for p in good]
    if len(frames) < 2 or len({len(frame.vertices_m) for frame in frames}) > 1:
        raise ConfigError(
            "--sequence needs two frames or more, whose bodies have equally many vertices."
        )
    return motion(
        np.stack([frame.vertices_m for frame in frames]),
        down=settings.down,
        ground_m=flags.ground,
        fps=flags.fps,
        feet=None if flags.feet is None else read_feet(Path(flags.feet)),
    )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None


def _folder(out: str) -> Path:
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--out {folder} cannot be made: {error.strerror}.") from None
    return folder


def _counted(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def _complain(results: Sequence[PairResult]) -> int:
    """Say on stderr what could not be measured; return the exit code."""
    code = 0
    for result in results:
        if result.error is not None:
            print(f"ivlm-bench: {visible(result.name)}: {visible(result.error)}", file=sys.stderr)
        if result.error is not None or None in result.bits.values():
            code = INCOMPLETE
        for name, reason in result.reasons.items():
            print(
                f"ivlm-bench: {visible(result.name)}: no {name}: {visible(reason)}.",
                file=sys.stderr,
            )
    n_bad = sum(result.error is not None for result in results)
    if n_bad:
        verb = "was" if n_bad == 1 else "were"
        print(
            f"ivlm-bench: {n_bad} of {_counted(len(results), 'pair')} {verb} not measured.",
            file=sys.stderr,
        )
    return code
