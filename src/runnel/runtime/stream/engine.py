"""What the stream runtime asks of an engine: queries over tables in memory, prepared once and run again and again."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeStubs=false, reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pyarrow as pa

from runnel.plan.shapes import Segment


class SegmentRows(Protocol):
    """What a segment gave: its rows, and rows per (node, port) that was counted on the way."""

    @property
    def rows(self) -> pa.Table:
        """The rows."""
        ...

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """Rows per output port."""
        ...

    @property
    def seconds(self) -> Mapping[tuple[str, ...], float]:
        """How long it took, by the nodes whose times can be told apart; several where one step of the query is theirs."""
        ...


class Refusals(Protocol):
    """Takes records that were refused while a batch was computed."""

    def refuse(self, node: str, raw: bytes, reason: str, position: Mapping[str, Any], row: bool) -> None:
        """Keep one refused record of `node`; `row` says that `raw` is a row as JSON."""
        ...


class StreamEngine(Protocol):
    """Computes over Arrow tables; keeps nothing that matters after a batch."""

    hashing: str
    """The name of the hash function of `hash(…)`: states that were hashed by another one are hashed anew."""

    def schema(self, columns: Mapping[str, str]) -> pa.Schema:
        """Return the Arrow schema of columns of these types."""
        ...

    def segment(self, segment: Segment, tables: Mapping[str, pa.Table], refusals: Refusals) -> SegmentRows:
        """Run a stateless segment over the tables that its views stand for."""
        ...

    def query(self, sql: str, tables: Mapping[str, pa.Table]) -> pa.Table:
        """Run one query over named tables."""
        ...

    def decode(self, decoder: Any, raw: pa.Table) -> Any:
        """Let a source's decoder turn raw records into rows (`sdk.Decoded`)."""
        ...

    def beside(self) -> StreamEngine:
        """Return an engine for another thread, to decode with."""
        ...

    def hold(self, name: str, table: pa.Table) -> None:
        """Keep a table that ends (a dataset to join with) under a name, until it is replaced."""
        ...
