"""Pipelines as documents: load, validate, schema, SQL, lineage; nothing here executes a segment on its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.errors import AuthoringError
from runnel.model.document import NodeDoc, Pipeline
from runnel.model.findings import Finding, has_errors
from runnel.model.loading import load_file, load_text

if TYPE_CHECKING:
    from runnel.app.project import Project
    from runnel.compiler.compile import Compiled


class InvalidPipelineError(AuthoringError):
    """The pipeline has findings of severity error; they are all in `findings`."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = next(finding for finding in findings if finding.severity == "error")
        super().__init__(first.code, first.what, first.hint, first.where.to_json())
        self.findings = findings


@dataclass(frozen=True)
class Document:
    """A pipeline with where it came from."""

    pipeline: Pipeline | None
    findings: tuple[Finding, ...]
    folder: str
    path: str | None = None
    text: str | None = None


def read(path: str | Path) -> Document:
    """Read a pipeline file; problems are findings."""
    file = Path(path)
    if not file.is_file():
        near = sorted(found.name for found in file.parent.glob("*.runnel.yaml")) if file.parent.is_dir() else []
        hint = f"Pipelines here: {', '.join(near[:10])}." if near else "`runnel new NAME` makes one."
        raise AuthoringError("RNL-FILE-001", f"there is no pipeline file {path}", hint, {"file": str(path)})
    pipeline, findings = load_file(file)
    return Document(pipeline, findings, str(file.resolve().parent), str(file), None)


def read_text(text: str, folder: str) -> Document:
    """Read a pipeline from its text, as if it stood in a folder."""
    pipeline, findings = load_text(text)
    return Document(pipeline, findings, str(Path(folder).resolve()), None, text)


def text_of(document: Document) -> str:
    """Return the text of a document as it stands, with its comments."""
    if document.text is not None:
        return document.text
    return Path(document.path or "").read_text("utf-8")


def compiled(project: Project, document: Document, params: Mapping[str, Any] | None = None) -> Compiled:
    """Compile a document; raises InvalidPipelineError only when it could not be read at all."""
    if document.pipeline is None:
        raise InvalidPipelineError(document.findings)
    from runnel.app.confining import findings_of_paths, visible_environment
    from runnel.app.connection_uses import findings_of_connections
    from runnel.app.looking import Foreign, Looking
    from runnel.app.remembering import Remembering

    result = project.compiler.compile(
        standing_alone(document.pipeline), folder=document.folder, prober=project.probing, now=project.clock(),
        params=params, env=visible_environment(project), look=Looking(project, document), foreign=Foreign(project),
        recall=Remembering(project),
    )  # fmt: skip
    if document.pipeline.inputs:
        result = replace(result, pipeline=document.pipeline, findings=_of_inner(result.findings, document.pipeline))
    outside = findings_of_paths(project, result) if project.confined else ()
    return with_findings(result, (*document.findings, *outside, *findings_of_connections(project, result)))


def standing_alone(pipeline: Pipeline) -> Pipeline:
    """Return a sub-pipeline with sources for its inputs: the rows that its first test gives them, else none."""
    if not pipeline.inputs:
        return pipeline
    given = pipeline.tests[0].given if pipeline.tests else {}
    sources = {
        name: NodeDoc(name, "source.rows", {"rows": list(map(dict, given.get(name, ()))), "columns": dict(declared.columns)})
        for name, declared in pipeline.inputs.items()
        if name not in pipeline.nodes
    }
    return replace(pipeline, nodes={**sources, **pipeline.nodes})


def _of_inner(findings: tuple[Finding, ...], pipeline: Pipeline) -> tuple[Finding, ...]:
    """Leave out that nothing reads what the pipeline gives to the one that holds it."""
    given = {ref.split(".")[0] for ref in pipeline.outputs.values()} | set(pipeline.inputs)
    return tuple(found for found in findings if not (found.code == "RNL-GRAPH-011" and found.where.node in given))


def with_findings(result: Compiled, earlier: tuple[Finding, ...]) -> Compiled:
    """Put the findings of loading before those of compiling."""
    return replace(result, findings=(*earlier, *result.findings)) if earlier else result


def runnable(project: Project, document: Document, params: Mapping[str, Any] | None = None) -> Compiled:
    """Compile a document that must be without errors."""
    result = compiled(project, document, params)
    if has_errors(result.findings):
        raise InvalidPipelineError(result.findings)
    return result


def findings_of(project: Project, document: Document, params: Mapping[str, Any] | None = None) -> tuple[Finding, ...]:
    """Validate a document."""
    return document.findings if document.pipeline is None else compiled(project, document, params).findings


def schema(result: Compiled) -> dict[str, Any]:
    """Return the columns of every port of every node."""
    nodes: dict[str, Any] = {}
    for id, item in result.typed.items():
        nodes[id] = {
            port: [{"name": name, "type": type, "nullable": True} for name, type in columns.items()]
            for port, columns in item.schemas.items()
        }
    return {"nodes": nodes}


def sql(result: Compiled, ref: str | None, dialect: str) -> dict[str, Any]:
    """Return the SQL of a node (or of the last one) in a dialect, with its columns."""
    from runnel.compiler.rendering import pipeline_sql

    port = port_of(result, ref) if ref else None
    return pipeline_sql(result, port, dialect)


def port_of(result: Compiled, ref: str) -> tuple[str, str]:
    """Return the port that a text names; raises AuthoringError with what there is."""
    port = result.port(ref)
    if port is None:
        import difflib

        close = difflib.get_close_matches(ref, list(result.graph.nodes), n=1)
        hint = (f"Did you mean `{close[0]}`? " if close else "") + f"Nodes: {', '.join(result.graph.nodes)}."
        raise AuthoringError("RNL-GRAPH-005", f"there is no node or port `{ref}`", hint, {"node": ref})
    return port


def lineage(result: Compiled, ref: str) -> dict[str, Any]:
    """Return where the values of `NODE.COLUMN` (or `NODE.PORT.COLUMN`) come from."""
    from runnel.compiler.lineage import column_lineage, lineage_links

    node, _, column = ref.rpartition(".")
    node, port = (node, "") if node in result.graph.nodes else port_of(result, node or ref)
    columns = result.typed[node].schemas.get(port or next(iter(result.typed[node].schemas), ""), {})
    if column not in columns:
        hint = f"Columns: {', '.join(columns)}."
        raise AuthoringError("RNL-COLUMN-001", f"{node} has no column `{column}`", hint, {"node": node})
    sources, path = column_lineage(result.graph, result.typed, node, column, port or None)
    return {
        "sources": [{"node": place.node, "column": place.column} for place in sources],
        "path": [place.to_json() for place in path],
        "links": lineage_links(result.graph, result.typed, path),
    }
