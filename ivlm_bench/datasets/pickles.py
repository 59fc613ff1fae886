"""Pickles and arrays of public data sets, read without running what is in them."""

from __future__ import annotations

import pickle
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format

from ivlm_bench.datasets.unpickler import DataUnpickler, RefusedError
from ivlm_bench.errors import AssetError

#: Classes by which pandas writes a table of numbers and object columns; for ``extra``.
#: (Text columns of pandas 3 are Arrow buffers with pointers in them: those stay refused.)
PANDAS_TABLE = frozenset(
    {
        "pandas.DataFrame",
        "pandas.Index",
        "pandas.RangeIndex",
        "pandas._libs.internals._unpickle_block",
        "pandas.core.frame.DataFrame",
        "pandas.core.indexes.base.Index",
        "pandas.core.indexes.base._new_Index",
        "pandas.core.indexes.range.RangeIndex",
        "pandas.core.internals.managers.BlockManager",
    }
)

#: What a damaged or foreign file makes the readers raise.
_DAMAGED = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    EOFError,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ImportError,
    MemoryError,
    ArithmeticError,
    RuntimeError,
    SyntaxError,
    struct.error,
    tokenize.TokenError,
    zlib.error,
)


def load_pickle(path: Path, *, extra: frozenset[str] = frozenset()) -> Any:
    """Return what a pickle file holds, if that is data.

    Parameters
    ----------
    path
        A file that ``pickle`` or ``numpy.save`` wrote.
    extra
        Further classes that may be made, as ``module.name`` (``PANDAS_TABLE`` for tables).

    Raises
    ------
    AssetError
        If the file is missing or damaged, or names anything that is not data.
    """
    with _opened(path) as source:
        return _guarded(path, lambda: DataUnpickler(source, extra).load())


def load_npy(path: Path, *, extra: frozenset[str] = frozenset()) -> np.ndarray:
    """Return the array of a ``.npy`` file, one of objects too.

    Raises
    ------
    AssetError
        If the file is missing or damaged, or names anything that is not data.
    """
    with _opened(path) as source:
        return _guarded(path, lambda: _read_array(source, extra))


def npz_names(path: Path) -> tuple[str, ...]:
    """Return the names of the arrays in a ``.npz`` file.

    Raises
    ------
    AssetError
        If the file is missing or no archive.
    """
    with _opened(path) as source:
        members = _guarded(path, lambda: zipfile.ZipFile(source).namelist())
    return tuple(member.removesuffix(".npy") for member in members)


def npz_member(path: Path, name: str, *, extra: frozenset[str] = frozenset()) -> np.ndarray:
    """Return one array of a ``.npz`` file; the others are not read.

    Raises
    ------
    AssetError
        If the file is missing or damaged, lacks the array, or names anything that is not data.
    """
    known = npz_names(path)
    if name not in known:
        raise AssetError(
            f"{path} holds no array {name!r} but {', '.join(known) or 'nothing'}; "
            "take the owner's file."
        )

    def read() -> np.ndarray:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as member:
            return _read_array(member, extra)

    return _guarded(path, read)


def load_npz_objects(
    path: Path, names: Iterable[str] | None = None, *, extra: frozenset[str] = frozenset()
) -> dict[str, np.ndarray]:
    """Return the named arrays (all if None) of a ``.npz`` file, arrays of objects too.

    Raises
    ------
    AssetError
        As ``npz_member``.
    """
    wanted = npz_names(path) if names is None else tuple(names)
    return {name: npz_member(path, name, extra=extra) for name in wanted}


def as_mapping(path: Path, found: object, *, what: str) -> Mapping[Any, Any]:
    """Return ``found`` if it is a mapping; ``AssetError`` that names the file otherwise."""
    if isinstance(found, Mapping):
        return found
    raise AssetError(
        f"{path} holds {what} as {type(found).__name__} where a dictionary was expected; "
        "take the owner's file."
    )


def _opened(path: Path) -> IO[bytes]:
    if not path.is_file():
        raise AssetError(f"{path} is missing; copy it from its owner's archive.")
    if path.stat().st_size == 0:
        raise AssetError(f"{path} is empty (0 bytes); copy it again from its owner's archive.")
    return path.open("rb")


def _guarded(path: Path, read: Callable[[], Any]) -> Any:
    """Return what ``read`` returns, its errors in one sentence."""
    try:
        return read()
    except RefusedError as refused:
        raise AssetError(
            f"{path} asks to run {refused} while it is read, which no data needs, so it is not "
            "read; take the owner's own file."
        ) from None
    except _DAMAGED as error:
        why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise AssetError(
            f"{path} is damaged or of another kind ({why}); copy it again from its owner's archive."
        ) from None


def _read_array(source: IO[bytes], extra: frozenset[str]) -> np.ndarray:
    """Return the array of an open ``.npy`` file."""
    version = npy_format.read_magic(source)
    header = npy_format.read_array_header_1_0 if version == (1, 0) else _header_2_0
    shape, fortran, dtype = header(source)
    if not dtype.hasobject:
        return _plain_array(source, shape, fortran_order=fortran, dtype=dtype)
    found = DataUnpickler(source, extra).load()
    if not isinstance(found, np.ndarray):
        raise ValueError("an array of objects was announced, something else is stored")
    return found.reshape(shape, order="F" if fortran else "C")


def _header_2_0(source: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    return npy_format.read_array_header_2_0(source)


def _plain_array(
    source: IO[bytes], shape: tuple[int, ...], *, fortran_order: bool, dtype: np.dtype[Any]
) -> np.ndarray:
    """Return an array of numbers or text; ``ValueError`` if the file ends before it does."""
    n_bytes = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    content = source.read(n_bytes)
    if len(content) < n_bytes:
        raise ValueError(f"it ends after {len(content)} of {n_bytes} bytes")
    flat = np.frombuffer(content, dtype=dtype)
    return flat.reshape(shape, order="F" if fortran_order else "C")
