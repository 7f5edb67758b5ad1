"""Rows of streams traced at the desk, one question after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from runnel.app.desk.context import DeskContext
from runnel.app.desk.registry import answers
from runnel.app.patience import current
from runnel.app.streams.picking import trace_picked
from runnel.app.streams.tracing import Wanted
from runnel.errors import LimitError

SAFE = 2**53 - 1
LOOK_SECONDS = 0.2
"""How often who waits for a turn looks whether anybody still waits for the answer."""


@answers("stream_trace")
def trace(context: DeskContext, payload: Mapping[str, Any]) -> Any:
    """Return rows of a dataset, or of a sink in some epochs, with the records that made them."""
    wanted = Wanted(
        payload["where"] or "", payload["dataset"], payload["sink"], payload["epoch"],
        payload["to"] or payload["epoch"], int(payload["limit"]),
    )  # fmt: skip
    with _turn(context):
        made = trace_picked(context.project, context.streams.store, payload["name"], wanted, payload["row"])
    return _with_wide_as_text(made) if payload["numbers"] == "string" else made


def _with_wide_as_text(value: Any) -> Any:
    """Return a value of JSON whose whole numbers that a double has no room for are text."""
    if isinstance(value, Mapping):
        return {key: _with_wide_as_text(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_wide_as_text(one) for one in value]
    return str(value) if isinstance(value, int) and abs(value) > SAFE else value


@contextmanager
def _turn(context: DeskContext) -> Iterator[None]:
    """Wait until nobody else traces; raises LimitError where too many wait already, or the asker left."""
    if not context.trace_seats.acquire(blocking=False):
        what = "as many rows are being traced as can be at once"
        raise LimitError("RNL-STREAM-072", what, "Ask again in a moment.")
    try:
        while not context.tracing.acquire(timeout=LOOK_SECONDS):
            patience = current()
            if patience is not None and patience.is_set():
                raise LimitError("RNL-LIMIT-031", "nobody waits for this answer any longer")
        try:
            yield
        finally:
            context.tracing.release()
    finally:
        context.trace_seats.release()
