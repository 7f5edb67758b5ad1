"""Where a graph is cut into segments, which columns they read, and when a content key changes."""

from __future__ import annotations

from typing import Any

import pytest
from sqlglot import parse_one

from building import compiled, fresh_project, node, rows
from runnel.compiler.usage import needed_columns, prune
from runnel.plan.shapes import Plan

TYPES = {"id": "BIGINT", "v": "BIGINT", "t": "VARCHAR"}


@pytest.fixture(scope="module")
def project():
    with fresh_project() as made:
        yield made


def plan(project: Any, nodes: dict[str, Any], **rest: Any) -> Plan:
    made = compiled(project, nodes, **rest)
    assert made.valid, made.findings
    return made.plan()


def line(count: int = 3) -> dict[str, Any]:
    nodes = {"n0": rows({"id": 1, "v": 2, "t": "a"}, **TYPES)}
    for number in range(1, count):
        nodes[f"n{number}"] = node("table.filter", f"n{number - 1}", where=f"v > {number}")
    return nodes


def cuts(made: Plan) -> list[str]:
    return [segment.id for segment in made.segments]


@pytest.mark.row("M-000-53", met_by="compiler/segments.py")
def test_a_line_of_nodes_is_one_segment(project):
    assert cuts(plan(project, line(6))) == ["n5"]


def test_a_port_with_two_readers_ends_a_segment(project):
    nodes = {**line(3), "other": node("table.sort", "n1", by=["v"])}
    made = plan(project, nodes)
    assert set(cuts(made)) == {"n1", "n2", "other"} and cuts(made)[0] == "n1"
    assert [feed.segment for feed in made.segment("n2").feeds] == ["n1"]


def test_two_ports_of_one_node_are_two_segments_that_share_what_is_before(project):
    nodes = {**line(2), "rest": node("table.sort", "n1.rest", by=["v"]), "kept": node("table.sort", "n1", by=["v"])}
    assert set(cuts(plan(project, nodes))) == {"n0", "rest", "kept"}


def test_a_sink_and_a_pinned_node_end_a_segment(project):
    nodes = {**line(3), "file": node("sink.file", "n1", path="x.csv")}
    nodes["n0"] = {**nodes["n0"], "pinned": [{"id": 1}]}
    assert set(cuts(plan(project, nodes))) == {"n0", "n1", "n2"}


def test_a_key_changes_only_where_content_changes(project):
    nodes = {**line(4), "other": node("table.sort", "n1", by=["v"])}
    before = {segment.id: segment.key for segment in plan(project, nodes).segments}
    changed = {**nodes, "n3": node("table.filter", "n2", where="v > 99")}
    after = {segment.id: segment.key for segment in plan(project, changed).segments}
    assert {id for id in before if before[id] != after[id]} == {"n3"}
    source = {**nodes, "n0": rows({"id": 9, "v": 2, "t": "a"}, **TYPES)}
    after = {segment.id: segment.key for segment in plan(project, source).segments}
    assert all(before[id] != after[id] for id in before)


def test_titles_notes_and_layout_do_not_change_a_key(project):
    before = [segment.key for segment in plan(project, line(3)).segments]
    nodes = line(3)
    nodes["n1"] = {**nodes["n1"], "title": "Called otherwise", "note": "why"}
    assert [segment.key for segment in plan(project, nodes, ui={"nodes": {"n0": [5, 5]}}).segments] == before


def test_a_source_decodes_the_columns_that_are_used_or_all_on_demand(project):
    nodes = {**line(2), "sums": node("table.aggregate", "n1", values={"s": "sum(v)"})}
    assert list(plan(project, nodes).segments[0].scans[0].columns) == ["v"]
    every = plan(project, nodes, settings={"decode": "all"})
    assert list(every.segments[0].scans[0].columns) == ["id", "v", "t"]


@pytest.mark.row("M-000-53", met_by="plan/shapes.py")
def test_a_plan_survives_its_json_form(project):
    import json

    made = plan(project, {**line(3), "file": node("sink.file", "n2", path="x.csv")})
    assert Plan.from_json(json.loads(json.dumps(made.to_json(), default=dict))).to_json() == made.to_json()


@pytest.mark.row("M-003-117", met_by="compiler/compile.py")
def test_changing_one_node_of_two_hundred_types_only_what_follows_from_it_again(project):
    nodes = line(200)
    compiled(project, nodes)
    typist = project.compiler.typist
    before = typist.computed
    compiled(project, nodes)
    assert typist.computed == before
    compiled(project, {**nodes, "n150": node("table.filter", "n149", where="v > 1000")})
    assert typist.computed - before <= 50
    assert typist.computed - before >= 1


def needs(sql: str, wanted: list[str] | None, **tables: list[str]) -> dict[str, set[str]]:
    return needed_columns(parse_one(sql, dialect="duckdb"), wanted, tables)


def test_the_columns_that_a_query_needs_are_those_of_wanted_values_and_conditions():
    assert needs("SELECT a, b + c AS d, e FROM t WHERE f > 1", ["d"], t=list("abcdef")) == {"t": {"b", "c", "f"}}
    assert needs("SELECT DISTINCT a, b FROM t", ["a"], t=["a", "b", "c"]) == {"t": {"a", "b"}}
    assert needs("SELECT a FROM (SELECT a, b FROM t) AS s", ["a"], t=["a", "b"]) == {"t": {"a"}}
    union = "SELECT a, b FROM t UNION ALL SELECT c, d FROM u"
    assert needs(union, ["b"], t=["a", "b"], u=["c", "d"]) == {"t": {"b"}, "u": {"d"}}


def test_pruning_keeps_what_decides_how_many_rows_there_are():
    query = parse_one("SELECT a, b FROM (SELECT UNNEST(l) AS a, b, c FROM t) AS s", dialect="duckdb")
    prune(query, ["b"], {"t": ["l", "b", "c"]})
    text = query.sql("duckdb")
    assert "UNNEST" in text and '"c"' not in text and " c" not in text
    assert needs("SELECT UNNEST(l) AS a, b FROM t", ["b"], t=["l", "b"]) == {"t": {"l", "b"}}


@pytest.mark.parametrize("config", [{"column": "l"}, {"column": "l", "position": "p"}])
def test_rows_are_counted_rightly_behind_a_list_whose_elements_nobody_reads(project, config):
    from building import run_nodes

    nodes = {"rows": rows({"id": 1, "l": [1, 2]}, {"id": 2, "l": [3]}), "each": node("table.explode", "rows", **config),
             "sums": node("table.aggregate", "each", group_by=["id"], values={"n": "count(*)"})}  # fmt: skip
    report = run_nodes(project, nodes)
    kept = report.kept("sums")
    from runnel.app.tables import read_kept

    assert sorted(row["n"] for row in read_kept(kept).to_pylist()) == [1, 2]


def test_a_count_of_rows_behind_a_guarded_node_reads_one_column(project):
    from building import run_nodes

    nodes = {**line(1), "made": node("table.derive", "n0", columns={"x": "10 // v"}), "sums": node("table.aggregate", "made", values={"n": "count(*)"})}
    assert run_nodes(project, nodes).status == "success"


@pytest.mark.row("M-002-43", met_by="compiler/graph.py")
def test_nodes_are_sorted_by_what_they_need_whatever_their_order_in_the_file(project):
    nodes = {
        "saved": node("sink.file", "joined", path="out.csv"),
        "joined": node("table.join", {"left": "kept", "right": "counted"}, on=["id"]),
        "counted": node("table.aggregate", "made", group_by=["id"], values={"n": "count(*)"}),
        "kept": node("table.filter", "made", where="id > 0", after=["counted"]),
        "made": rows({"id": 1}),
    }
    plan = compiled(project, nodes).plan()
    assert [item.id for item in plan.nodes] == ["made", "counted", "kept", "joined", "saved"]
    done: set[str] = set()
    for segment in plan.segments:
        assert {feed.segment for feed in segment.feeds} <= done
        done.add(segment.id)
