"""Sub-pipelines: what the inner file declares is checked where it is used."""

from __future__ import annotations

import pytest

INNER = """\
runnel: 1
name: inner
params: {least: {type: integer}}
inputs: {orders: {columns: {price: BIGINT}}}
outputs: {kept: kept, all: orders}
nodes:
  kept: {kind: table.filter, from: orders, config: {where: "price >= ${params.least}"}}
"""


@pytest.fixture
def inner(project):
    def write(text=INNER):
        (project.root / "inner.runnel.yaml").write_text(text, "utf-8")
        return {"file": "inner.runnel.yaml", "params": {"least": 2}}

    return write


def test_parameters_reach_the_inner_nodes_and_an_input_may_pass_through(rows, inner):
    assert rows("pipeline.run", inner(), "kept", orders=[{"price": 1}, {"price": 2}]) == [{"price": 2}]
    assert len(rows("pipeline.run", inner(), "all", orders=[{"price": 1}, {"price": 2}])) == 2


def test_an_input_of_another_type_is_a_finding(findings, inner):
    found = findings("pipeline.run", inner(), orders=[{"price": "x"}])
    assert [(item.code, item.where.node) for item in found] == [("RNL-TYPE-012", "node/input_orders")]


def test_a_missing_or_unfit_parameter_is_a_finding(findings, inner):
    config = inner()
    for params in ({}, {"least": "many"}, {"least": 1, "most": 2}):
        found = findings("pipeline.run", {**config, "params": params}, orders=[{"price": 1}])
        assert [item.where.field for item in found] == ["params"]


def test_a_file_that_is_not_there_and_an_output_of_nothing_are_findings(findings, inner):
    assert findings("pipeline.run", {"file": "none.runnel.yaml"})[0].where.field == "file"
    found = findings("pipeline.run", inner(INNER.replace("kept: kept", "kept: gone")), orders=[{"price": 1}])
    assert "gone" in found[0].what


def test_a_file_that_runs_itself_ends_with_a_finding(findings, inner):
    text = 'runnel: 1\nname: loop\nnodes:\n  again: {kind: pipeline.run, config: {file: "inner.runnel.yaml"}}\n'
    found = findings("pipeline.run", {**inner(text), "params": {}})
    assert [item.code for item in found] == ["RNL-GRAPH-002"]
