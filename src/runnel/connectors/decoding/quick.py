"""The quick way through a batch of JSON, for batches in which nothing is unusual: looks at bytes, not at records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_INTEGERS = {"TINYINT": "int8", "SMALLINT": "int16", "INTEGER": "int32", "BIGINT": "int64",
             "UTINYINT": "uint8", "USMALLINT": "uint16", "UINTEGER": "uint32", "UBIGINT": "uint64"}  # fmt: skip
_OPENERS = (0x5B, 0x3A, 0x2C)  # [ : ,
_SPACE = (0x20, 0x09, 0x0A, 0x0D)


def is_plain(texts: Any) -> bool:
    """Tell whether no record can hold what the engine's parser takes otherwise than JSON means it; False: look closer.

    That is a comma before a closing bracket, NaN or infinity as a value, and numbers of sixteen digits and more.
    """
    import numpy as np

    data = _bytes(texts)
    if data.size < 4:
        return False
    digits = (data - 46) < 12  # . / 0 to 9
    for step in (1, 2, 4, 8):
        digits = digits[:-step] & digits[step:]
        if not digits.size:
            break
    if digits.any():
        return False
    low = data | 0x20  # small letters, and } for ]
    closers = np.flatnonzero(low == 0x7D)
    if (_before(data, closers) == 0x2C).any():
        return False
    n = low == 0x6E
    for word in (n[:-2] & (low == 0x61)[1:-1] & n[2:], (low == 0x69)[:-2] & n[1:-1] & (low == 0x66)[2:]):  # nan, inf
        if not word.any():
            continue
        found = np.flatnonzero(word)
        before = _before(data, found)
        signed = (before == 0x2B) | (before == 0x2D)
        if signed.any() or np.isin(before, _OPENERS).any() or (found == 0).any():
            return False
    return True


def _before(data: Any, places: Any) -> Any:
    """Return the byte before each place, blanks left out; places that begin the data have none (0)."""
    import numpy as np

    at = places - 1
    while True:
        at = np.maximum(at, -1)
        values = np.where(at >= 0, data[at], 0)
        blank = np.isin(values, _SPACE)
        if not blank.any():
            return values
        at = np.where(blank, at - 1, at)


def has_line_ends(texts: Any) -> bool:
    """Tell whether a record holds more than one line."""
    return bool((_bytes(texts) == 0x0A).any())


def has_lists(texts: Any) -> bool:
    """Tell whether a record may begin with a list."""
    import numpy as np

    data, offsets = _whole(texts)
    starts = offsets[:-1][offsets[1:] > offsets[:-1]]
    first = data[starts]
    return bool(np.isin(first, (0x5B, *_SPACE)).any())


def cast_plainly(table: Any, found: Mapping[str, str], wanted: Mapping[str, str]) -> Any | None:
    """Return a table with its columns in the wanted types, or None where a value is not simply of its type."""
    import pyarrow as pa
    import pyarrow.compute

    pc: Any = pyarrow.compute
    made = table.select(["i"])
    for name, type in wanted.items():
        column = table.column(name)
        if found[name] == "VARCHAR" and type in _INTEGERS:
            if _has_leading_zero(column):
                return None
            try:
                column = pc.cast(column, _INTEGERS[type])
            except pa.ArrowInvalid:
                return None
        elif found[name] != type:
            return None
        made = made.append_column(name, column)
    return made


def _has_leading_zero(column: Any) -> bool:
    """Tell whether a text of more than one sign may begin with a zero, a sign or a blank."""
    import numpy as np

    data, offsets = _whole(column)
    long = (offsets[1:] - offsets[:-1]) > 1
    first = data[offsets[:-1][long]]
    signed = first == 0x2D
    if signed.any():
        second = data[offsets[:-1][long][signed] + 1]
        if (second == 0x30).any():
            return True
    return bool(np.isin(first, (0x30, 0x2B, *_SPACE)).any())


def _bytes(texts: Any) -> Any:
    return _whole(texts)[0]


def _whole(texts: Any) -> tuple[Any, Any]:
    """Return the bytes of all texts, one after the other, and where each begins and the last ends."""
    import numpy as np
    import pyarrow as pa

    array = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    _, offsets, data = array.buffers()
    if data is None or offsets is None:
        return np.empty(0, np.uint8), np.zeros(len(array) + 1, np.int64)
    wide = np.int64 if pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type) else np.int32
    places = np.frombuffer(offsets, wide)[array.offset : array.offset + len(array) + 1].astype(np.int64)
    found = np.frombuffer(data, np.uint8)[places[0] : places[-1]]
    return found, places - places[0]
