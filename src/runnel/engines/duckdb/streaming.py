"""Runs the queries of a stream on one DuckDB connection over Arrow tables; the connection keeps nothing that matters."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from runnel.engines.duckdb.execution import TAP, reasons_in_words
from runnel.engines.duckdb.functions import register_functions
from runnel.engines.duckdb.oracle import quoted
from runnel.engines.duckdb.profile import fence_counts
from runnel.engines.duckdb.timing import TimedSegment
from runnel.errors import EngineError
from runnel.plan.shapes import Segment

EXPLAINED = 50
"""So many refused rows of a node get the engine's own words, until it is started again."""


class Refusals(Protocol):
    """Takes refused rows."""

    def refuse(self, node: str, raw: bytes, reason: str, position: Mapping[str, Any], row: bool) -> None:
        """Keep one refused row."""
        ...


@dataclass(frozen=True)
class BatchRows:
    """The rows of a segment over one batch, and rows per (node, port) that was counted on the way."""

    rows: pa.Table
    counts: Mapping[tuple[str, str], int]
    seconds: Mapping[tuple[str, ...], float] = field(default_factory=dict[tuple[str, ...], float])
    """How long it took, by the nodes whose times can be told apart."""


@dataclass
class DuckStreamEngine:
    """Computes batches of a stream; `connection` is locked, and `folder` may hold what does not fit into memory."""

    connection: Any
    taps: bool = True
    hashing: str = f"duckdb {duckdb.__version__}"
    _schemas: dict[tuple[tuple[str, str], ...], pa.Schema] = field(default_factory=dict)
    _registered: dict[str, Any] = field(default_factory=dict)
    _refusals: Refusals | None = None
    _timed: dict[str, TimedSegment] = field(default_factory=dict)
    _explained: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.taps:
            return

        def refuse(node: str, row: str | None, reason: str | None) -> bool:
            assert self._refusals is not None
            self._refusals.refuse(node, (row or "").encode(), reason or "", {}, row=True)
            return False

        with contextlib.suppress(duckdb.InvalidInputException):
            self.connection.remove_function(TAP)
        self.connection.create_function(
            TAP, refuse, ["VARCHAR", "VARCHAR", "VARCHAR"], "BOOLEAN",
            type="native", null_handling="special", side_effects=True,
        )  # fmt: skip

    def close(self) -> None:
        """Let go of the connection, and of what it holds of this engine."""
        if self.taps:
            self.connection.remove_function(TAP)
        self.connection.close()

    def schema(self, columns: Mapping[str, str]) -> pa.Schema:
        """Return the Arrow schema of columns of these DuckDB types."""
        key = tuple(columns.items())
        if key not in self._schemas:
            made = ", ".join(f"CAST(NULL AS {type}) AS {quoted(name)}" for name, type in key) or "NULL AS _none"
            self._schemas[key] = self.connection.sql(f"SELECT {made} LIMIT 0").to_arrow_table().schema
        return self._schemas[key]

    def segment(self, segment: Segment, tables: Mapping[str, pa.Table], refusals: Refusals) -> BatchRows:
        """Run a stateless segment; `tables` are those of its views that change with every batch."""
        self._refusals = refusals
        if segment.id not in self._timed:
            register_functions(self.connection, segment.sql())
            self._timed[segment.id] = TimedSegment.of(segment)
        began = time.perf_counter()
        rows = self._run(segment.sql(physical=True), tables)
        taken = time.perf_counter() - began
        counts: dict[tuple[str, str], int] = {(segment.node, segment.port): rows.num_rows}
        profile = json.loads(self.connection.get_profiling_information(format="json"))
        if segment.fences:
            found = fence_counts(profile)
            for fence in segment.fences:
                known = found.get(fence.label)
                counts[(fence.node, fence.port)] = known if known is not None else self._counted(segment, fence.node, fence.port)
        return BatchRows(rows.cast(self.schema(segment.columns)), counts, self._timed[segment.id].seconds(profile, taken))

    def _counted(self, segment: Segment, node: str, port: str) -> int:
        """Count a port by a query of its own, where the optimiser removed its fence."""
        steps: list[str] = []
        for cte in segment.ctes:
            steps.append(f"{quoted(cte.name)} AS ({cte.sql})")
            if (cte.node, cte.port) == (node, port):
                break
        name = quoted(next(cte.name for cte in segment.ctes if (cte.node, cte.port) == (node, port)))
        rows = self.connection.execute(f"WITH {', '.join(steps)} SELECT count(*) FROM {name}").fetchall()
        return int(rows[0][0])

    def query(self, sql: str, tables: Mapping[str, pa.Table]) -> pa.Table:
        """Run one query over named tables."""
        return self._run(sql, tables)

    def _run(self, sql: str, tables: Mapping[str, pa.Table]) -> pa.Table:
        for name, table in tables.items():
            if self._registered.get(name) is not table:
                self.connection.register(name, table)
                self._registered[name] = table
        try:
            return self.connection.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            what = f"computing a batch: {str(error).splitlines()[0]}"
            raise EngineError("RNL-ENGINE-004", what, "The node's settings do not fit the data.") from error

    def decode(self, decoder: Any, raw: pa.Table) -> Any:
        """Let a source's decoder turn raw records into rows."""
        return decoder.decode(self.connection, raw)

    def beside(self) -> DuckStreamEngine:
        """Return an engine on a connection of its own, for another thread."""
        return DuckStreamEngine(self.connection.cursor(), taps=False)

    def hold(self, name: str, table: pa.Table) -> None:
        """Keep a table that ends under a name."""
        self.connection.register(name, table)
        self._registered[name] = table

    def words(self, node: str, expressions: tuple[str, ...], columns: Mapping[str, str], row: str) -> str | None:
        """Return the engine's own words for a refused row, for the first of each node."""
        if self._explained.get(node, 0) >= EXPLAINED:
            return None
        self._explained[node] = self._explained.get(node, 0) + 1
        return reasons_in_words(self.connection.cursor(), expressions, columns, row)
