"""Looking at real data while compiling: the few nodes whose columns depend on it, and SQL written by people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runnel.compiler.graph import Graph
from runnel.compiler.segments import build_plan
from runnel.compiler.typing import TypedNode, cte_name, plain_sql
from runnel.sdk.relation import Relation

if TYPE_CHECKING:
    from runnel.app.pipelines import Document
    from runnel.app.project import Project


class Looking:
    """Runs what stands before a node (results are kept) and asks one small question of it."""

    def __init__(self, project: Project, document: Document) -> None:
        self.project = project
        self.document = document

    def __call__(
        self, graph: Graph, typed: Mapping[str, TypedNode], node: str, relation: Relation
    ) -> Sequence[Mapping[str, Any]]:
        """Return the rows of a relation over the inputs of `node`."""
        from runnel.app.previews import named_rows, questions

        edges = graph.into(node)
        port = (edges[0].source, edges[0].output)
        upstream = Graph({id: item for id, item in graph.nodes.items() if id in typed}, tuple(
            edge for edge in graph.edges if edge.source in typed and edge.target in typed
        ))  # fmt: skip
        plan = build_plan(
            upstream, typed, pipeline="look", version="", folder=self.document.folder, settings={}, targets=[port],
            whole=True,
        )  # fmt: skip
        name = cte_name(*port, typed[port[0]].node.ports.outputs[0].name)
        question = f'WITH "{name}" AS (FROM "the rows") {plain_sql(relation.as_query())}'
        with questions(self.project, plan) as ask:
            columns, text = ask(question)
        return named_rows(columns, text)


class Foreign:
    """Types SQL that a person wrote inside a locked-down worker that may touch nothing."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def describe(self, sql: str, tables: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """Return column → type."""
        with self.project.workers.open([], [], memory_bytes=512 * 1024**2, timeout_seconds=20) as worker:
            payload = {"sql": sql, "tables": {name: dict(columns) for name, columns in tables.items()}}
            return dict(worker.call("describe", payload)["columns"])
