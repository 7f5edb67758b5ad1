"""Arrow arrays out of Python values, put together by hand: `pyarrow.array` imports pandas where it is installed (1 s)."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa


def texts(values: Sequence[str | None]) -> pa.Array:
    """Return an array of large_string; None is NULL."""
    parts = [b"" if value is None else value.encode("utf-8", "replace") for value in values]
    buffers = [_validity(values), _offsets("q", map(len, parts)), pa.py_buffer(b"".join(parts))]
    return pa.Array.from_buffers(pa.large_string(), len(values), buffers)


def lists(values: Sequence[Sequence[Any] | None], child: Callable[[Sequence[Any]], pa.Array]) -> pa.Array:
    """Return an array of lists, whose elements `child` makes; None is NULL."""
    inner = child([item for value in values if value is not None for item in value])
    offsets = _offsets("i", (0 if value is None else len(value) for value in values))
    return pa.Array.from_buffers(
        pa.list_(inner.type), len(values), [_validity(values), offsets], children=[inner]
    )  # fmt: skip


def structs(fields: Mapping[str, pa.Array], there: Sequence[bool]) -> pa.Array:
    """Return an array of structs; where `there` is false it is NULL."""
    kind = pa.struct([(name, values.type) for name, values in fields.items()])
    validity = _validity([True if one else None for one in there])
    return pa.Array.from_buffers(kind, len(there), [validity], children=list(fields.values()))


def _offsets(code: str, lengths: Iterable[int]) -> pa.Buffer:
    made, total = array(code, [0]), 0
    for length in lengths:
        total += length
        made.append(total)
    return pa.py_buffer(made.tobytes())


def _validity(values: Sequence[Any]) -> pa.Buffer | None:
    """Return one bit per value, least significant first, or None where none is missing."""
    if None not in values:
        return None
    bits = "".join("0" if value is None else "1" for value in reversed(values))
    return pa.py_buffer(int(bits, 2).to_bytes((len(bits) + 7) // 8, "little"))
