"""Which convention places in a picture follow: order, scale, frame, sense and half a pixel.

A hypothesis says what number was written for a place, and how that number was then read. Each one
is turned round: what place would the answers mean if it held? The one under which they mean the
right places, and which is simplest, is named. Sizes differ between pictures, so that a scale by
1000 / 448 is told from a scale by two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np
from jaxtyping import Float64

from ivlm_bench.calibration.findings import FEWEST, Finding, not_told

#: Median error, as a share of the picture's longer side, above which answers are not right.
RIGHT_SHARE = 0.03
#: Share of the answers that must be right under a hypothesis, within twice the median allowed.
MOST = 0.8
#: A finer convention is named where it takes the mean error down to this share of what it is,
#: and below ``FINE_SHARE`` of the side.
FINE_GAIN, FINE_SHARE = 0.2, 0.002
#: Errors that tell hypotheses apart: shares of the side, and of the least error.
TIE_SHARE, TIE_GAIN = 0.0001, 0.25
#: An offset of half a pixel is told where answers scatter by less than this, px, and lies within
#: ``HALF_ERROR_PX`` of one half in both directions.
HALF_SCATTER_PX, HALF_ERROR_PX = 0.15, 0.12
#: Least stretch of an unnamed linear map that still follows the scene, and its largest median
#: error as a share of the side.
LEAST_STRETCH, LINEAR_SHARE = 0.02, 0.02
#: Parameters of a linear map an axis; more answers are needed than that by a good measure.
FEWEST_FOR_LINEAR = 8

Frame = Literal["own", "padded", "cornered"]
Scale = float | str

#: Full scales of normalised coordinates, and how rare each is among models (design of the parser).
SCALES: dict[float, int] = {1000.0: 0, 1.0: 0, 100.0: 0, 999.0: 1, 1024.0: 1}
#: Sides (px) to which servers resize every picture, whatever its size.
FIXED_SIDES_PX = (224.0, 256.0, 336.0, 384.0, 512.0, 768.0)
#: Steps (px) to whose multiples servers resize pictures: Qwen2.5-VL's 28 and Qwen3-VL's 32.
STEPS_PX = {"steps of 28": 28, "steps of 32": 32}
#: The square that the reasoner ``vlm`` shows a model unless told otherwise: the next multiple of
#: so many px, at most as many as that; its dialects of pixels count in it.
_SQUARE, _SQUARE_STEP_PX, _SQUARE_MOST_PX = "pixels of the square shown", 224.0, 896.0
_PIXELS = "pixels"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What number was written for a place, and how it was read as a pixel.

    Parameters
    ----------
    written
        Full scale of the number, ``pixels``, or a step of resized pixels.
    read
        Full scale that the reader assumed, or ``pixels``.
    written_frame, read_frame
        The picture itself, or a square that it is padded to (about its middle, or from its corner).
    y_first, x_back, y_back
        Order and sense of the numbers.
    """

    written: Scale = _PIXELS
    read: Scale = _PIXELS
    written_frame: Frame = "own"
    read_frame: Frame = "own"
    y_first: bool = False
    x_back: bool = False
    y_back: bool = False

    @property
    def complexity(self) -> int:
        """How much has to go wrong for it to hold."""
        steps = 2 * self.y_first + 2 * self.x_back + 2 * self.y_back
        steps += 2 * (self.written != _PIXELS) + 2 * (self.read != _PIXELS)
        steps += (self.written_frame != "own") + (self.read_frame != self.written_frame)
        rare = SCALES.get(self.written, 2) if isinstance(self.written, float) else 0
        return steps + rare

    def meant(self, answers: np.ndarray, sizes: np.ndarray) -> Float64[np.ndarray, "n 2"]:
        """Return the pixels that answers (n, 2) mean in pictures of ``sizes`` (n, 2: w, h)."""
        numbers = _as_read(answers, sizes, self)
        numbers = numbers[:, ::-1] if self.y_first else numbers
        pixels = _as_written(numbers, sizes, self)
        flips = np.array([self.x_back, self.y_back])
        return np.where(flips, sizes - 1.0 - pixels, pixels)


def judge_pixels(
    part: str, answers: np.ndarray, truths: np.ndarray, sizes: np.ndarray, *, n_asked: int
) -> Finding:
    """Return what places in pictures tell.

    Parameters
    ----------
    part
        What the answers are, for the finding.
    answers, truths
        Pixels (n, 2) as answered and as they should be, (x, y).
    sizes
        (n, 2): width and height of each picture, px.
    n_asked
        How many questions were put.
    """
    if len(answers) < FEWEST:
        return not_told(part, len(answers), n_asked)
    plain = Hypothesis()
    error = _error(plain, answers, truths, sizes)
    of = f"{len(answers)} of {n_asked} answers"
    best = _best(answers, truths, sizes)
    if error.fits:
        if best is not None and _is_finer(best, error, answers, truths, sizes):
            now = _error(best, answers, truths, sizes).mean
            words = f"{told(best)}: {_percent(error.mean)} off as they are, {_percent(now)} then"
            return Finding(part, "note" if _is_slight(best) else "deviation", f"{words} ({of})")
        half = _half_pixel(answers, truths)
        words = f"in pixels, x first, {_percent(error.median)} of the side off ({of})"
        return Finding(part, "note" if half else "right", words + half)
    if best is not None:
        now = _error(best, answers, truths, sizes).median
        words = f"{told(best)}; read so {_percent(now)} of the side off, {_percent(error.median)}"
        return Finding(part, "deviation", f"{words} as they are ({of})")
    linear = _linear(answers, truths, sizes)
    if linear:
        return Finding(part, "deviation", f"{linear} ({of})")
    words = f"answers do not follow the scene: {_percent(error.median)} of the side off ({of})"
    return Finding(part, "no finding", words)


def told(hypothesis: Hypothesis) -> str:
    """Return a hypothesis in words: ``answers look like 0-1000, y first``."""
    h = hypothesis
    words = [f"answers look like {_scale_words(h.written, h.written_frame)}"]
    if h.read == h.written and h.read_frame == h.written_frame:
        words = ["answers look like pixels" if h.read == _PIXELS else "answers look right in scale"]
    elif h.read == _SQUARE:
        words = [f"answers look like {_scale_words(h.written, 'own')}"]
    elif h.read != _PIXELS:
        words = [f"{words[0]} read as {_scale_words(h.read, h.read_frame)}"]
    words += ["y first"] if h.y_first else []
    words += ["x counted from the right"] if h.x_back else []
    words += ["y counted from below"] if h.y_back else []
    frames = {"padded": "padded to a square", "cornered": "padded at its right or lower edge"}
    if h.written_frame == h.read_frame:
        return ", ".join(words)
    if h.written_frame != "own":
        words.append(f"in the picture {frames[h.written_frame]}, whose margin is not taken off")
    else:
        words.append(f"in the picture itself, but read as if it were {frames[h.read_frame]}")
    return ", ".join(words)


@dataclass(frozen=True, slots=True)
class _Error:
    median: float
    mean: float
    fits: bool


def _error(
    hypothesis: Hypothesis, answers: np.ndarray, truths: np.ndarray, sizes: np.ndarray
) -> _Error:
    """Return how far answers are off under a hypothesis, as a share of the longer side.

    In the mean no answer counts more than twice the median allowed.
    """
    away = np.linalg.norm(hypothesis.meant(answers, sizes) - truths, axis=1) / sizes.max(axis=1)
    median = float(np.median(away))
    fits = median <= RIGHT_SHARE and float((away <= 2 * RIGHT_SHARE).mean()) >= MOST
    return _Error(median, float(np.minimum(away, 2 * RIGHT_SHARE).mean()), fits)


def _best(answers: np.ndarray, truths: np.ndarray, sizes: np.ndarray) -> Hypothesis | None:
    """Return the simplest of the hypotheses that fit as well as any does."""
    tried = [(h, _error(h, answers, truths, sizes)) for h in _HYPOTHESES]
    fitting = [(h, error.mean) for h, error in tried if error.fits]
    if not fitting:
        return None
    least = min(mean for _, mean in fitting)
    as_good = [h for h, m in fitting if m <= least * (1.0 + TIE_GAIN) + TIE_SHARE]
    return min(as_good, key=lambda h: h.complexity)


def _is_finer(
    best: Hypothesis,
    error: _Error,
    answers: np.ndarray,
    truths: np.ndarray,
    sizes: np.ndarray,
) -> bool:
    """Tell whether answers that are right are so much better under another hypothesis."""
    then = _error(best, answers, truths, sizes).mean
    return best != Hypothesis() and then <= min(FINE_SHARE, FINE_GAIN * error.mean)


def _is_slight(best: Hypothesis) -> bool:
    """Tell whether two scales differ by a thousandth only."""
    return {best.written, best.read} == {999.0, 1000.0}


def _half_pixel(answers: np.ndarray, truths: np.ndarray) -> str:
    """Return what an offset of half a pixel in both directions says, if there is one."""
    away = answers - truths
    if float(away.std(axis=0).max()) > HALF_SCATTER_PX:
        return ""
    offset = away.mean(axis=0)
    if np.all(np.abs(np.abs(offset) - 0.5) <= HALF_ERROR_PX) and offset[0] * offset[1] > 0:
        where = "corner of the first pixel" if offset[0] > 0 else "far corner of each pixel"
        return f"; half a pixel off ({offset[0]:+.2f} px): counted from the {where}, not its middle"
    return ""


def _linear(answers: np.ndarray, truths: np.ndarray, sizes: np.ndarray) -> str:
    """Return an unnamed linear map that the answers follow, in words, if there is one."""
    if len(answers) < FEWEST_FOR_LINEAR:
        return ""
    asked = np.column_stack([(truths + 0.5) / sizes, np.ones(len(truths))])
    shares = (answers + 0.5) / sizes
    away = np.empty(len(asked))
    for left_out in range(len(asked)):
        kept = np.arange(len(asked)) != left_out
        fit = np.linalg.lstsq(asked[kept], shares[kept], rcond=None)[0]
        away[left_out] = np.linalg.norm(asked[left_out] @ fit - shares[left_out])
    fit = np.linalg.lstsq(asked, shares, rcond=None)[0]
    stretch = float(np.linalg.svd(fit[:2], compute_uv=False)[-1])
    if float(np.median(away)) > LINEAR_SHARE * max(1.0, stretch) or stretch < LEAST_STRETCH:
        return ""
    rows = [f"{c[0]:+.2f} x {c[1]:+.2f} y {c[2]:+.2f}" for c in fit.T]
    return (
        f"answers follow the scene by an unknown map, in shares of the picture: x' = {rows[0]}, "
        f"y' = {rows[1]}"
    )


def _as_read(answers: np.ndarray, sizes: np.ndarray, hypothesis: Hypothesis) -> np.ndarray:
    """Return the numbers that were read as these pixels."""
    if hypothesis.read == _PIXELS:
        return answers
    sides, offsets = _framed(sizes, hypothesis.read_frame)
    return (answers + 0.5 + offsets) / sides * _full(hypothesis.read, sides)


def _as_written(numbers: np.ndarray, sizes: np.ndarray, hypothesis: Hypothesis) -> np.ndarray:
    """Return the pixels that numbers mean."""
    sides, offsets = _framed(sizes, hypothesis.written_frame)
    if hypothesis.written == _PIXELS:
        return np.asarray(numbers - offsets)
    counted = 0.5 if isinstance(hypothesis.written, str) else 0.0  # a pixel's number is its middle
    full = _full(hypothesis.written, sides)
    return np.asarray((numbers + counted) / full * sides - offsets - 0.5)


def _full(scale: Scale, sides: np.ndarray) -> np.ndarray:
    """Return the number (n, 2) that stands for the far edges of frames with these sides, px."""
    if isinstance(scale, float):
        return np.full_like(sides, scale)
    if scale == _SQUARE:
        up = np.ceil(sides / _SQUARE_STEP_PX) * _SQUARE_STEP_PX
        return np.asarray(np.minimum(up, _SQUARE_MOST_PX))
    step = STEPS_PX[scale]
    return np.asarray(np.maximum(np.round(sides / step), 1.0) * step)


def _framed(sizes: np.ndarray, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Return sides and margins (n, 2) of the frame that pictures are in, px."""
    if frame == "own":
        return sizes, np.zeros_like(sizes)
    square = np.repeat(sizes.max(axis=1, keepdims=True), 2, axis=1)
    return square, (square - sizes) / 2.0 if frame == "padded" else np.zeros_like(sizes)


def _hypotheses() -> tuple[Hypothesis, ...]:
    frames: tuple[Frame, ...] = ("own", "padded", "cornered")
    raw: list[Hypothesis] = []
    written: tuple[Scale, ...] = (_PIXELS, *SCALES, *STEPS_PX, *FIXED_SIDES_PX)
    for scale, frame in product(written, frames):
        if (scale, frame) != (_PIXELS, "cornered"):  # the same as no padding at all
            raw.append(Hypothesis(scale, _PIXELS, frame))
    normal: tuple[Scale, ...] = (_PIXELS, *SCALES)
    for one, other, frame in product(normal, tuple(SCALES), frames[:2]):
        if one != other:
            raw.append(Hypothesis(one, other, frame, frame))
    raw += [Hypothesis(scale, _SQUARE, "padded", "padded") for scale in SCALES]
    raw += [Hypothesis(_SQUARE, scale, "padded", "padded") for scale in SCALES]
    raw += [Hypothesis(1000.0, 1000.0, a, b) for a, b in product(frames, frames)]
    flags = tuple(product((False, True), repeat=3))
    return tuple(replace(h, y_first=a, x_back=b, y_back=c) for h in raw for a, b, c in flags)


_HYPOTHESES = _hypotheses()


def _scale_words(scale: Scale, frame: Frame) -> str:
    if scale == _PIXELS:
        return "pixels"
    if scale == _SQUARE:
        return _SQUARE
    if isinstance(scale, str):
        return f"pixels of a picture resized to {scale} px"
    if scale in FIXED_SIDES_PX:
        return f"pixels of a picture resized to {scale:g} px"
    return f"0-{scale:g}" + ("" if frame == "own" else " of the padded picture")


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"
