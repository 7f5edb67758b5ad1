"""The SQL of a pipeline as people read it: one CTE per port, sources as table functions, in any supported dialect."""

# SQLGlot types its trees in part, and JSON not at all.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from sqlglot import exp

from runnel.compiler.dialects.unsupported import UnsupportedOperation
from runnel.compiler.graph import Graph
from runnel.compiler.typing import TypedNode, cte_name, plain
from runnel.errors import AuthoringError
from runnel.sdk.relation import column
from runnel.sdk.source import Source

if TYPE_CHECKING:
    from runnel.compiler.compile import Compiled

PortKey = tuple[str, str]
DIALECTS = ("duckdb", "postgres")


def pipeline_sql(compiled: Compiled, port: PortKey | None, dialect: str) -> dict[str, Any]:
    """Return {"dialect", "sql", "columns"} for a port, or for the pipeline's last table.

    Raises UnsupportedOperation where the dialect cannot give DuckDB's result.
    """
    if dialect not in DIALECTS:
        raise AuthoringError("RNL-DIALECT-002", f"there is no dialect `{dialect}`", f"Choose {' or '.join(DIALECTS)}.")
    graph, typed = compiled.graph, compiled.typed
    target = port or last_port(graph, typed)
    if target is None:
        return {"dialect": dialect, "sql": "", "columns": []}
    if not typed[target[0]].relations:
        edge = graph.into(target[0])[0]
        target = (edge.source, edge.output)
    _refuse_declared(graph, typed, target, dialect)
    query = composed(graph, typed, target, sources=dialect == "duckdb")
    schema = typed[target[0]].schemas[target[1]]
    if dialect == "duckdb":
        text = query.sql("duckdb", pretty=True)
    else:
        from runnel.compiler.dialects.render import render_query

        text = render_query(query, table_schemas(graph, typed), dialect)
    columns = [{"name": name, "type": type, "nullable": True} for name, type in schema.items()]
    return {"dialect": dialect, "sql": text, "columns": columns}


def _refuse_declared(graph: Graph, typed: Mapping[str, TypedNode], target: PortKey, dialect: str) -> None:
    """Raise UnsupportedOperation where a node that the target needs says that the dialect cannot give its result."""
    for id, _ in _needed(graph, typed, target):
        item = typed[id].node
        declared = {} if item.muted else item.node.dialects_of(item.config)
        if dialect in declared:
            raise UnsupportedOperation(item.kind, dialect, declared[dialect].reason)


def last_port(graph: Graph, typed: Mapping[str, TypedNode]) -> PortKey | None:
    """Return the port that stands last in the order of running and has columns."""
    for id in reversed(list(graph.nodes)):
        relations = typed[id].relations if id in typed else {}
        if relations:
            return id, next(iter(relations))
    return None


def composed(graph: Graph, typed: Mapping[str, TypedNode], target: PortKey, sources: bool = True) -> exp.Select:
    """Return one query with a CTE per port that the target needs."""
    steps: list[tuple[str, exp.Query]] = []
    for id, port in _needed(graph, typed, target):
        item = typed[id]
        query = plain(item.relations[port].as_query())
        if issubclass(item.node.node, Source):
            query = _shown_source(item, query, sources)
        steps.append((cte_name(id, port, item.node.ports.outputs[0].name if item.node.ports.outputs else port), query))
    names = typed[target[0]].relations[target[1]].columns
    made = exp.select(*[column(name) for name in names])
    made = made.from_(exp.to_table(exp.to_identifier(steps[-1][0], quoted=True).sql("duckdb"), dialect="duckdb"))
    for name, query in steps:
        made = made.with_(exp.to_identifier(name, quoted=True), as_=query, copy=False)
    return made


def _needed(graph: Graph, typed: Mapping[str, TypedNode], target: PortKey) -> list[PortKey]:
    """Return the ports that a port's value is computed from, each after what it reads."""
    needed: set[PortKey] = set()
    stack = [target]
    while stack:
        port = stack.pop()
        if port in needed:
            continue
        needed.add(port)
        tables = {table.name for table in typed[port[0]].relations[port[1]].as_query().find_all(exp.Table)}
        for edge in graph.into(port[0]):
            default = graph.nodes[edge.source].ports.outputs[0].name
            if cte_name(edge.source, edge.output, default) in tables:
                stack.append((edge.source, edge.output))
    order = {id: index for index, id in enumerate(graph.nodes)}
    return sorted(needed, key=lambda port: (order[port[0]], port == target, port[1]))


def _shown_source(item: TypedNode, query: exp.Query, function: bool) -> exp.Query:
    """Put the source's table function, or the table of its name, in place of the view that stands for it."""
    source: Any = item.node.node(item.node.config, {}, item.node.id)
    shown = source.shown() if function else exp.to_identifier(item.node.id, quoted=True).sql("duckdb")
    replacement = exp.select("1").from_(exp.maybe_parse(f"SELECT 1 FROM {shown}", dialect="duckdb").args["from_"].this)
    table = replacement.args["from_"].this

    def swap(part: exp.Expr) -> exp.Expr:
        if isinstance(part, exp.Table) and part.name == f"source:{item.node.id}":
            return table.copy()
        return part

    return cast("exp.Query", query.transform(swap))


def table_schemas(graph: Graph, typed: Mapping[str, TypedNode]) -> dict[str, Mapping[str, str]]:
    """Return the columns of every port by the name of its CTE, which for a source is its table's too."""
    found: dict[str, Mapping[str, str]] = {}
    for id, item in typed.items():
        for port, schema in item.schemas.items():
            default = graph.nodes[id].ports.outputs[0].name if graph.nodes[id].ports.outputs else port
            found[cte_name(id, port, default)] = schema
    return found
