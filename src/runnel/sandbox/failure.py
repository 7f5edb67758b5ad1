"""Errors on their way from a worker to the supervisor, as JSON that the receiver does not trust."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Mapping
from typing import Any

from runnel.errors import (
    AuthoringError,
    CheckError,
    ConnectorError,
    EngineError,
    InternalError,
    LimitError,
    NodeCodeError,
    RunnelError,
)
from runnel.sandbox import codes

_CLASSES: dict[str, type[RunnelError]] = {
    found.category: found
    for found in (AuthoringError, CheckError, ConnectorError, EngineError, NodeCodeError, LimitError, InternalError)
}
_ENGINES = ("duckdb", "_duckdb", "pyarrow")
_OUT_OF_MEMORY = ("OutOfMemoryException", "ArrowMemoryError")
_TRACE_LINES = 12


def pack(error: BaseException) -> dict[str, Any]:
    """Return the JSON form of any error that a task raised; Runnel's own keep their class, code, hint and place."""
    if isinstance(error, RunnelError):
        data = error.to_json()
        if isinstance(error, ConnectorError):
            data["retryable"] = error.retryable
        return data
    return _foreign(error).to_json()


def trimmed_trace(error: BaseException) -> str:
    """Return the innermost part of the traceback, source lines included."""
    lines = "".join(traceback.format_exception(error)).rstrip().splitlines()
    return "\n".join(lines[-_TRACE_LINES:])


def _foreign(error: BaseException) -> RunnelError:
    """Give an error of a library or of Python the class that says who must act."""
    name, words = type(error).__name__, str(error).strip()
    module = type(error).__module__.partition(".")[0]
    where = {"traceback": trimmed_trace(error)}
    if isinstance(error, MemoryError) or name in _OUT_OF_MEMORY:
        hint = "raise the memory limit, or process fewer columns or rows at a time"
        return LimitError(
            codes.MEMORY, f"running a task in a worker: {words or name}", hint, {**where, "exit_cause": "memory"}
        )
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return LimitError(codes.FILE_SIZE, f"writing in a worker: {words}", "raise the file size limit", where)
    if module in _ENGINES:
        return EngineError(codes.ENGINE, words or name, "", where)
    return InternalError(codes.TASK_BUG, f"running a task in a worker: {name}: {words}", "please report it", where)


def unpack(data: object) -> RunnelError:
    """Rebuild an error from its JSON form; anything that is not one becomes an `InternalError` that says so."""
    if not isinstance(data, Mapping):
        return InternalError(codes.PROTOCOL, f"reading an error of a worker: got {type(data).__name__}")
    found = _CLASSES.get(str(data.get("category")), InternalError)
    where = data.get("where")
    arguments = (
        str(data.get("code")),
        str(data.get("what")),
        str(data.get("hint") or ""),
        {str(key): value for key, value in where.items()} if isinstance(where, Mapping) else {},
    )
    if found is ConnectorError:
        return ConnectorError(*arguments, retryable=bool(data.get("retryable")))
    return found(*arguments)
