"""Profiles of data files and of the ports of pipelines, over all rows, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runnel.app import pipelines
from runnel.app.column_facts import profiled
from runnel.app.pipelines import Document
from runnel.app.previews import questions
from runnel.model.document import NodeDoc, Pipeline
from runnel.model.saving import to_yaml

if TYPE_CHECKING:
    from runnel.app.project import Project


def profile_file(project: Project, path: str) -> dict[str, Any]:
    """Profile a data file."""
    node = NodeDoc("data", "source.file", {"path": str(Path(path).resolve())})
    pipeline = Pipeline(name="profile", nodes={"data": node})
    document = Document(pipeline, (), str(project.root), None, to_yaml(pipeline))
    return _profile(project, document, "data", {})


def profile_port(project: Project, path: str, ref: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Profile a port of a pipeline."""
    return _profile(project, pipelines.read(path), ref, params)


def _profile(project: Project, document: Document, ref: str, params: Mapping[str, Any]) -> dict[str, Any]:
    compiled = pipelines.runnable(project, document, params)
    port = pipelines.port_of(compiled, ref)
    schema = compiled.typed[port[0]].schemas[port[1]]
    with questions(project, compiled.plan([port], whole=True)) as ask:
        rows, columns = profiled(ask, schema, quick=False)
    return {"rows": rows, "columns": columns}
