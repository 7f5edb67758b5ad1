"""Results of a run as Arrow tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runnel.app.pipelines import port_of
from runnel.compiler.typing import cte_name
from runnel.sandbox import connect_locked

if TYPE_CHECKING:
    import pyarrow

    from runnel.app.project import Project
    from runnel.app.runs import RunReport
    from runnel.runtime.cache import Kept

MEMORY_BYTES = 1 << 30
"""For decoding; the table itself is the caller's."""


def arrow_table(project: Project, report: RunReport, ref: str) -> pyarrow.Table:
    """Return a port's rows: from the result that the run kept, else computed from the nearest kept results."""
    compiled = report.compiled
    node, port = port_of(compiled, ref)
    ports = compiled.graph.nodes[node].ports.outputs
    kept = report.kept(cte_name(node, port, ports[0].name if ports else port))
    types = compiled.typed[node].schemas[port]
    if kept is None or not set(types) <= set(kept.types):
        return _computed(project, compiled, (node, port))
    return _read([kept.data], types)


def read_kept(kept: Kept) -> pyarrow.Table:
    """Return a kept result as an Arrow table."""
    return _read([kept.data], kept.types)


def _computed(project: Project, compiled: Any, port: tuple[str, str]) -> pyarrow.Table:
    """Run what the port needs, keep its result, and read it."""
    from runnel.app.previews import kept_result

    kept = kept_result(project, compiled.plan([port], whole=True))
    return read_kept(kept)


def _read(files: list[str], types: Any) -> pyarrow.Table:
    import duckdb

    from runnel.engines.duckdb.storage import reading_query

    with connect_locked(duckdb, memory_bytes=MEMORY_BYTES, threads=2, files=files) as connection:
        return connection.sql(reading_query(files, types)).to_arrow_table()
