"""How a stream is run, and the epoch that is being made."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from runnel.runtime.stream.asking import Asking
from runnel.runtime.stream.held import HeldTable, Tables
from runnel.runtime.stream.switching import Switch

EPOCH_SECONDS = 0.5
EPOCH_BYTES = 64 * 1024 * 1024
BATCH_SECONDS = 0.05
BATCH_ROWS = 100_000
BATCH_BYTES = 16 * 1024 * 1024
OUTBOX_BYTES = 1024**3
IN_MEMORY_BYTES = 64 * 1024 * 1024
"""So much of an outbox stays in memory; the rest lies in the files of its epochs alone."""
IDLE_SECONDS = 0.25
"""So often a stream without anything to do looks whether somebody wants something of it; sources wake it."""
REPORT_SECONDS, BEAT_SECONDS = 0.33, 1.0
DRAIN_SECONDS = 8.0
"""So long a sink may get nowhere while a stream drains."""
STEP = "step:"


@dataclass(frozen=True)
class StreamOptions:
    """How a stream is to be run; folders are absolute."""

    folder: Path
    epoch_seconds: float = EPOCH_SECONDS
    until_caught_up: bool = False
    outbox_bytes: int = OUTBOX_BYTES
    deltas_per_base: int = 24
    batch_rows: int = BATCH_ROWS
    trying: Callable[[str, str, int], None] | None = None
    """Hears of every batch before it is computed: source, partition, first position; where a record kills the process."""
    eased_after: int | None = None
    """After so many epochs it ends as `eased`: what killed the process lies behind it, and it may be started as usual."""
    poison: Mapping[tuple[str, str, int], str] = field(default_factory=dict)
    """Records that kill the process, by source, partition and position, with the reason: they become dead letters."""
    held: Tables = field(default_factory=dict[str, HeldTable])
    """The tables that end, as they are when it starts; `load` gives others to the engine."""
    load: Callable[[Tables], None] = lambda _: None
    renewed: Callable[[], Tables | None] = lambda: None
    """Returns newer tables, where there are any; asked about once a second."""
    clock: Callable[[], float] = time.time
    asking: Mapping[str, Asking] = field(default_factory=dict[str, Asking])
    """What asks other systems, by node."""
    switch: Switch = field(default_factory=Switch)
    """What becomes of what another version left, where the row was made under one."""
    version: str = ""
    """The stored version of the pipeline that runs."""
    asked: bool = False
    """Whether a person started it just now, who knows what was refused so far."""


@dataclass
class Epoch:
    """What the epoch that is being made has so far."""

    number: int
    began: float | None = None
    bytes: int = 0
    outboxes: dict[str, list[pa.Table]] = field(default_factory=dict)
    changed: bool = False
    due: bool = False
    leaves_out: frozenset[str] = frozenset()
    """Sinks for which too much waited when it began: it leaves their rows out."""
