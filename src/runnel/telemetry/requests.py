"""One JSON line per request: when, id, who, what, how it ended; no query, no body, no header."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import IO, Any

import orjson

from runnel.telemetry.redaction import redacted


class RequestLog:
    """Writes request lines, to stderr unless another stream is given; `quiet` writes only problems."""

    def __init__(self, stream: IO[bytes] | None = None, quiet: bool = False) -> None:
        self.stream = stream
        self.quiet = quiet

    def write(self, **fields: Any) -> None:
        """Write one line; where the disk of the log takes none, the request is answered all the same."""
        if self.quiet and fields.get("status", 500) < 500:
            return
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"), **redacted(fields)}
        with suppress(OSError):  # there is no place left where it could be told
            (self.stream or sys.stderr.buffer).write(orjson.dumps(line, default=str) + b"\n")
            if self.stream is None:
                sys.stderr.flush()
