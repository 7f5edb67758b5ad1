"""Rows as JSON texts, one each: numbers with all digits, times as RFC 3339, bytes as base64."""

# Arrow comes without types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runnel.connectors.files.conversion import json_value, selected, types_of

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = "rows to write"


class JsonRows:
    """Turns tables of columns of known types into JSON texts; holds an engine until it is closed."""

    def __init__(self, types: Mapping[str, str]) -> None:
        import duckdb

        self._connection: Any = duckdb.connect(":memory:", config={"threads": "1", "enable_external_access": "false"})
        self._connection.execute("SET TimeZone = 'UTC'")
        found = types_of(self._connection, types)
        inner = selected(
            types, f'SELECT * FROM "{ROWS}"', lambda name, value: json_value(found[name], value), {n: n for n in types}
        )
        self._query = f"SELECT CAST(to_json(made) AS VARCHAR) AS v FROM ({inner}) AS made"

    def texts(self, rows: pa.Table) -> list[bytes]:
        """Return one JSON object per row, in their order."""
        if not rows.num_rows:
            return []
        self._connection.register(ROWS, rows)
        made = self._connection.sql(self._query).to_arrow_table().column("v").to_pylist()
        self._connection.unregister(ROWS)
        return [text.encode("utf-8", "surrogatepass") for text in made]

    def close(self) -> None:
        """Give the engine back."""
        self._connection.close()
