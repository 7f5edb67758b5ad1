"""Sub-pipelines: what the inner file declares is checked where it is used."""

from __future__ import annotations

import pytest

from building import compiled, edge_rows, entry, node, run_nodes
from building import rows as built_rows

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


def test_an_inner_output_with_a_wrong_port_is_named_with_the_nearest_one(findings, inner):
    config = inner(INNER.replace("kept: kept, all", "kept: kept.rset, all"))
    found = findings("pipeline.run", config, orders=[{"price": 1}])
    assert [(item.code, item.where.node, item.where.field) for item in found] == [("RNL-GRAPH-005", "node", "file")]
    assert "the output `kept` of node is `kept.rset`" in found[0].what
    assert "`outputs: {kept: kept.rest}` in inner.runnel.yaml" in found[0].hint


def test_an_inner_output_of_a_node_that_is_not_there_is_answered_with_the_nearest_one(findings, inner):
    found = findings("pipeline.run", inner(INNER.replace("kept: kept, all", "kept: kpet, all")), orders=[{"price": 1}])
    assert any("Did you mean `kept`?" in item.hint for item in found)


def muted(file="inner.runnel.yaml", wires=None, **more):
    return {
        "a": built_rows({"price": 1}, {"price": 3}),
        "sub": node("pipeline.run", wires or {"orders": "a"}, muted=True, file=file, params={"least": "unfit"}),
        "kept": node("table.sort", "sub.kept", by=["price"]),
        "all": node("table.sort", "sub.all", by=["price"]),
        **more,
    }


def test_a_muted_sub_pipeline_passes_its_first_input_on(project, inner):
    inner()
    report = run_nodes(project, muted())
    assert report.result.error is None and report.ledger.balanced
    assert entry(report, "sub")["passed"] == 2 and entry(report, "sub")["ports"] == {"kept": 2, "all": 0}
    assert edge_rows(report)["sub.kept → kept.input"] == 2


def test_a_muted_sub_pipeline_without_an_input_says_that_nothing_comes_out(project, inner):
    inner("runnel: 1\nname: i\noutputs: {kept: a, all: a}\nnodes:\n  a: {kind: source.rows, config: {rows: [{price: 1}]}}\n")
    nodes = muted()
    del nodes["sub"]["from"], nodes["a"]
    found = [item for item in compiled(project, nodes).findings if item.severity == "error"]
    assert [(item.code, item.where.node) for item in found] == [("RNL-GRAPH-017", "sub")]


def test_a_muted_sub_pipeline_whose_file_is_gone_says_so(project):
    found = [item for item in compiled(project, muted("gone.runnel.yaml")).findings if item.severity == "error"]
    assert found[0].where.node == "sub" and "gone.runnel.yaml" in found[0].what
