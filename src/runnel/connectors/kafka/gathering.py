"""Bytes that lie scattered in memory as one Arrow column: copied by span, without a Python object per value.

Reading memory by address is only done with pointers and lengths that librdkafka handed out for messages not yet given
back, and between two values of one page: where the end of a value and the start of the next are less than a page apart,
everything between them lies in pages that hold one of the two.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

PAGE = 4096
_LARGEST = 2**31 - 2**16
_ADDRESSES = 2**48


def possible() -> bool:
    """Tell whether this machine and installation allow it: 64 bits, little-endian, numpy."""
    if sys.byteorder != "little" or ctypes.sizeof(ctypes.c_void_p) != 8 or sys.platform not in ("linux", "darwin"):
        return False
    try:
        import numpy  # noqa: F401
    except ImportError:
        return False
    return True


class _Memory:
    """What numpy takes as one array of 64-bit words over all addresses, from the second page on."""

    __array_interface__ = {"shape": ((_ADDRESSES - PAGE) // 8,), "typestr": "<u8", "data": (PAGE, True), "version": 3}


@cache
def memory() -> Any:
    """Return the address space as words; `words(pointers)` gives places in it."""
    import numpy as np

    return np.asarray(_Memory())


def words(pointers: Any) -> Any:
    """Return the places in `memory()` of pointers that are multiples of 8."""
    import numpy as np

    return (pointers >> np.uint64(3)).astype(np.int64) - PAGE // 8


def gather(pointers: Any, lengths: Any) -> Any:
    """Return a pyarrow binary column of the values at `pointers` (uint64; 0 is null) with `lengths` (int64).

    The values must stay in place during the call.
    """
    import numpy as np
    import pyarrow as pa

    count = len(pointers)
    starts = pointers.astype(np.int64)
    null = starts == 0
    nulls = bool(null.any())
    if nulls or not lengths.all():
        starts = _anchored(starts, lengths)
        if starts is None:
            empty = pa.array([b""], pa.binary()).take(pa.array(np.zeros(count, np.int32), mask=null))
            return pa.chunked_array([empty])
    ends = starts + lengths
    gaps = starts[1:] - ends[:-1]
    cuts = np.flatnonzero((gaps < 0) | (gaps >= PAGE)) + 1
    first, last = np.concatenate(([0], cuts)), np.concatenate((cuts, [count]))
    sizes = ends[last - 1] - starts[first]
    places = np.concatenate(([0], np.cumsum(sizes)))
    if places[-1] > _LARGEST and count > 1:
        half = count // 2
        parts = (gather(pointers[:half], lengths[:half]), gather(pointers[half:], lengths[half:]))
        return pa.chunked_array([chunk for part in parts for chunk in part.chunks], pa.binary())
    buffer = pa.allocate_buffer(int(places[-1]))
    for source, size, place in zip(starts[first].tolist(), sizes.tolist(), places.tolist(), strict=False):
        ctypes.memmove(buffer.address + place, source, size)
    shift = np.repeat(places[:-1] - starts[first], last - first)
    offsets = np.zeros(2 * count + 1, np.int32)  # what lies between two values is a value of its own, left out below
    offsets[1::2], offsets[2::2] = starts + shift, ends + shift
    spans = pa.BinaryArray.from_buffers(pa.binary(), 2 * count, [None, pa.py_buffer(offsets), buffer])
    wanted = pa.array(np.arange(1, 2 * count, 2), mask=null) if nulls else pa.array(np.arange(1, 2 * count, 2))
    return pa.chunked_array([spans.take(wanted)])


def _anchored(starts: Any, lengths: Any) -> Any:
    """Put values without bytes at the end of the value before them (or the start of the first one that has bytes)."""
    import numpy as np

    full = np.flatnonzero(lengths > 0)
    if not len(full):
        return None
    before = np.zeros(len(starts), np.int64)
    before[full] = full
    before = np.maximum.accumulate(before)
    anchored = starts[before] + lengths[before]
    anchored[: full[0]] = starts[full[0]]
    return np.where(lengths > 0, starts, anchored)
