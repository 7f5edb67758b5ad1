"""The container of Avro object files (Avro specification, "Object container files"): header and unpacked blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

MAX_BLOCK_BYTES = 256 * 1024**2
_HEADER: dict[str, Any] = {
    "type": "record", "name": "header", "fields": [
        {"name": "magic", "type": {"type": "fixed", "name": "magic", "size": 4}},
        {"name": "meta", "type": {"type": "map", "values": "bytes"}},
        {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": 16}},
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Header:
    """The schema as written, the codec, and the marker between blocks."""

    schema: Any
    codec: str
    sync: bytes


def header(file: BinaryIO) -> Header:
    """Read the header; the file then stands before the first block. Raises ValueError where it is none."""
    import fastavro

    found: Any = fastavro.schemaless_reader(file, _HEADER, None)
    if found["magic"] != b"Obj\x01":
        raise ValueError("it does not begin as an Avro object file does")
    meta = found["meta"]
    if "avro.schema" not in meta:
        raise ValueError("it holds no schema")
    return Header(json.loads(meta["avro.schema"]), meta.get("avro.codec", b"null").decode(), found["sync"])


def blocks(file: BinaryIO, head: Header) -> Iterator[tuple[int, int, bytes]]:
    """Yield offset, number of records and unpacked bytes of every block. Raises ValueError at a damaged one."""
    while True:
        offset = file.tell()
        if not file.read(1):
            return
        file.seek(offset)
        count, size = _long(file), _long(file)
        if count < 0 or not 0 <= size <= MAX_BLOCK_BYTES:
            raise ValueError(f"a block says that it has {count} records in {size} bytes")
        data = file.read(size)
        if len(data) < size or file.read(16) != head.sync:
            raise ValueError("a block breaks off or has no end marker")
        yield offset, count, _unpacked(data, head.codec)


def _long(file: BinaryIO) -> int:
    shift = value = 0
    while True:
        byte = file.read(1)
        if not byte or shift > 63:
            raise ValueError("a block breaks off")
        value |= (byte[0] & 0x7F) << shift
        if not byte[0] & 0x80:
            return (value >> 1) ^ -(value & 1)
        shift += 7


def _unpacked(data: bytes, codec: str) -> bytes:
    import bz2
    import lzma
    import zlib

    if codec == "null":
        return data
    if codec == "snappy":
        return _snappy(data)
    if codec == "deflate":
        made = zlib.decompressobj(-15).decompress(data, MAX_BLOCK_BYTES)
    elif codec == "bzip2":
        made = bz2.BZ2Decompressor().decompress(data, MAX_BLOCK_BYTES)
    elif codec == "xz":
        made = lzma.LZMADecompressor().decompress(data, MAX_BLOCK_BYTES)
    elif codec == "zstandard":
        import pyarrow as pa

        made = pa.CompressedInputStream(pa.BufferReader(data), "zstd").read(MAX_BLOCK_BYTES)
    else:
        raise ValueError(f"the packing {codec} is not known")
    if len(made) >= MAX_BLOCK_BYTES:
        raise ValueError(f"a block unpacks to more than {MAX_BLOCK_BYTES} bytes")
    return made


def _snappy(data: bytes) -> bytes:
    """Unpack snappy's raw format, which begins with the unpacked size; Avro adds a CRC of four bytes."""
    import zlib

    import pyarrow as pa

    size = shift = 0
    for byte in data[:5]:
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
    if size > MAX_BLOCK_BYTES:
        raise ValueError(f"a block unpacks to {size} bytes")
    made = pa.Codec("snappy").decompress(data[:-4], decompressed_size=size, asbytes=True)
    if zlib.crc32(made) != int.from_bytes(data[-4:], "big"):
        raise ValueError("a block does not have the checksum that it says")
    return made
