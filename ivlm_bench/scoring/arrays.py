"""Arrays of predictions: NumPy files, gray pictures and lists of numbers, each checked."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ivlm_bench.errors import InvalidAnswerError

#: Name of the array that counts in an archive that holds several.
PREDICTION_KEY = "prediction"

#: Largest value of a gray picture by its mode in Pillow; 16-bit ones come as any of the last four.
_FULL_SCALE = {"1": 1.0, "L": 255.0, "I;16": 65535.0, "I;16L": 65535.0, "I;16B": 65535.0} | {
    "I": 65535.0
}

#: What NumPy raises of a damaged file.
BROKEN_ARRAY = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    AttributeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)
#: How NumPy begins to refuse a pickle inside an array.
_OBJECTS = "Object arrays cannot be loaded"
#: How it begins to refuse whatever has no head of an array: it takes all that for a pickle.
_NO_HEAD = "This file contains pickled"
#: What Pillow raises of a damaged or a monstrous picture.
_BROKEN_PICTURE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def read_npy(path: Path) -> np.ndarray:
    """Return the array of a ``.npy`` file.

    Raises
    ------
    InvalidAnswerError
        If the file is damaged, or holds Python objects or numbers that are not finite.
    """
    try:
        with path.open("rb") as stream:  # of a name NumPy leaves the file open when it fails
            array = np.load(stream, allow_pickle=False)
    except BROKEN_ARRAY as error:
        raise InvalidAnswerError(_unreadable(path, "NumPy array", error)) from None
    if not isinstance(array, np.ndarray):
        raise InvalidAnswerError(f"{path} is an archive with a wrong ending; name it .npz.")
    return checked_array(array, str(path))


@contextmanager
def open_npz(path: Path) -> Iterator[np.lib.npyio.NpzFile]:
    """Yield an open ``.npz`` archive; ``InvalidAnswerError`` if it is damaged or none."""
    with ExitStack() as open_files:
        try:
            stream = open_files.enter_context(path.open("rb"))
            archive = np.load(stream, allow_pickle=False)
        except BROKEN_ARRAY as error:
            raise InvalidAnswerError(_unreadable(path, "NumPy archive", error)) from None
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise InvalidAnswerError(f"{path} is a single array with a wrong ending; name it .npy.")
        yield open_files.enter_context(archive)


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Return all arrays of a ``.npz`` file by name; errors as ``read_npy``."""
    with open_npz(path) as archive:
        return {name: read_member(archive, path, name) for name in archive.files}


def read_member(archive: np.lib.npyio.NpzFile, path: Path, name: str) -> np.ndarray:
    """Return one array of an open archive; errors as ``read_npy``."""
    try:
        array = archive[name]
    except BROKEN_ARRAY as error:
        raise InvalidAnswerError(_unreadable(f"{path}:{name}", "array", error)) from None
    return checked_array(array, f"{path}:{name}")


def only_array(arrays: dict[str, np.ndarray], path: Path) -> np.ndarray:
    """Return the one array of an archive, or the one called ``prediction``."""
    if PREDICTION_KEY in arrays:
        return arrays[PREDICTION_KEY]
    if len(arrays) != 1:
        raise InvalidAnswerError(
            f"{path} holds {len(arrays)} arrays ({', '.join(arrays) or 'none'}); save one, or call "
            f"the one that counts {PREDICTION_KEY!r}."
        )
    return next(iter(arrays.values()))


def read_gray(path: Path) -> np.ndarray:
    """Return a gray picture (h, w) as float64 in [0, 1]: 8-bit over 255, 16-bit over 65535.

    Raises
    ------
    InvalidAnswerError
        If the file is damaged, or shows colours.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                picture.load()
                mode, pixels = picture.mode, np.asarray(_plain(picture))
    except _BROKEN_PICTURE as error:
        raise InvalidAnswerError(_unreadable(path, "picture", error)) from None
    if pixels.ndim == 3:
        colours = pixels[..., :3]
        if (colours != colours[..., :1]).any():
            raise InvalidAnswerError(
                f"{path} is a picture in colours; save the map itself as 8- or 16-bit gray, not a "
                "colour map of it."
            )
        return colours[..., 0] / 255.0
    return pixels / _FULL_SCALE.get(mode, 255.0)


def numbers(found: Any, where: str) -> np.ndarray:
    """Return a list of numbers, nested or not, as an array of float64; errors as ``read_npy``."""
    try:
        array = np.asarray(found, dtype=np.float64)
    except (ValueError, TypeError):
        raise InvalidAnswerError(
            f"{where} is no regular list of numbers; write an array as nested lists of equal "
            "lengths."
        ) from None
    return checked_array(array, where)


def checked_array(array: np.ndarray, where: str) -> np.ndarray:
    """Return ``array`` if it holds finite numbers; ``InvalidAnswerError`` otherwise."""
    if array.dtype.kind not in "buif":
        raise InvalidAnswerError(
            f"{where} holds {array.dtype}, no numbers; save an array of numbers."
        )
    if not array.size:
        raise InvalidAnswerError(f"{where} is empty (shape {array.shape}).")
    n_wrong = int(array.size - np.isfinite(array).sum())
    if n_wrong:
        raise InvalidAnswerError(
            f"{where} holds {n_wrong} of {array.size} numbers that are NaN or infinite; a "
            "prediction must be finite."
        )
    return array


def _plain(picture: Image.Image) -> Image.Image:
    """Return a picture whose pixels are gray values or RGB: palettes and alpha are resolved."""
    if picture.mode in _FULL_SCALE:
        return picture
    return picture.convert("L" if picture.mode == "LA" else "RGB")


def _unreadable(path: Path | str, what: str, error: BaseException) -> str:
    cause = str(error).strip().splitlines() or [type(error).__name__]
    if cause[0].startswith(_OBJECTS):
        return f"{path} holds Python objects, which are never run; save an array of numbers."
    if cause[0].startswith(_NO_HEAD):
        return f"{path} is no readable {what}: it does not begin as one does; save it again."
    return f"{path} is no readable {what}: {cause[0].rstrip('.')}; save it again."
