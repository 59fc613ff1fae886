"""An unpickler that makes data and runs nothing.

A pickle may name any function to call while it is read. Only arrays, numbers, text and plain
containers are made here; everything else is refused by name.
"""

from __future__ import annotations

import importlib
import pickle
import re
from typing import IO, Any

import numpy as np


class _Dtype:
    """Stands for ``numpy.dtype`` in a pickle: a plain kind of number or text, or "object".

    The real class would take flags from the file, by which numbers pass for pointers.
    """

    def __init__(self, code: str, align: object = False, copy: object = True) -> None:
        if _PLAIN_KIND.fullmatch(code) is None:
            raise pickle.UnpicklingError(f"an array of the kind {code!r}")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order, *structure = state[1:5]
        if any(part is not None for part in structure):
            raise pickle.UnpicklingError("an array of records")
        if order in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(order)


class _Array(np.ndarray):
    """An array that a pickle fills once, with contents that fit its shape.

    ``numpy.ndarray`` itself trusts what it is filled with: a damaged file ends the process.
    """

    _is_filled = False

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, is_fortran, content = state
        if self._is_filled or not isinstance(kind, _Dtype):
            raise pickle.UnpicklingError("an array of an unknown kind")
        self._is_filled = True
        if isinstance(content, list):
            flat = np.fromiter(content, dtype=object, count=len(content))
        else:
            raw = content.encode("latin-1") if isinstance(content, str) else bytes(content)
            flat = np.frombuffer(raw, dtype=kind.dtype)
        if flat.dtype != kind.dtype:
            raise pickle.UnpicklingError("an array of an unknown kind")
        right = flat.reshape(shape, order="F" if is_fortran else "C")
        rebuild: tuple[Any, ...] = right.__reduce__()  # type: ignore[assignment]
        super().__setstate__(rebuild[2])


class _ArrayClass:
    """Stands for ``numpy.ndarray`` in a pickle: the class can be named but not called."""


def _empty_array(kind: object, shape: object, code: object) -> np.ndarray:
    """Return the empty array that a pickle then fills (``numpy`` calls it ``_reconstruct``)."""
    if kind is not _ARRAY:
        raise pickle.UnpicklingError("an array of a class of its own")
    return _Array((0,), dtype=np.int8)


def _number(kind: _Dtype, content: bytes | str) -> Any:
    """Return the scalar whose bytes are given."""
    raw = content.encode("latin-1") if isinstance(content, str) else content
    return np.frombuffer(raw, dtype=kind.dtype, count=1)[0]


def _from_buffer(content: bytes, kind: _Dtype, shape: Any, order: Any = "C") -> np.ndarray:
    """Return the array whose bytes are given (pickle protocol 5)."""
    return np.frombuffer(content, dtype=kind.dtype).reshape(shape, order=order)


def _old_bytes(content: str, encoding: str) -> bytes:
    """Return bytes that an old protocol wrote as text."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"text in the encoding {encoding}")
    return content.encode("latin-1")


#: Codes of dtypes that are numbers, text, bytes or objects.
_PLAIN_KIND = re.compile(r"b1|[iuf][1248]|f16|c8|c16|[SU]\d+|O8|O")
_ARRAY = _ArrayClass()
_PLAIN = (dict, list, tuple, set, frozenset, slice, int, float, complex, bool, str, bytes)
_ALLOWED: dict[str, Any] = {
    "numpy.ndarray": _ARRAY,
    "numpy.dtype": _Dtype,
    "_codecs.encode": _old_bytes,
    "collections.OrderedDict": dict,
    "builtins.bytearray": bytearray,
    **{f"builtins.{kind.__name__}": kind for kind in _PLAIN},
    **{
        f"numpy.{core}.{name}": function
        for core in ("core", "_core")
        for name, function in (
            ("multiarray._reconstruct", _empty_array),
            ("multiarray.scalar", _number),
            ("numeric._frombuffer", _from_buffer),
        )
    },
}


class RefusedError(Exception):
    """A pickle names something that is neither data nor allowed by the caller."""


class DataUnpickler(pickle.Unpickler):
    """Makes data only; ``extra`` names further classes as ``module.name``."""

    def __init__(self, source: IO[bytes], extra: frozenset[str]) -> None:
        super().__init__(source, encoding="latin1")
        self._extra = extra

    def find_class(self, module: str, name: str) -> Any:
        """Return what makes ``module.name`` here; ``RefusedError`` if nothing does."""
        known = f"{module.replace('__builtin__', 'builtins')}.{name}"  # as Python 2 called it
        if known in _ALLOWED:
            return _ALLOWED[known]
        if known in self._extra:
            return getattr(importlib.import_module(module), name)
        raise RefusedError(known)
