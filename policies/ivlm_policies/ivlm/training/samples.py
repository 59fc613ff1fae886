"""Draws what one step of stage 1 learns from: windows, questions, regions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import msgspec
import numpy as np

from ivlm_policies.ivlm.grounding.channels import INPUT_PX, cut
from ivlm_policies.ivlm.grounding.tokens import MAX_TOKENS, phrase_tokens, text_tokens
from ivlm_policies.ivlm.stages import Crop, Phrase
from ivlm_policies.ivlm.training.augment import mirrored, vary
from ivlm_policies.ivlm.training.pictures import Asked, Pictures
from ivlm_policies.ivlm.training.shapes import channels_of

#: Side (px) of the map that a region's visible pixels are counted on.
COUNTED_PX = INPUT_PX // 2
#: Share of each kind among the questions that windows are chosen for.
KIND_SHARES = {"task": 0.35, "part": 0.3, "object": 0.15, "absent": 0.1, "function": 0.1}
#: Chance of a window about the thing, by the kind of question it is chosen for.
NEAR = {"task": 0.9, "part": 0.9, "function": 0.9, "absent": 0.6, "object": 0.15}
#: Side of a window about a thing over the thing's own, and how far (share of the thing's side)
#: it may lie beside it.
LEAST_ROOM, MOST_ROOM, SHIFT = 1.05, 1.9, 0.15
#: Chances that a part which is easily seen where there is none is asked for in a window, where it
#: is there and where it is not; and that a part is asked for by an act, not only to be found.
LOOK_ALIKE, IN_VAIN, BY_ACT = 0.7, 0.5, 0.5
#: Chances: the noun is hidden, the sentence stands as it is, nothing is said.
HIDDEN_NOUN, RAW, SILENT = 0.35, 0.1, 0.02
#: Names of parts (without what tells several alike) that the picture's features are made to tell
#: apart; 0 stands for the background, the last for any other part.
PARTS = (
    *("", "board", "body", "handle", "rim", "neck", "cap", "blade", "head", "spout", "top", "base"),
    *("lid", "tab", "knob", "lever", "button", "plate", "foot", "cabinet", "front", "door", "box"),
    *("tray", "bar", "pin", "strap", "buckle", "other"),
)
#: A region with fewer pixels than so many is not in sight.
CLEAR_PX = 4


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """Windows (n, 8, s, s), and questions: tokens (q, 24), the window of each (q,), regions
    (q, s, s); presence and feasibility (q,) 0 or 1, NaN where they are not known. ``parts``
    (n, s / 2, s / 2): index into ``PARTS`` of what each window shows.
    """

    images: np.ndarray
    tokens: np.ndarray
    which: np.ndarray
    heat: np.ndarray
    presence: np.ndarray
    feasible: np.ndarray
    parts: np.ndarray

    def split(self, n: int) -> list[Batch]:
        """Return n batches of as many windows each, the last ones with one less if need be."""
        windows = np.array_split(np.arange(len(self.images)), n)
        return [self._of(own) for own in windows if len(own)]

    def _of(self, own: np.ndarray) -> Batch:
        asked = np.isin(self.which, own)
        return Batch(
            self.images[own],
            self.tokens[asked],
            self.which[asked] - own[0],
            self.heat[asked],
            self.presence[asked],
            self.feasible[asked],
            self.parts[own],
        )


class Sampler:
    """Draws batches from the scenes it is given; a batch depends on its ``rng`` alone."""

    def __init__(self, pictures: Pictures, shapes: np.ndarray, scenes: list[int]) -> None:
        self.pictures, self.shapes = pictures, shapes
        mine = set(scenes)
        chosen = [i for i, asked in enumerate(pictures.questions) if asked.scene in mine]
        self._indices = np.array(chosen)
        self._chance = _chances([pictures.questions[i] for i in chosen])

    def batch(
        self, rng: np.random.Generator, *, n_images: int, n_asked: int, side_px: int = INPUT_PX
    ) -> Batch:
        """Return a batch of windows with as many questions each, one window's after the other's."""
        windows = [self._window(rng, n_asked, side_px) for _ in range(n_images)]
        which = np.repeat(np.arange(n_images), n_asked)
        rows = [row for _, rows, _ in windows for row in rows]
        tokens, heat, presence, feasible = zip(*rows, strict=True)
        return Batch(
            np.stack([image for image, _, _ in windows]),
            np.stack(tokens),
            which,
            np.stack(heat),
            np.array(presence, np.float32),
            np.array(feasible, np.float32),
            np.stack([shown for _, _, shown in windows]),
        )

    def _window(
        self, rng: np.random.Generator, n_asked: int, side_px: int
    ) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray, float, float]], np.ndarray]:
        lead = self.pictures.questions[int(rng.choice(self._indices, p=self._chance))]
        view = int(rng.integers(self.pictures.rgb.shape[1]))
        near = bool(rng.random() < NEAR[lead.kind] and self.pictures.target(lead, view).any())
        size = float(self.pictures.size_px)
        crop = random_crop(self.pictures.target(lead, view), rng) if near else _roomy(size, rng)
        asked = self._others(lead, rng, n=n_asked, near=near)
        channels = channels_of(self.pictures.rgb[lead.scene, view], self.shapes[lead.scene, view])
        image = cut(channels, crop, size_px=side_px)
        turn = rng.random() < 0.5 and not any(one.place or one.sense for one in asked)
        image = vary(mirrored(image) if turn else image, rng)
        shown = parts_in(self.pictures, lead.scene, view, crop, side_px=side_px // 2)
        shown = shown[:, ::-1] if turn else shown
        where = (view, crop, side_px)
        rows = [self._row(one, where, rng, near=near, turn=turn) for one in asked]
        return image, rows, shown

    def _others(self, lead: Asked, rng: np.random.Generator, *, n: int, near: bool) -> list[Asked]:
        """Return the question and others about the same scene; in a window, mostly its thing."""
        questions = self.pictures.questions
        rest = [questions[i] for i in self.pictures.by_scene[lead.scene]]
        if near:
            same = [one for one in rest if set(one.target_surfaces) & set(lead.target_surfaces)]
            rest = same if rng.random() < 0.75 else rest
        rest = [one for one in rest if one is not lead] or [lead]
        picked = rng.permutation(len(rest))[: n - 1]
        chosen = [lead, *(rest[int(i)] for i in picked)]
        alike = self.pictures.look_alikes(lead) if near and len(chosen) > 1 else []
        if alike:
            one = alike[int(rng.integers(len(alike)))]
            if rng.random() < (LOOK_ALIKE if one.present else IN_VAIN):
                chosen[-1] = _asked_to(one, rng)
        return [chosen[i % len(chosen)] for i in range(n)]

    def _row(
        self,
        asked: Asked,
        where: tuple[int, Crop, int],
        rng: np.random.Generator,
        *,
        near: bool,
        turn: bool,
    ) -> tuple[np.ndarray, np.ndarray, float, float]:
        raw = bool(rng.random() < RAW and asked.text)
        asked = asked if raw else self.pictures.all_alike(asked)
        view, crop, side_px = where
        heat, presence = region_in(self.pictures, asked, view, crop, side_px=side_px)
        heat = heat[:, ::-1] if turn else heat
        told = asked.feasible is not None and (presence == 1.0 or not asked.present)
        feasible = float(bool(asked.feasible)) if told else np.nan
        return said(asked, rng, near=near, raw=raw), heat, presence, feasible


def _asked_to(asked: Asked, rng: np.random.Generator) -> Asked:
    """Return a question for a handle, now and then asked by what is done with it."""
    if asked.part != "handle" or rng.random() >= BY_ACT:
        return asked
    return msgspec.structs.replace(asked, interaction=str(rng.choice(("grasp", "turn"))))


def _chances(questions: list[Asked]) -> np.ndarray:
    """Return how often each question leads: kinds by share, rare ones within a kind more often."""
    groups = [(q.kind, q.interaction, q.part, q.noun) for q in questions]
    sizes = Counter(groups)
    weight = np.array([sizes[group] ** -0.5 for group in groups])
    for kind in {q.kind for q in questions}:
        own = np.array([q.kind == kind for q in questions])
        weight[own] *= KIND_SHARES.get(kind, 0.1) / weight[own].sum()
    return np.asarray(weight / weight.sum())


def said(asked: Asked, rng: np.random.Generator, *, near: bool, raw: bool) -> np.ndarray:
    """Return the tokens of a question as it is asked this time: canonical, vague, raw, silent."""
    draw = rng.random(2)
    if draw[0] < SILENT:
        return np.zeros(MAX_TOKENS, np.int64)
    if raw:
        return text_tokens(asked.text)
    # Where a noun says what there is none of, or which thing of many, hiding it would make the
    # label wrong.
    telling = (not asked.present and not asked.target_surfaces) or (
        asked.kind == "object" and not near
    )
    vague = draw[1] < (0.1 if telling and asked.present else 0.0 if telling else HIDDEN_NOUN)
    return phrase_tokens(phrase_of(asked, vague=bool(vague)))


def phrase_of(asked: Asked, *, vague: bool = False) -> Phrase:
    """Return a question's canonical words; ``vague`` hides the noun."""
    noun = "object" if vague else asked.noun
    return Phrase(asked.interaction, noun, asked.part, asked.colour, asked.place, asked.sense)


def region_in(
    pictures: Pictures, asked: Asked, view: int, crop: Crop, *, side_px: int = INPUT_PX
) -> tuple[np.ndarray, float]:
    """Return a question's region in a window (s, s), and whether what it asks for is there.

    NaN where nobody can tell: the thing is in sight, but hides the part that it has.
    """
    region = pictures.region(asked, view)
    heat = cut(region[None], crop, size_px=side_px)[0]
    if not asked.present:
        return heat, 0.0
    if _visible_px(region, crop) >= CLEAR_PX:
        return heat, 1.0
    thing = pictures.target(asked, view).astype(np.float32)
    return heat, 0.0 if _visible_px(thing, crop) < CLEAR_PX else np.nan


def parts_in(pictures: Pictures, scene: int, view: int, crop: Crop, *, side_px: int) -> np.ndarray:
    """Return the part (s, s) that each place of a window shows, an index into ``PARTS``."""
    names = [s.part.partition("_")[0] for s in pictures.scenes[scene].surfaces]
    index = np.array([PARTS.index(n) if n in PARTS else len(PARTS) - 1 for n in names] + [0])
    step = crop.side_px / side_px
    places = (np.arange(side_px) + 0.5) * step - 0.5
    rows = np.rint(crop.top_px + places).astype(int)
    columns = np.rint(crop.left_px + places).astype(int)
    last = pictures.size_px - 1
    shown = pictures.surface[scene, view][np.clip(rows, 0, last)][:, np.clip(columns, 0, last)]
    inside = ((rows >= 0) & (rows <= last))[:, None] & (columns >= 0) & (columns <= last)
    return np.asarray(np.where(inside, index[shown], 0), np.int64)


def _visible_px(region: np.ndarray, crop: Crop) -> float:
    """Return how many of the picture's pixels a region has in a window."""
    inside = float(cut(region[None], crop, size_px=COUNTED_PX).sum())
    return inside * (crop.side_px / COUNTED_PX) ** 2


def random_crop(target: np.ndarray, rng: np.random.Generator) -> Crop:
    """Return a random square window about the pixels of a thing."""
    left, top, side = _box(target)
    room = side * float(np.exp(rng.uniform(np.log(LEAST_ROOM), np.log(MOST_ROOM))))
    room = max(room, 16.0)
    shift = rng.uniform(-SHIFT, SHIFT, 2) * side
    return Crop(
        float(left + 0.5 * (side - room) + shift[0]),
        float(top + 0.5 * (side - room) + shift[1]),
        room,
    )


def crop_about(target: np.ndarray, *, margin: float = 1.3) -> Crop:
    """Return the square window about the pixels of a thing, as inference takes it."""
    left, top, side = _box(target)
    room = max(margin * side, 24.0)
    return Crop(float(left + 0.5 * (side - room)), float(top + 0.5 * (side - room)), room)


def _box(target: np.ndarray) -> tuple[float, float, float]:
    """Return left, top and side of the square about a mask."""
    rows, columns = np.nonzero(target)
    low = np.array([columns.min(), rows.min()], np.float64)
    high = np.array([columns.max(), rows.max()], np.float64) + 1.0
    side = float((high - low).max())
    left, top = 0.5 * (low + high) - 0.5 * side
    return float(left), float(top), side


def _roomy(size_px: float, rng: np.random.Generator) -> Crop:
    """Return the whole picture, or nearly."""
    side = size_px * rng.uniform(0.8, 1.05)
    spare = size_px - side
    left, top = spare * rng.uniform(0.0, 1.0, 2)
    return Crop(float(left), float(top), float(side))
