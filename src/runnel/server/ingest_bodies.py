"""The bodies of records that are sent: unpacked within limits, their kind told, their records counted."""

from __future__ import annotations

import zlib

import orjson
import zstandard

from runnel.server.problems import HttpError
from runnel.store.log.framing import Framing, count_csv, count_lines

LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonl",
                   "application/json-lines", "application/jsonlines"})  # fmt: skip
KINDS = {**dict.fromkeys(LINES, "ndjson"), "application/json": "json", "application/cloudevents+json": "json",
         "text/csv": "csv", "text/plain": "text"}  # fmt: skip
UNNAMED = frozenset({"", "application/octet-stream", "text/plain"})
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
PACKINGS = ("gzip", "zstd")


def kind_of(content_type: str, format: str) -> str:
    """Return the format of a body by its content type and by what the source asks for; raises HttpError (415)."""
    media, _, rest = content_type.partition(";")
    media = media.strip().lower()
    charset = rest.lower().partition("charset=")[2].strip(' "').split(";")[0]
    if format == "bytes":
        if media in FORMS:
            raise _unsupported(content_type, "application/octet-stream")
        return "bytes"
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise _unsupported(content_type, "UTF-8")
    found = KINDS.get(media)
    if format == "auto":
        if found is None:
            raise _unsupported(content_type, "application/x-ndjson, application/json, text/csv or text/plain")
        return found
    if found != format and media not in UNNAMED and not (format == "ndjson" and found == "json"):
        raise _unsupported(content_type, next(media for media, kind in KINDS.items() if kind == format))
    return format


def framed(body: bytes, kind: str) -> tuple[int, int]:
    """Return how a body is cut into records, and how many; raises HttpError (422) for JSON that is none."""
    if kind == "ndjson":
        return Framing.LINES, count_lines(body)
    if kind == "json":
        return _json(body)
    if kind == "csv":
        return Framing.CSV, count_csv(body)
    if kind == "text":
        return Framing.TEXT, count_lines(body)
    return Framing.BYTES, 1 if body else 0


def _json(body: bytes) -> tuple[int, int]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        what = f"the body is no JSON: {error.msg} at position {error.pos}"
        raise HttpError(422, what, "Send one JSON object, or an array of records, in UTF-8.") from error
    if isinstance(value, list):
        return Framing.JSON, len(value)
    if not isinstance(value, dict):
        raise HttpError(422, "the body is a single JSON value, no object and no array", "Send an object or an array.")
    return Framing.LINES if b"\n" not in body else Framing.JSON, 1


def unpacked(body: bytes, encoding: str, most: int) -> bytes:
    """Return a packed body as it was; raises HttpError (413, 415, 422)."""
    encoding = encoding.strip().lower()
    if encoding not in PACKINGS:
        raise HttpError(
            415, f"a body packed as {encoding[:40]} is not taken", "Pack it as gzip or zstd, or not at all."
        )
    try:
        made = _gunzipped(body, most) if encoding == "gzip" else _unzstd(body, most)
    except (zlib.error, zstandard.ZstdError, EOFError, MemoryError) as error:
        raise HttpError(422, f"the body is no whole {encoding} stream", "Send all of it.") from error
    if len(made) > most:
        what = f"the body unpacks to more than {most} bytes"
        raise HttpError(413, what, "Send less at once, or raise `max_request_bytes` of the source.")
    return made


def _gunzipped(body: bytes, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while body:
        stream = zlib.decompressobj(wbits=31)
        part = stream.decompress(body, most + 1 - size)
        parts.append(part)
        size += len(part)
        if size > most:
            break
        if not stream.eof:
            raise EOFError
        body = stream.unused_data
    return b"".join(parts)


def _unzstd(body: bytes, most: int) -> bytes:
    reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(body, read_across_frames=True)
    made = reader.read(most + 1)
    if len(made) <= most and not _is_whole(body):
        raise EOFError
    return made


def _is_whole(body: bytes) -> bool:
    """Tell whether zstd frames end where the body ends."""
    while body:
        stream = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
        stream.decompress(body)
        if not stream.eof:
            return False
        body = stream.unused_data
    return True


def _unsupported(content_type: str, wanted: str) -> HttpError:
    given = content_type[:100] or "of no content type"
    return HttpError(415, f"the body is {given}, not {wanted}", "See the formats of `source.ingest`.")
