"""Rows that stand in the pipeline file itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from runnel.sdk import (
    ColumnTypes,
    Connection,
    DeadLetters,
    Example,
    NodeConfig,
    Opened,
    Probe,
    Source,
    field,
)


class RowsSource(Source):
    """Gives the rows of its config; types are read off the values unless `columns` names them."""

    kind = "source.rows"
    title = "Rows"
    summary = "Rows typed into the pipeline itself"
    icon = "table"
    synonyms = ("inline", "manual", "values", "constant table", "literal")

    class Config(NodeConfig):
        """Settings of the rows."""

        rows: list[dict[str, Any]] = field(title="Rows", help="A list of mappings: column name: value.", widget="rows")
        columns: ColumnTypes = field(
            default_factory=dict, title="Column types", help="Name: type; others are inferred."
        )

    examples = (
        Example("Two rows", {"rows": [{"a": 1, "b": "x"}, {"a": 2, "b": None}]}, {},
                {"output": [{"a": 1, "b": "x"}, {"a": 2, "b": None}]}),
    )  # fmt: skip

    @classmethod
    def describe(cls, config: Config) -> str:
        """Count the rows."""
        return f"{len(config.rows)} rows"

    def identity(self, folder: str) -> str:
        """Change with the rows."""
        text = json.dumps(self.config.model_dump(mode="json"), ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def probe(self, connection: Connection, folder: str) -> Probe:
        """Let DuckDB read the types off the values, as it does for JSON files."""
        sql = self._sql(connection, None)
        columns = {row[0]: row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM {sql}").fetchall()}
        return Probe(columns=columns, identity=self.identity(folder), options={"exact_rows": True})

    def open(self, connection: Connection, probe: Probe, columns: Mapping[str, str], letters: DeadLetters) -> Opened:
        """Put the rows into a temporary table."""
        sql = self._sql(connection, probe.columns)
        return Opened(sql, rows=len(self.config.rows))

    def _sql(self, connection: Connection, types: Mapping[str, str] | None) -> str:
        from runnel.connectors.literals import rows_table

        return rows_table(connection, f"rows:{self.id}", self.config.rows, dict(self.config.columns), types)
