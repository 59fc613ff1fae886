"""One episode as plain text: question, answer, stages, checks of each engine, scores."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from ivlm_bench.codec import decode
from ivlm_bench.guard import visible
from ivlm_bench.records import EpisodeRecord, EpisodeResult, Manifest
from ivlm_bench.report.cards import EngineColumn, engine_column, reference_first, stages_of
from ivlm_bench.report.posed import attempt
from ivlm_bench.report.words import outcome_sentence, readable
from ivlm_bench.types import Grasp, Interaction, Motion

#: Width of the first column, and of the whole text, in characters.
NAME_WIDTH, WIDTH = 12, 96
#: Labels and contact points that are told one by one.
MAX_LISTED = 3
#: Lines of a message, the last ones of longer messages.
MAX_MESSAGE_LINES = 20


def told(result: EpisodeResult, manifest: Manifest) -> str:
    """Return all that a run holds of one episode, for a terminal, which obeys nothing in it."""
    record = result.episode
    blocks = [
        list(_head(record, manifest)),
        list(_answer(result)),
        *(list(_engine(engine_column(v, None))) for v in reference_first(result, manifest)),
        list(_scores(record)),
        list(_message(record)),
    ]
    return visible("\n\n".join("\n".join(lines) for lines in blocks if lines))


def _head(record: EpisodeRecord, manifest: Manifest) -> Iterator[str]:
    repeat = f", repeat {record.repeat}" if record.repeat else ""
    yield from _row("episode", f"{record.task}, seed {record.seed}{repeat}")
    yield from _row("key", record.episode_key)
    yield from _row("run", f"{manifest.suite}, {manifest.track}, {manifest.reasoner.display}")
    yield from _row("question", record.query_text)
    can = "can be done" if record.answerable else "can't be done"
    yield from _row("object", f"{record.cluster} ({record.split}); what is asked {can}")
    simulated = record.status != "ok" or record.code != "WRONG_PART"
    sentence = outcome_sentence(record, simulated=simulated)
    word = "scored" if record.code == "SCORED" else "success" if record.success else "failure"
    yield from _row("outcome", f"{word}, {record.status}, {record.code}. {sentence}")


def _answer(result: EpisodeResult) -> Iterator[str]:
    record = result.episode
    if not result.prediction:
        yield from _row("answer", "none is stored")
        return
    answer, notes = attempt(lambda: decode(result.prediction), "the stored answer can't be read")
    if answer is None:
        yield from _row("answer", " ".join(notes))
        return
    for number, line in enumerate(answer_lines(answer) or ["empty"]):
        yield from _row("answer" if number == 0 else "", line)
    if record.confidence is not None:
        yield from _row("confidence", f"{record.confidence:.3f}")
    if record.stages:
        yield from _row("stages", ", ".join(f"{what} {who}" for what, who in stages_of(record)))


def answer_lines(answer: Interaction) -> list[str]:
    """Return what an answer holds, one line a thing; none if it is empty."""
    lines = []
    if answer.abstain:
        lines.append(f"declines to act: {answer.abstain_reason or 'no reason given'}")
    if answer.label_prob:
        ranked = sorted(answer.label_prob.items(), key=lambda item: -float(item[1]))
        lines.append("labels " + ", ".join(f"{k} {float(v):.2f}" for k, v in ranked[:MAX_LISTED]))
    lines += [f"grasp {_grasp(grasp)}" for grasp in answer.grasps[:1]]
    if len(answer.grasps) > 1:
        lines.append(f"{len(answer.grasps) - 1} more grasps, which are not executed")
    if answer.motion is not None:
        lines.append(_motion(answer.motion))
    if answer.placement is not None:
        lines.append(f"placement: moved by {_metres(answer.placement.position_m)} and turned")
    lines += _marks(answer)
    return lines


def _marks(answer: Interaction) -> Iterator[str]:
    points = answer.contact_points_m
    if len(points):
        more = f" and {len(points) - 1} more" if len(points) > 1 else ""
        yield f"contact at {_metres(points[0])}{more}"
    if answer.points_px is not None:
        view, x, y = answer.points_px[0] if len(answer.points_px) else (0, 0, 0)
        more = f" and {len(answer.points_px) - 1} more" if len(answer.points_px) > 1 else ""
        yield f"image point ({x:.0f}, {y:.0f}) px in view {int(view) + 1}{more}"
    for name in ("affordance_maps", "functional_maps"):
        maps = getattr(answer, name)
        if maps is not None:
            n, height, width = maps.shape
            yield f"{readable(name)}: {n} of {width} x {height} px, up to {float(maps.max()):.2f}"
    if answer.vertex_prob is not None:
        yield f"{len(answer.vertex_prob)} values on vertices"


def _grasp(grasp: Grasp) -> str:
    pose = grasp.world_from_gripper
    return (
        f"at {_metres(pose.position_m)}, approaching along {_direction(pose.rotation[:, 2])}, "
        f"{1000 * grasp.width_m:.0f} mm wide"
    )


def _motion(motion: Motion) -> str:
    rotates = motion.kind == "rotate"
    amount = (
        f"{np.degrees(motion.amount):.0f} degrees" if rotates else f"{1000 * motion.amount:.0f} mm"
    )
    around = ""
    if rotates and motion.axis_point_m is not None:
        around = f" around an axis through {_metres(motion.axis_point_m)}"
    return (
        f"motion of the point {_metres(motion.point_m)} along {_direction(motion.direction)} "
        f"by {amount}{around}"
    )


def _metres(point_m: np.ndarray) -> str:
    return "(" + ", ".join(f"{float(x) + 0.0:.3f}" for x in point_m) + ") m"


def _direction(vector: np.ndarray) -> str:
    return "(" + ", ".join(f"{float(x) + 0.0:.2f}" for x in vector) + ")"


def _engine(column: EngineColumn) -> Iterator[str]:
    word = "succeeded" if column.success else column.failed
    yield from _row(column.name, f"{word}, {column.code}. {column.sentence}")
    if column.robust:
        yield from _row("", column.robust)
    if column.note:
        yield from _row("", column.note)
    rows = [
        (
            ("ok" if check.passed else "FAILED") if check.gating else "reported",
            check.name,
            check.value,
            check.limit,
        )
        for check in column.checks
    ]
    yield from _aligned(rows)


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(4)] if rows else []
    for row in rows:
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield (" " * NAME_WIDTH + cells).rstrip()


def _scores(record: EpisodeRecord) -> Iterator[str]:
    told_first = "scores"
    for name, value in sorted(record.scores.items()):
        shown = "does not apply" if value is None else f"{value:.4g}"
        yield f"{told_first:<{NAME_WIDTH}}{name:<28}{shown}"
        told_first = ""


def _message(record: EpisodeRecord) -> Iterator[str]:
    lines = record.message.strip().splitlines()
    if not lines:
        return
    left_out = len(lines) - MAX_MESSAGE_LINES
    if left_out > 0:
        lines = [f"({left_out} lines left out)", *lines[left_out:]]
    for number, line in enumerate(lines):
        yield f"{'message' if number == 0 else '':<{NAME_WIDTH}}{line}"


def _row(name: str, text: str) -> Iterator[str]:
    """Yield a name and its text, wrapped beside it."""
    lines = textwrap.wrap(text, WIDTH - NAME_WIDTH) or [""]
    for number, line in enumerate(lines):
        yield f"{name if number == 0 else '':<{NAME_WIDTH}}{line}"
