"""The tests that stand in a pipeline file: rows given to nodes, rows expected from nodes, a fixed clock."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runnel.app import pipelines
from runnel.app.comparing import difference
from runnel.app.pipelines import Document
from runnel.app.previews import port_rows
from runnel.errors import RunnelError
from runnel.model.document import NodeDoc, Pipeline, TestDoc
from runnel.model.saving import to_yaml

if TYPE_CHECKING:
    from runnel.app.project import Project

CLOCK = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class TestResult:
    """How one test ended; `difference` says in words what was otherwise."""

    __test__ = False

    name: str
    passed: bool
    difference: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"name": self.name, "passed": self.passed, "difference": self.difference}


def run_tests(project: Project, document: Document) -> list[TestResult]:
    """Run every test of a document; raises InvalidPipelineError when the document itself cannot be read."""
    if document.pipeline is None:
        raise pipelines.InvalidPipelineError(document.findings)
    known = known_schemas(project, document)
    whole = dataclasses.replace(pipelines.standing_alone(document.pipeline), inputs={}, outputs={})
    return [_run_test(project, document, whole, test, known) for test in document.pipeline.tests]


def known_schemas(project: Project, document: Document) -> dict[str, dict[str, str]]:
    """Return the columns of each node's default output where they can be known without the tests' rows."""
    compiled = pipelines.compiled(project, document)
    return {id: dict(next(iter(item.schemas.values()))) for id, item in compiled.typed.items() if item.schemas}


def _run_test(
    project: Project, document: Document, pipeline: Pipeline, test: TestDoc, known: Mapping[str, Mapping[str, str]]
) -> TestResult:
    nodes = dict(pipeline.nodes)
    for id, rows in test.given.items():
        if id not in nodes:
            return TestResult(test.name, False, f"the test gives rows to `{id}`, which does not exist")
        nodes[id] = given_node(id, rows, known.get(id))
    changed = dataclasses.replace(pipeline, nodes=nodes, tests=())
    clock = project.clock
    project.clock = lambda: _clock(test)
    try:
        made = Document(changed, (), document.folder, None, to_yaml(changed))
        compiled = pipelines.runnable(project, made, dict(test.params))
        for ref, expected in test.expect.items():
            found = difference(list(expected), port_rows(project, compiled, ref))
            if found is not None:
                return TestResult(test.name, False, f"{ref}: {found}")
    except RunnelError as error:
        return TestResult(test.name, False, f"{error.code}: {error.what}")
    finally:
        project.clock = clock
    return TestResult(test.name, True)


def _clock(test: TestDoc) -> datetime:
    return datetime.fromisoformat(test.clock.replace("Z", "+00:00")) if test.clock else CLOCK


def given_node(id: str, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str] | None) -> NodeDoc:
    """Return a source of rows that stands in for a node; columns that no row names are NULL."""
    config: dict[str, Any] = {"rows": [dict(row) for row in rows]}
    if columns is not None:
        config["columns"] = dict(columns)
    return NodeDoc(id, "source.rows", config)
