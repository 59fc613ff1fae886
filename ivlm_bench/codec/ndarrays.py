"""Plain values with arrays as msgpack, in openpi's form, and as JSON: what goes over a network.

openpi's client and server (github.com/Physical-Intelligence/openpi, ``msgpack_numpy.py``) write an
array as a map with the *bytes* keys ``__ndarray__``, ``data``, ``dtype``, ``shape``, and a scalar
of NumPy's with ``__npgeneric__``. JSON knows no bytes: there the keys are text and ``data`` is
base64. Arrays of objects and records are never made: nothing that is read can run anything.
"""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any

import msgspec
import numpy as np

#: Kinds of dtypes that arrays may have: booleans, whole numbers, floats (NumPy's letters).
KINDS = "biuf"

_ARRAY, _SCALAR = "__ndarray__", "__npgeneric__"


class WireError(Exception):
    """What came is no msgpack or JSON of plain values and arrays; the text says why."""


def pack(value: Any) -> bytes:
    """Return plain values, NumPy's arrays and scalars among them, as msgpack in openpi's form.

    Raises
    ------
    WireError
        If something in it has no such form.
    """
    return _encoded(_packer, value)


def unpack(blob: bytes) -> Any:
    """Return what ``pack``, or openpi's packer, wrote; arrays are read-only.

    Raises
    ------
    WireError
        If the bytes are no msgpack, or an array in it does not fit its own shape.
    """
    return _decoded(_unpacker, blob, "msgpack")


def to_json(value: Any) -> bytes:
    """Return the same as JSON, with arrays as maps that hold base64.

    Raises
    ------
    WireError
        If something in it has no such form.
    """
    return _encoded(_writer, value)


def from_json(blob: bytes) -> Any:
    """Return what ``to_json`` wrote; ``WireError`` as ``unpack``."""
    return _decoded(_reader, blob, "JSON")


def _encoded(encoder: msgspec.msgpack.Encoder | msgspec.json.Encoder, value: Any) -> bytes:
    try:
        return encoder.encode(value)
    except (TypeError, ValueError, NotImplementedError, OverflowError) as error:
        raise WireError(str(error)) from None


def _decoded(
    decoder: msgspec.msgpack.Decoder[Any] | msgspec.json.Decoder[Any], blob: bytes, form: str
) -> Any:
    try:
        return _with_arrays(decoder.decode(blob))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise WireError(f"no {form} of plain values: {error}") from None


def _packed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {
            b"__ndarray__": True,
            b"data": _checked(value).tobytes(),
            b"dtype": value.dtype.str,
            b"shape": value.shape,
        }
    if isinstance(value, np.generic):
        return {
            b"__npgeneric__": True,
            b"data": _checked(value).item(),
            b"dtype": value.dtype.str,
        }
    raise NotImplementedError(f"a {type(value).__name__} can't be sent")


def _written(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        content = base64.b64encode(_checked(value).tobytes()).decode("ascii")
        return {_ARRAY: True, "data": content, "dtype": value.dtype.str, "shape": value.shape}
    if isinstance(value, np.generic):
        return _checked(value).item()
    raise NotImplementedError(f"a {type(value).__name__} can't be sent")


def _checked(value: Any) -> Any:
    if value.dtype.kind not in KINDS:
        raise NotImplementedError(f"arrays of {value.dtype} can't be sent")
    return value


def _with_arrays(value: Any) -> Any:
    """Return a decoded value with its maps of arrays made arrays, and bytes keys made text."""
    if isinstance(value, list):
        return [_with_arrays(one) for one in value]
    if not isinstance(value, dict):
        return value
    named = {_text(key): one for key, one in value.items()}
    if _ARRAY in named:
        return _array(named)
    if _SCALAR in named:
        return _array({**named, "shape": None})
    return {key: _with_arrays(one) for key, one in named.items()}


def _text(key: Any) -> Any:
    return key.decode("utf-8", "backslashreplace") if isinstance(key, bytes) else key


def _array(named: dict[Any, Any]) -> Any:
    """Return the array or scalar that a map describes, if it keeps what it says."""
    try:
        dtype = np.dtype(named["dtype"])
        if dtype.kind not in KINDS:
            raise WireError(f"an array of {dtype} is no array of numbers")
        if named["shape"] is None:
            return dtype.type(named["data"]).item()
        shape = tuple(int(size) for size in named["shape"])
        raw = named["data"]
        content = base64.b64decode(raw, validate=True) if isinstance(raw, str) else bytes(raw)
    except (KeyError, TypeError, ValueError, OverflowError, binascii.Error) as error:
        why = str(error).rstrip(".")
        raise WireError(f"an array is described wrongly ({type(error).__name__}: {why})") from None
    if any(size < 0 for size in shape) or math.prod(shape) * dtype.itemsize != len(content):
        raise WireError(f"an array of shape {shape} and dtype {dtype} has {len(content)} bytes")
    return np.frombuffer(content, dtype).reshape(shape)


_packer = msgspec.msgpack.Encoder(enc_hook=_packed)
_unpacker = msgspec.msgpack.Decoder()
_writer = msgspec.json.Encoder(enc_hook=_written)
_reader = msgspec.json.Decoder()
