"""Runs the queries of a stream on one DuckDB connection over Arrow tables; the connection keeps nothing that matters."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from warnings import filterwarnings

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


MOST_PREPARED = 500
"""So many queries are kept prepared; a stream has a few for each node."""

filterwarnings("ignore", "Arrow output on a DB-API result makes an extra copy")
"""Only so can a prepared query be run; the copy is less than what planning it again costs."""

_NUMBERS = itertools.count(1)
_WITH = re.compile(r"\s*WITH\s+(RECURSIVE\s+)?", re.IGNORECASE)


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


class _Input:
    """What prepared queries read under a name of its own: its rows are others at every batch, its columns never.

    A prepared query goes on with the table that stood under a name when it was prepared, and planning it again takes
    longer than a small batch.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.name = f"input {next(_NUMBERS)}"
        self.empty = schema.empty_table()
        self.table = self.empty

    def __arrow_c_schema__(self) -> Any:
        return self.table.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)


@dataclass
class DuckStreamEngine:
    """Computes batches of a stream; `connection` is locked, and `folder` may hold what does not fit into memory."""

    connection: Any
    taps: bool = True
    hashing: str = f"duckdb {duckdb.__version__}"
    _schemas: dict[tuple[tuple[str, str], ...], pa.Schema] = field(default_factory=dict)
    _inputs: dict[tuple[str, pa.Schema], _Input] = field(default_factory=dict)
    _prepared: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict)
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
        rows, told = self._run(segment.sql(physical=True), tables, profile=True)
        taken = time.perf_counter() - began
        counts: dict[tuple[str, str], int] = {(segment.node, segment.port): rows.num_rows}
        profile = json.loads(told)
        if segment.fences:
            found = fence_counts(profile)
            for fence in segment.fences:
                known = found.get(fence.label)
                counts[(fence.node, fence.port)] = (
                    known if known is not None else self._counted(segment, fence.node, fence.port, tables)
                )
        return BatchRows(rows.cast(self.schema(segment.columns)), counts, self._timed[segment.id].seconds(profile, taken))

    def _counted(self, segment: Segment, node: str, port: str, tables: Mapping[str, pa.Table]) -> int:
        """Count a port by a query of its own, where the optimiser removed its fence."""
        steps: list[str] = []
        for cte in segment.ctes:
            steps.append(f"{quoted(cte.name)} AS ({cte.sql})")
            if (cte.node, cte.port) == (node, port):
                break
        name = quoted(next(cte.name for cte in segment.ctes if (cte.node, cte.port) == (node, port)))
        rows, _ = self._run(f"WITH {', '.join(steps)} SELECT count(*) AS n FROM {name}", tables)
        return int(rows.column("n")[0].as_py())

    def query(self, sql: str, tables: Mapping[str, pa.Table]) -> pa.Table:
        """Run one query over named tables."""
        return self._run(sql, tables)[0]

    def _run(self, sql: str, tables: Mapping[str, pa.Table], profile: bool = False) -> tuple[pa.Table, str]:
        """Return the rows of a query, and where it is asked for what DuckDB tells of its work, as JSON."""
        if len(self._prepared) >= MOST_PREPARED:
            self._forget()
        inputs = {name: self._input(name, table.schema) for name, table in tables.items()}
        for name, table in tables.items():
            inputs[name].table = table
        try:
            result = self.connection.execute(f"EXECUTE {self._statement(sql, inputs)}")
            told = self.connection.get_profiling_information(format="json") if profile else "{}"
            return result.to_arrow_table(), told
        except duckdb.Error as error:
            what = f"computing a batch: {str(error).splitlines()[0]}"
            raise EngineError("RNL-ENGINE-004", what, "The node's settings do not fit the data.") from error
        finally:
            for kept in inputs.values():
                kept.table = kept.empty

    def _input(self, name: str, schema: pa.Schema) -> _Input:
        """Return what a query reads for tables of that name: queries of other nodes may read others under it."""
        found = self._inputs.get((name, schema))
        if found is None:
            found = self._inputs[(name, schema)] = _Input(schema)
            self.connection.register(found.name, found)
        return found

    def _statement(self, sql: str, inputs: Mapping[str, _Input]) -> str:
        """Return the name of a prepared query; it is prepared when it is first asked."""
        key = (sql, tuple(kept.name for kept in inputs.values()))
        found = self._prepared.get(key)
        if found is None:
            found = f"query_{next(_NUMBERS)}"
            self.connection.execute(f"PREPARE {found} AS {_reading(sql, inputs)}")
            self._prepared[key] = found
        return found

    def _forget(self) -> None:
        """Let go of what is prepared."""
        for name in self._prepared.values():
            self.connection.execute(f"DEALLOCATE {name}")
        for kept in self._inputs.values():
            self.connection.unregister(kept.name)
        self._prepared.clear()
        self._inputs.clear()

    def decode(self, decoder: Any, raw: pa.Table) -> Any:
        """Let a source's decoder turn raw records into rows."""
        return decoder.decode(self.connection, raw)

    def beside(self) -> DuckStreamEngine:
        """Return an engine on a connection of its own, for another thread."""
        return DuckStreamEngine(self.connection.cursor(), taps=False)

    def hold(self, name: str, table: pa.Table) -> None:
        """Keep a table that ends under a name; what was prepared would go on with the one before."""
        self._forget()
        self.connection.register(name, table)

    def words(self, node: str, expressions: tuple[str, ...], columns: Mapping[str, str], row: str) -> str | None:
        """Return the engine's own words for a refused row, for the first of each node."""
        if self._explained.get(node, 0) >= EXPLAINED:
            return None
        self._explained[node] = self._explained.get(node, 0) + 1
        return reasons_in_words(self.connection.cursor(), expressions, columns, row)


def _reading(sql: str, inputs: Mapping[str, _Input]) -> str:
    """Return a query with the names that it reads explained."""
    steps = [f"{quoted(name)} AS NOT MATERIALIZED (FROM {quoted(kept.name)})" for name, kept in inputs.items()]
    if not steps:
        return sql
    own = _WITH.match(sql)
    if own is None:
        return f"WITH {', '.join(steps)} {sql}"
    return f"WITH {own[1] or ''}{', '.join(steps)}, {sql[own.end() :]}"
