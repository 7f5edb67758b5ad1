"""Independent counts: each port counted by its readable SQL in a plain DuckDB, with no fence, tap, segment or worker."""

from __future__ import annotations

from typing import Any

import duckdb

from runnel.app.runs import RunReport
from runnel.compiler.compile import Compiled
from runnel.compiler.rendering import composed
from runnel.engines.duckdb.functions import FUNCTIONS, register_functions


class Counter:
    """Counts ports of compiled pipelines whose only sources are rows."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(":memory:", config={"threads": "1"})
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("SET disabled_optimizers = 'common_subexpressions'")
        register_functions(self.connection, "".join(f"{function.name}(" for function in FUNCTIONS))

    def load(self, compiled: Compiled) -> None:
        """Make a table of each source's rows under the source's id."""
        for id, item in compiled.typed.items():
            if item.node.kind != "source.rows":
                continue
            schema = item.schemas["output"]
            columns = ", ".join(f'"{name}" {type}' for name, type in schema.items())
            self.connection.execute(f'CREATE OR REPLACE TABLE "{id}" ({columns})')
            given = [[row.get(name) for name in schema] for row in item.node.config.rows]
            if given:
                marks = ", ".join("?" for _ in schema)
                self.connection.executemany(f'INSERT INTO "{id}" VALUES ({marks})', given)

    def rows(self, compiled: Compiled, port: tuple[str, str]) -> list[tuple[Any, ...]]:
        """The rows of a port."""
        query = composed(compiled.graph, compiled.typed, port, sources=False)
        for cte in [*query.ctes]:
            if compiled.graph.nodes.get(cte.alias) and compiled.graph.nodes[cte.alias].kind == "source.rows":
                cte.pop()
        text = query.sql("duckdb")
        return self.connection.execute(text).fetchall()

    def count(self, compiled: Compiled, port: tuple[str, str]) -> int:
        """How many rows a port has."""
        return len(self.rows(compiled, port))

    def differences(self, report: RunReport, skip: frozenset[str] = frozenset()) -> list[str]:
        """What the ledger says otherwise than the independent count, in words; empty when all agrees."""
        compiled, plan = report.compiled, report.plan
        self.load(compiled)
        found: list[str] = []
        if report.result.error is not None:
            return [f"the run failed: {report.result.error}"]
        if not report.ledger.balanced:
            found.append(f"unbalanced: {[finding.what for finding in report.ledger.findings]}")
        stopped = {entry.node for entry in report.ledger.entries if not entry.complete}
        for edge, counted in report.ledger.edges:
            if edge.source in skip or edge.target in skip:
                continue
            own = self.count(compiled, (edge.source, edge.output))
            if own != counted and not (counted is not None and edge.source in stopped and counted <= own):
                found.append(f"{edge.source}.{edge.output} → {edge.target}.{edge.input}: ledger {counted}, own count {own}")
        for item in plan.nodes:
            if item.id in skip:
                continue
            found += self._letters(report, item.id)
            entry = report.ledger.entry(item.id)
            for port, counted in entry.ports.items():
                own = self.count(compiled, (item.id, port))
                if own != counted and not (counted is not None and item.id in stopped and counted <= own):
                    found.append(f"port {item.id}.{port}: ledger {counted}, own count {own}")
        return found

    def _letters(self, report: RunReport, id: str) -> list[str]:
        """Compare dead letters with the node's port `rejected`, where nothing reads it."""
        node = report.compiled.graph.nodes[id]
        if node.muted or node.ports.output("rejected") is None or report.compiled.graph.out_of(id, "rejected"):
            expected = 0
        else:
            expected = self.count(report.compiled, (id, "rejected"))
        counted = report.result.letters.get(id, 0)
        return [] if counted == expected else [f"{id}: {counted} dead letters, own count {expected}"]
