"""Builders for tests: documents from plain mappings, projects in memory-backed folders, runs and counts of their own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runnel.app import pipelines
from runnel.app.pipelines import Document
from runnel.app.project import Project
from runnel.app.runs import RunOptions, RunReport, run
from runnel.compiler.compile import Compiled
from runnel.model.loading import from_mapping
from runnel.model.saving import to_yaml

CLOCK = datetime(2025, 1, 16, 8, 0, tzinfo=UTC)
MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") and os.access("/dev/shm", os.W_OK) else None


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """A folder in memory where the system has one, so that syncing costs nothing."""
    folder = Path(tempfile.mkdtemp(prefix="runnel-test-", dir=MEMORY)).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_project(**options: Any) -> Iterator[Project]:
    """A project in a fresh folder, with an empty environment and a fixed clock."""
    with fresh_folder() as folder:
        project = Project(folder, **{"environ": {}, "clock": lambda: CLOCK, **options})
        try:
            yield project
        finally:
            project.close()


def node(kind: str, from_: Any = None, *, muted: bool = False, pinned: Any = None, after: Any = None,
         **config: Any) -> dict[str, Any]:  # fmt: skip
    """One node as it stands in a file."""
    made: dict[str, Any] = {"kind": kind}
    if from_ is not None:
        made["from"] = from_
    if config:
        made["config"] = config
    if muted:
        made["muted"] = True
    if pinned is not None:
        made["pinned"] = pinned
    if after is not None:
        made["after"] = after
    return made


def rows(*given: Mapping[str, Any], **columns: str) -> dict[str, Any]:
    """A source of rows; keyword arguments are column types."""
    return node("source.rows", rows=[dict(row) for row in given], **({"columns": columns} if columns else {}))


def document(project: Project, nodes: Mapping[str, Any], name: str = "tested", **rest: Any) -> Document:
    """A document in a project's folder; it must be readable."""
    pipeline, findings = from_mapping({"runnel": 1, "name": name, "nodes": dict(nodes), **rest})
    assert pipeline is not None, findings
    return Document(pipeline, findings, str(project.root), None, to_yaml(pipeline))


def compiled(project: Project, nodes: Mapping[str, Any], **rest: Any) -> Compiled:
    """A compiled document, with or without errors."""
    return pipelines.compiled(project, document(project, nodes, **rest))


def finding_codes(project: Project, nodes: Mapping[str, Any], **rest: Any) -> list[str]:
    """The codes of every finding of a document."""
    return [finding.code for finding in compiled(project, nodes, **rest).findings]


def run_nodes(project: Project, nodes: Mapping[str, Any], *, cache: bool = False, params: Mapping[str, Any] | None = None,
              to: str | None = None, dry_run: bool = False, sample: int | None = None, **rest: Any) -> RunReport:  # fmt: skip
    """Run nodes, without the cache unless asked for."""
    return run(project, document(project, nodes, **rest), RunOptions(params or {}, to, dry_run, sample, cache))


def edge_rows(report: RunReport) -> dict[str, int | None]:
    """Rows per edge, `from → to`."""
    return {f"{edge['from']} → {edge['to']}": edge["rows"] for edge in report.to_json()["edges"]}


def entry(report: RunReport, node_id: str) -> dict[str, Any]:
    """The ledger entry of a node."""
    return report.ledger.entry(node_id).to_json()
