"""Whether an answer fits the observation it was given to."""

from __future__ import annotations

from ivlm_bench.codec import MAX_ANSWER_BYTES, MAX_MAP_SIDE_PX, decode, encode
from ivlm_bench.errors import InvalidAnswerError, StoreError
from ivlm_bench.types import Interaction, Observation, Pose


def checked(value: object, observation: Observation, *, fine: bool = False) -> bytes:
    """Return the encoded answer; ``fine`` as in ``codec.encode``.

    Raises
    ------
    InvalidAnswerError
        If it is no ``Interaction``, its maps or points do not fit the views, or it can't be stored
        and read back.
    """
    if not isinstance(value, Interaction):
        kind = type(value).__name__
        article = "an" if kind[0] in "aeiouAEIOU" else "a"
        raise InvalidAnswerError(f"predict returned {article} {kind}; an Interaction was expected.")
    _check_maps(value, _sizes(observation))
    _check_points(value, observation)
    if value.placement is not None and not isinstance(value.placement, Pose):
        raise InvalidAnswerError("Interaction.placement must be a Pose or None.")
    blob = encode(value, fine=fine)
    try:
        decode(blob)  # what can't be read back would only show when it is tried
    except StoreError as error:
        raise InvalidAnswerError(f"The answer does not survive storing: {error}") from None
    return blob


def check_stored(blob: bytes, observation: Observation) -> None:
    """Check that a stored answer, which may come from anywhere, fits the observation.

    Raises
    ------
    InvalidAnswerError
        If it is too large, or its maps or points do not fit the views.
    StoreError
        If it can't be read.
    """
    if len(blob) > MAX_ANSWER_BYTES:
        raise InvalidAnswerError(
            f"The stored answer takes {len(blob)} bytes; at most {MAX_ANSWER_BYTES} are stored."
        )
    answer = decode(blob)
    reduced = [(min(h, MAX_MAP_SIDE_PX), min(w, MAX_MAP_SIDE_PX)) for h, w in _sizes(observation)]
    _check_maps(answer, reduced)
    _check_points(answer, observation)


def _sizes(observation: Observation) -> list[tuple[int, int]]:
    return [(view.camera.height_px, view.camera.width_px) for view in observation.views]


def _check_maps(answer: Interaction, views: list[tuple[int, int]]) -> None:
    for name in ("affordance_maps", "functional_maps"):
        maps = getattr(answer, name)
        if maps is None:
            continue
        if len(maps) != len(views) or any(maps.shape[1:] != view for view in views):
            raise InvalidAnswerError(
                f"Interaction.{name} has shape {maps.shape}; one map of the size of each of the "
                f"{len(views)} views {sorted(set(views))} was expected."
            )


def _check_points(answer: Interaction, observation: Observation) -> None:
    if answer.points_px is None:
        return
    for index, x_px, y_px in answer.points_px:
        if index != int(index) or not 0 <= index < len(observation.views):
            raise InvalidAnswerError(
                f"Interaction.points_px names view {index:g}; there are "
                f"{len(observation.views)} views, counted from 0."
            )
        camera = observation.views[int(index)].camera
        if not (-0.5 <= x_px <= camera.width_px - 0.5 and -0.5 <= y_px <= camera.height_px - 0.5):
            raise InvalidAnswerError(
                f"Interaction.points_px holds ({x_px:g}, {y_px:g}), outside of its view of "
                f"{camera.width_px} x {camera.height_px} px."
            )
