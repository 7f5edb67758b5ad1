"""Bytes of a file to records: lines with their places, records of CSV over several lines, rows of Parquet."""

from __future__ import annotations

from typing import Any

_BLANK = r"^[ \t\r\f\v]*$"


def last_end(data: bytes, quoted: bool) -> int:
    """Return where the last whole record of some bytes ends; `quoted` lets line breaks stand between quotation marks."""
    if not quoted or b'"' not in data:
        return data.rfind(b"\n") + 1
    end = place = 0
    odd = False
    while (found := data.find(b"\n", place)) >= 0:
        odd ^= bool(data.count(b'"', place, found) & 1)
        place = found + 1
        end = end if odd else place
    return end


def lines(data: bytes, offset: int, quoted: bool) -> tuple[Any, Any]:
    """Return whole records as binary with the places where they begin; blank lines are left out."""
    import pyarrow as pa
    import pyarrow.compute

    pc: Any = pyarrow.compute
    if quoted and b'"' in data:
        return _quoted(data, offset)
    size = len(data) - data.endswith(b"\n")
    bounds = (0).to_bytes(8, "little") + size.to_bytes(8, "little")
    whole = pa.Array.from_buffers(pa.large_binary(), 1, [None, pa.py_buffer(bounds), pa.py_buffer(data)])
    values = pc.split_pattern(whole, pattern=b"\n").values.cast(pa.large_binary())
    lengths = pc.add(pc.binary_length(values).cast(pa.int64()), 1)
    places = pc.add(pc.subtract(pc.cumulative_sum(lengths), lengths), offset)
    filled = pc.invert(pc.match_substring_regex(values, pattern=_BLANK))
    if not pc.all(filled).as_py():
        values, places = values.filter(filled), places.filter(filled)
    return values.cast(pa.binary()), places


def _quoted(data: bytes, offset: int) -> tuple[Any, Any]:
    import pyarrow as pa

    values: list[bytes] = []
    places: list[int] = []
    begin = place = 0
    odd = False
    while place < len(data):
        found = data.find(b"\n", place)
        end = found if found >= 0 else len(data)
        odd ^= bool(data.count(b'"', place, end) & 1)
        place = end + 1
        if not odd or place >= len(data):
            record = data[begin:end]
            if record.strip():
                values.append(record)
                places.append(offset + begin)
            begin = place
    return pa.array(values, pa.binary()), pa.array(places, pa.int64())


def without_returns(values: Any) -> Any:
    """Return texts without the carriage return before their line break."""
    import pyarrow as pa
    import pyarrow.compute

    pc: Any = pyarrow.compute
    if not pc.any(pc.match_substring(values, b"\r")).as_py():
        return values
    return pa.array([value.removesuffix(b"\r") for value in values.to_pylist()], pa.binary())
