"""Rows of a dataset in the formats that other programs read."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from runnel.errors import AuthoringError

if TYPE_CHECKING:
    from runnel.app.project import Project

FORMATS = ("csv", "json", "parquet", "arrow")


def export(project: Project, name: str, version: int | None, format: str, limit: int | None) -> bytes:
    """Return the rows of a dataset's version; JSON is an array of objects with every digit kept."""
    if format not in FORMATS:
        raise AuthoringError("RNL-CLI-003", f"`{format}` is no format of a dataset", f"Choose {', '.join(FORMATS)}.")
    import duckdb

    query, _, _, _ = project.store.datasets.query(name, version)
    if limit is not None:
        query = f"SELECT * FROM ({query}) AS dataset LIMIT {limit}"
    connection = duckdb.connect(":memory:", config={"threads": "2"})
    connection.execute("SET TimeZone = 'UTC'")
    if format == "json":
        return _objects(connection, query)
    with TemporaryDirectory(dir=project.scratch) as folder:
        target = str(Path(folder) / "rows")
        if format == "arrow":
            return _arrow(connection, query)
        options = "FORMAT csv, HEADER" if format == "csv" else "FORMAT parquet, COMPRESSION zstd"
        connection.execute(f"COPY ({query}) TO '{target}' ({options})")
        return Path(target).read_bytes()


def _objects(connection: object, query: str) -> bytes:
    import orjson

    from runnel.engines.duckdb.values import jsonable

    relation = connection.execute(query)  # type: ignore[attr-defined]
    names = [item[0] for item in relation.description]
    rows = [dict(zip(names, map(jsonable, row), strict=True)) for row in relation.fetchall()]
    return orjson.dumps(rows, option=orjson.OPT_NON_STR_KEYS) + b"\n"


def _arrow(connection: object, query: str) -> bytes:
    import pyarrow as pa

    table = connection.sql(query).to_arrow_table()  # type: ignore[attr-defined]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()
