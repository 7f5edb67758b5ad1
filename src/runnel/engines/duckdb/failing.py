"""An engine's error in our words: the node whose step fails, the value and the column, and what to try."""

from __future__ import annotations

import re
import threading
from typing import Any

import duckdb

from runnel.engines.duckdb.oracle import quoted
from runnel.errors import EngineError, LimitError
from runnel.plan.shapes import Segment

LOOK_SECONDS = 2.0
_NO_VALUE = re.compile(
    r"Could not convert (?:string )?'(?P<value>.*?)' to '?(?P<type>\w+)'?(?:.* column (?P<column>\w+))?"
)
_TYPES = {"INT8": "TINYINT", "INT16": "SMALLINT", "INT32": "INTEGER", "INT64": "BIGINT", "INT128": "HUGEINT"}


def explained(error: duckdb.Error, segment: Segment, connection: Any = None) -> EngineError | LimitError:
    """Turn an engine's error into ours; with a connection that has the segment's views, the failing node is looked for."""
    words = str(error).split("\n")[0]
    if isinstance(error, duckdb.OutOfMemoryException):
        hint = "Raise `settings: {memory: ...}`, or filter and drop columns earlier."
        return LimitError("RNL-LIMIT-010", f"the memory ran out: {words}", hint, {"node": segment.node})
    if "No space left" in words or "disk full" in words.lower():
        what = f"the disk is full ({words})"
        return LimitError("RNL-LIMIT-011", what, "Free space and run again.", {"node": segment.node})
    is_stopped = isinstance(error, duckdb.InterruptException)
    node = segment.node if connection is None or is_stopped else failing_node(connection, segment)
    refused = _NO_VALUE.search(words)
    if refused is None:
        return EngineError("RNL-ENGINE-002", f"{node} cannot be computed: {words}", "", {"node": node})
    column, value = refused["column"], refused["value"]
    of = f" of column `{column}`" if column else ""
    what = f"the value '{value}'{of} is no {_TYPES.get(refused['type'], refused['type'])}"
    hint = "Let the node reject or null what it cannot convert, choose another type, or filter such rows before it."
    return EngineError("RNL-ENGINE-002", what, hint, {"node": node, "value": value, "column": column})


def failing_node(connection: Any, segment: Segment, seconds: float = LOOK_SECONDS) -> str:
    """Return the first node whose step fails when it is computed alone; the segment's last where none did in time."""
    if len({cte.node for cte in segment.ctes}) < 2:
        return segment.node
    timer = threading.Timer(seconds, connection.interrupt)
    timer.start()
    try:
        steps: list[str] = []
        for cte in segment.ctes:
            steps.append(f"{quoted(cte.name)} AS ({cte.sql})")
            try:
                connection.execute(
                    f"WITH {', '.join(steps)} SELECT bit_xor(hash(r)) FROM {quoted(cte.name)} r"
                ).fetchall()
            except duckdb.InterruptException:
                return segment.node
            except duckdb.Error:
                return cte.node
    finally:
        timer.cancel()
    return segment.node
