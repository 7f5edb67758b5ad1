"""Drawings of a pipeline, with categories and summaries from the catalogue and counts from a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from runnel.app.pipelines import Document, InvalidPipelineError
from runnel.model import drawing

if TYPE_CHECKING:
    from runnel.app.project import Project

CATEGORIES = {"sources": "source", "outputs": "output", "charts": "output", "tables": "combine", "flow": "control"}


def drawn(
    project: Project,
    document: Document,
    format: str,
    labels: Mapping[str, str] | None = None,
    edge_labels: Mapping[tuple[str, str], str] | None = None,
) -> str:
    """Return a pipeline as Mermaid text or SVG."""
    pipeline = document.pipeline
    if pipeline is None:
        raise InvalidPipelineError(document.findings)
    if format == "mermaid":
        return drawing.mermaid(pipeline)
    categories: dict[str, str] = {}
    for id, doc in pipeline.nodes.items():
        node = project.catalog.get(doc.kind)
        group = node.group if node is not None else ""
        categories[id] = CATEGORIES.get(group, "transform")
    return drawing.svg(pipeline, labels=labels, edge_labels=edge_labels, categories=categories)
