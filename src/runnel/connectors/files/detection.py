"""What a file is, from its first bytes: packing, encoding and format."""

from __future__ import annotations

import codecs
import re

HEAD_BYTES = 1 << 20
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_ENDS = b" \t\r\n"


def packing(head: bytes) -> str:
    """Return gzip, zstd, zip, bzip2 or nothing."""
    for magic, name in (
        (b"\x1f\x8b", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"PK\x03\x04", "zip"),
        (b"BZh", "bzip2"),
    ):
        if head.startswith(magic):
            return name
    return ""


def binary_format(head: bytes) -> str:
    """Return the name of the binary format that the first bytes say, or nothing."""
    for magic, name in (
        (b"PAR1", "parquet"),
        (b"PARE", "parquet"),
        (b"Obj\x01", "avro"),
        (b"\xd0\xcf\x11\xe0", "excel"),
    ):
        if head.startswith(magic):
            return name
    return ""


def encoding(head: bytes) -> str:
    """Return the encoding of text: by its mark, by zero bytes, else UTF-8 unless the bytes speak against it."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8"
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    even, odd = head[0:4096:2].count(0), head[1:4096:2].count(0)
    half = max(1, len(head[:4096]) // 2)
    if odd > 0.4 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.1 * half:
        return "utf-16-be"
    return eight_bit(head) or "utf-8"


def eight_bit(head: bytes) -> str | None:
    """Return latin-1 or windows-1252 where text is not UTF-8 at all; None where it is, faults included.

    A file with as many good UTF-8 sequences as bad bytes is a damaged UTF-8 file: its bad records are refused.
    """
    if head.isascii():
        return None
    text = head.decode("utf-8", "surrogateescape")
    bad = len(re.findall("[\udc80-\udcff]", text[:-4]))
    if not bad:
        return None
    good = len(re.findall("[^\x00-\x7f\udc80-\udcff]", text))
    if good >= bad:
        return None
    if bad < 2 and len(head) < 64:
        return None
    high = re.findall(rb"[\x80-\x9f]", head)
    if not high:
        return "latin-1"
    undefined = re.findall(rb"[\x81\x8d\x8f\x90\x9d]", head)
    return None if undefined else "windows-1252"


def text_format(text: str) -> str:
    """Return the format of text by how it starts: xml, json, ndjson, or nothing (a table of text)."""
    start = text.lstrip("﻿ \t\r\n")
    if start.startswith("<") and re.match(r"<(\?xml|!DOCTYPE|!--|[A-Za-z_])", start):
        return "xml"
    if start.startswith("["):
        return "json" if re.match(r'\[\s*([\[{"\]\d-]|true|false|null)', start) else ""
    if start.startswith("{"):
        return "ndjson" if _is_line(start) else ("json" if re.match(r'\{\s*["}]', start) else "")
    return ""


def _is_line(start: str) -> bool:
    """Tell whether lines are whole objects: most of the first ones are, and each begins with a brace."""
    import orjson

    lines = [line for line in start.split("\n")[:20] if line.strip()]
    if len(start) < HEAD_BYTES // 2 or len(lines) < 2:
        whole = lines
    else:
        whole = lines[:-1]
    good = 0
    for line in whole:
        try:
            good += isinstance(orjson.loads(line), dict)
        except ValueError:
            good += 0
    begun = sum(line.startswith("{") for line in whole)
    return good * 2 >= len(whole) and (len(whole) == 1 or begun * 2 >= len(whole))
