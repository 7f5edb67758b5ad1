"""One project for all tests of nodes, and short ways to ask it for rows and findings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runnel.app import pipelines
from runnel.app.previews import port_rows
from runnel.catalog import discover
from runnel.model.document import NodeDoc, Wire
from runnel.model.saving import to_yaml
from runnel.sdk.node import Example
from runnel.testing import example_document, example_project

CATALOG = discover()


@pytest.fixture(scope="session")
def project():
    with example_project() as made:
        yield made


@pytest.fixture
def rows(project):
    def ask(kind, config, port="output", types=None, **given):
        document = example_document(
            CATALOG.nodes[kind], Example("", config, given, types=types or {}), str(project.root)
        )
        end = NodeDoc("end", "table.limit", {"rows": 1_000_000}, (Wire("node", port),))
        pipeline = replace(document.pipeline, nodes={**document.pipeline.nodes, "end": end})
        document = replace(document, pipeline=pipeline, text=to_yaml(pipeline))
        return [dict(row) for row in port_rows(project, pipelines.runnable(project, document), "end")]

    return ask


@pytest.fixture
def findings(project):
    def ask(kind, config, types=None, **given):
        document = example_document(
            CATALOG.nodes[kind], Example("", config, given, types=types or {}), str(project.root)
        )
        found = pipelines.findings_of(project, document)
        return [finding for finding in found if finding.severity == "error"]

    return ask
