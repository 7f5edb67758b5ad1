"""A stream whose state does not fit into its memory: told as what it is, and no record is blamed for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runnel.errors import LimitError, RunnelError

SHARE = 0.1
"""State that takes so much of the memory is what fills it: computing takes several times the room of its rows."""


def outgrown(error: RunnelError, status: Mapping[str, Any], memory_bytes: int | None) -> LimitError | None:
    """Return what to say of a process that ran out of memory, where its state is why; else None."""
    state: Mapping[str, Mapping[str, Any]] = status.get("state") or {}
    if error.where.get("exit_cause") != "memory" or not memory_bytes or not state:
        return None
    if sum(int(one["bytes"]) for one in state.values()) < SHARE * memory_bytes:
        return None
    node, most = max(state.items(), key=lambda item: int(item[1]["bytes"]))
    what = (
        f"the state of the stream does not fit into its memory of {memory_bytes >> 20:,} MiB: {node} holds {most['rows']:,} rows "
        f"({int(most['bytes']) >> 20:,} MiB without what computing takes)"
    )
    hint = "Give it more (settings: memory), or let it keep less: shorter windows, fewer keys. It goes on from its last row."
    return LimitError("RNL-STREAM-018", what, hint, {"node": node, "exit_cause": "memory"})
