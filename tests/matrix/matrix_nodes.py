"""One node on both engines: its query written for each, the same rows in tables of the sources' names, the results."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import duckdb
import psycopg
from matrix_engines import plain_value
from matrix_rows import COLUMNS, make_rows

from runnel.app import pipelines
from runnel.app.project import Project
from runnel.catalog import Catalog
from runnel.compiler.dialects.postgres.typed import identifier, type_name
from runnel.compiler.dialects.render import UnsupportedOperation, render_query
from runnel.compiler.rendering import composed, table_schemas
from runnel.model.document import NodeDoc, Pipeline, Wire
from runnel.model.saving import to_yaml
from runnel.sdk.composite import Composite
from runnel.sdk.node import Example, Node
from runnel.sdk.source import Sink, Source
from runnel.testing import example_document

Row = tuple[Any, ...]
FAILED = "failed"


@dataclass(frozen=True)
class Case:
    """A config of a kind over the generated rows; `inputs` are columns per input port, named in one text.

    A port that takes several edges is written `port#1`, `port#2`. `behind` is a table.sort that stands before the node.
    """

    config: Mapping[str, Any]
    inputs: Mapping[str, str]
    ordered: bool = False
    behind: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Given:
    """One thing to compare: a document, whether the order of rows counts, and rows per source (None: the document's)."""

    title: str
    document: pipelines.Document
    ordered: bool
    tables: Mapping[str, list[dict[str, Any]]] | None

    @property
    def nodes(self) -> Mapping[str, NodeDoc]:
        return _nodes(self.document)


def _nodes(document: pipelines.Document) -> Mapping[str, NodeDoc]:
    assert document.pipeline is not None
    return document.pipeline.nodes


def relational(catalog: Catalog) -> list[type[Node]]:
    """Return the kinds that are relational: tables in, tables out, nothing outside."""
    return [
        node
        for kind, node in sorted(catalog.nodes.items())
        if kind.startswith("table.") and not issubclass(node, Source | Sink | Composite)
    ]


def of_example(node: type[Node], example: Example, folder: str) -> Given:
    """Return an example as a thing to compare."""
    return Given(example.title, example_document(node, example, folder), example.ordered, None)


def of_case(kind: str, case: Case, folder: str) -> Given:
    """Return a generated case as a thing to compare."""
    nodes: dict[str, NodeDoc] = {}
    tables: dict[str, list[dict[str, Any]]] = {}
    wires: list[Wire] = []
    for number, (port, listed) in enumerate(case.inputs.items()):
        id, names = f"given_{port.replace('#', '_')}", listed.split()
        nodes[id] = NodeDoc(id, "source.rows", {"rows": [], "columns": {name: COLUMNS[name] for name in names}})
        tables[id] = [{name: row[name] for name in names} for row in _generated(number)]
        wires.append(Wire(id, None, port.split("#")[0]))
    if case.behind is not None:
        nodes["sorted"] = NodeDoc("sorted", "table.sort", dict(case.behind), tuple(wires))
        wires = [Wire("sorted", None, wires[0].port)]
    nodes["node"] = NodeDoc("node", kind, dict(case.config), tuple(wires))
    pipeline = Pipeline(name="example", nodes=nodes)
    title = json.dumps(case.config, ensure_ascii=False)
    document = pipelines.Document(pipeline, (), folder, None, to_yaml(pipeline))
    return Given(title, document, case.ordered, tables)


@lru_cache
def _generated(number: int) -> list[dict[str, Any]]:
    return make_rows(60 if number else 110, seed=20261121 + number)


@contextmanager
def _tables(
    duck: duckdb.DuckDBPyConnection, server: psycopg.Connection[Any], given: Given, compiled: Any
) -> Iterator[None]:
    """Make the source tables in both engines, in a schema of their own; they are dropped at the end."""
    duck.execute("DROP SCHEMA IF EXISTS nodes CASCADE; CREATE SCHEMA nodes; USE nodes")
    server.execute(b"CREATE SCHEMA nodes; SET search_path = nodes")
    try:
        for id, doc in given.nodes.items():
            if doc.kind != "source.rows":
                continue
            schema: Mapping[str, str] = next(iter(compiled.typed[id].schemas.values()))
            _table(duck, server, id, schema, given.tables[id] if given.tables is not None else doc.config["rows"])
        yield
    finally:
        server.execute(b"SET search_path = public; DROP SCHEMA nodes CASCADE")
        duck.execute("USE memory.main")


def _table(
    duck: duckdb.DuckDBPyConnection,
    server: psycopg.Connection[Any],
    name: str,
    schema: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """Fill a table in DuckDB, and in PostgreSQL with the values that DuckDB has."""
    duck.execute(f"CREATE TABLE {identifier(name)} ({', '.join(f'{identifier(n)} {t}' for n, t in schema.items())})")
    marks = ", ".join("?" for _ in schema)
    if rows:
        duck.executemany(
            f"INSERT INTO {identifier(name)} VALUES ({marks})", [[row.get(column) for column in schema] for row in rows]
        )
    made = ", ".join(f"{identifier(n)} {_collated(type_name(t))}" for n, t in schema.items())
    server.execute(f"CREATE TABLE {identifier(name)} ({made})".encode())
    values = duck.execute(f"SELECT * FROM {identifier(name)}").fetchall()
    if values:
        with server.cursor() as cursor, cursor.copy(f"COPY {identifier(name)} FROM STDIN".encode()) as copy:
            for row in values:
                copy.write_row(row)


def _collated(type: str) -> str:
    return f'{type} COLLATE "C"' if type in ("text", "text[]") else type


def outcome(
    project: Project, duck: duckdb.DuckDBPyConnection, server: psycopg.Connection[Any], given: Given
) -> dict[str, str]:
    """Return what is not the same, per output port: `refused: …`, `differs: …`; nothing where all is equal."""
    compiled = pipelines.runnable(project, given.document)
    found: dict[str, str] = {}
    schemas = table_schemas(compiled.graph, compiled.typed)
    written: dict[str, tuple[str, str]] = {}
    for port in compiled.typed["node"].relations:
        query = composed(compiled.graph, compiled.typed, ("node", port), sources=False)
        try:
            written[port] = (query.sql("duckdb"), render_query(query, schemas, "postgres"))
        except UnsupportedOperation as error:
            found[port] = f"refused: {error}"
    if not written:
        return found
    try:
        with _tables(duck, server, given, compiled):
            for port, (ours, theirs) in written.items():
                wide = [kind == "HUGEINT" for kind in compiled.typed["node"].schemas[port].values()]
                wrong = _compared(duck, server, ours, theirs, given.ordered, wide)
                if wrong:
                    found[port] = f"differs: {wrong} | {theirs}"
    except UnsupportedOperation as error:
        return dict.fromkeys(compiled.typed["node"].relations, f"refused: {error}")
    return found


def _compared(
    duck: duckdb.DuckDBPyConnection,
    server: psycopg.Connection[Any],
    ours: str,
    theirs: str,
    ordered: bool,
    wide: list[bool],
) -> str | None:
    """Return the first difference in words; whole numbers of 128 bits (`wide`) are numeric in PostgreSQL."""
    first = [
        tuple(Decimal(value) if big and value is not None else value for value, big in zip(row, wide, strict=True))
        for row in duck.execute(ours).fetchall()
    ]
    try:
        second = server.execute(theirs.encode()).fetchall()
    except psycopg.Error as error:
        return f"{FAILED} there: {str(error).strip()[:300]}"
    if len(first) != len(second):
        return f"{len(first)} rows here, {len(second)} there"
    if not ordered:
        first, second = sorted(first, key=_order), sorted(second, key=_order)
    for number, (mine, other) in enumerate(zip(first, second, strict=True)):
        if len(mine) != len(other) or not all(equal(a, b) for a, b in zip(mine, other, strict=True)):
            return f"row {number}: {mine!r} here, {other!r} there"
    return None


def _order(row: Row) -> str:
    """Return a sort key in which values that count as equal are written alike."""
    return repr([_coarse(value) for value in row])


def _coarse(value: Any) -> Any:
    value = plain_value(value)
    if isinstance(value, float):
        return f"{value + 0.0:.6e}"
    if isinstance(value, list):
        return [_coarse(item) for item in value]
    return value


def equal(left: Any, right: Any) -> bool:
    """Tell whether two results are the same value of the same type; doubles within 1e-9 relative, NaN equals NaN."""
    left, right = plain_value(left), plain_value(right)
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        both = math.isnan(left), math.isnan(right)
        return all(both) or (not any(both) and math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-300))
    if isinstance(left, list):
        return len(left) == len(right) and all(equal(a, b) for a, b in zip(left, right, strict=True))
    return left == right
