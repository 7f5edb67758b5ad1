"""What is wrong with how a graph is put together is a finding with a place, and a fix where there is one."""

from __future__ import annotations

import pytest

from building import compiled, finding_codes, fresh_project, node, rows
from runnel.compiler.compile import Compiled
from runnel.model.findings import Finding

ROW = {"id": 1, "name": "a", "price": 1.5}


@pytest.fixture(scope="module")
def project():
    with fresh_project() as made:
        yield made


def finding(made: Compiled, code: str) -> Finding:
    found = [item for item in made.findings if item.code == code]
    assert len(found) == 1, made.findings
    return found[0]


@pytest.mark.row("M-003-254", met_by="compiler/graph.py")
def test_a_circle_is_named_as_a_path(project):
    made = compiled(project, {"a": node("table.distinct", "b"), "b": node("table.sort", "a", by=["id"])})
    found = finding(made, "RNL-GRAPH-001")
    assert "→" in found.what and found.severity == "error" and not made.valid


def test_an_order_edge_can_close_a_circle_too(project):
    nodes = {"a": rows(ROW), "b": node("table.distinct", "a", after=["c"]), "c": node("table.distinct", "b")}
    assert not compiled(project, nodes).valid


@pytest.mark.row("M-003-251", met_by="compiler/wiring.py")
def test_an_unconnected_input_is_named_with_the_way_to_connect_it(project):
    found = finding(compiled(project, {"a": rows(ROW), "j": node("table.join", {"left": "a"}, on=["id"])}), "RNL-GRAPH-009")
    assert "`right`" in found.what and "from: {right:" in found.hint and found.where.node == "j"


def test_two_edges_into_one_input_are_named(project):
    nodes = {"a": rows(ROW), "b": rows(ROW), "f": node("table.filter", {"input": ["a", "b"]}, where="id > 0")}
    found = finding(compiled(project, nodes), "RNL-GRAPH-010")
    assert "a.output" in found.what and "b.output" in found.what and "table.union" in found.hint


def test_an_input_that_does_not_exist_is_answered_with_the_nearest_one(project):
    nodes = {"a": rows(ROW), "j": node("table.join", {"left": "a", "rigth": "a"}, on=["id"])}
    found = next(item for item in compiled(project, nodes).findings if item.code == "RNL-GRAPH-008")
    assert "`right`" in found.hint


def test_a_source_takes_no_input(project):
    nodes = {"a": rows(ROW), "b": {**rows(ROW), "from": "a"}}
    assert finding(compiled(project, nodes), "RNL-GRAPH-006").where.node == "b"


def test_an_unknown_kind_is_answered_with_the_nearest_one_as_a_fix(project):
    found = finding(compiled(project, {"a": rows(ROW), "b": node("table.filtre", "a", where="id > 0")}), "RNL-GRAPH-003")
    assert found.fix is not None and found.fix.edits[0].value == "table.filter"


def test_an_unknown_setting_is_answered_with_the_nearest_one(project):
    made = compiled(project, {"a": rows(ROW), "b": node("table.filter", "a", wher="id > 0")})
    found = next(item for item in made.findings if "`wher`" in item.what)
    assert "where" in found.hint and found.fix is not None


@pytest.mark.row("M-003-227", met_by="compiler/configs.py", deviation="findings come with a call; the editor that asks at every change comes later")
def test_a_setting_of_the_wrong_type_is_named_with_its_value(project):
    made = compiled(project, {"a": rows(ROW), "b": node("table.limit", "a", rows="many")})
    found = next(item for item in made.findings if item.severity == "error")
    assert "many" in found.what and "rows" in found.what and found.where.field == "rows"


def test_an_unknown_column_is_answered_with_the_nearest_one_as_a_fix(project):
    made = compiled(project, {"a": rows(ROW), "b": node("table.filter", "a", where="prise > 1")})
    found = next(item for item in made.findings if item.severity == "error")
    assert "price" in found.hint and found.fix is not None and found.where.node == "b"


@pytest.mark.parametrize(("kind", "config"), [
    ("table.select", {"columns": ["nmae"]}), ("table.drop", {"columns": ["nmae"]}), ("table.rename", {"columns": {"nmae": "x"}}),
    ("table.sort", {"by": ["nmae"]}), ("table.distinct", {"columns": ["nmae"]}), ("table.aggregate", {"group_by": ["nmae"]}),
    ("table.top_n", {"rows": 1, "by": ["nmae"]}), ("table.cast", {"columns": {"nmae": "BIGINT"}}),
])  # fmt: skip
def test_every_kind_answers_an_unknown_column_with_the_nearest_one(project, kind, config):
    made = compiled(project, {"a": rows(ROW), "b": node(kind, "a", **config)})
    found = next(item for item in made.findings if item.severity == "error")
    assert "name" in found.hint and found.where.node == "b"


def test_two_columns_of_one_name_are_refused_whatever_their_letter_case(project):
    made = compiled(project, {"a": rows(ROW), "b": node("table.rename", "a", columns={"id": "NAME"})})
    assert finding(made, "RNL-COLUMN-002").where.node == "b"


@pytest.mark.parametrize("expression", ["sum(name)", "avg(name)"])
def test_a_sum_over_text_is_refused_with_a_cast_as_the_way_out(project, expression):
    made = compiled(project, {"a": rows(ROW), "b": node("table.aggregate", "a", values={"s": expression})})
    found = next(item for item in made.findings if item.severity == "error")
    assert found.where.node == "b" and "cast" in (found.hint + (found.fix.title if found.fix else "")).lower()


@pytest.mark.row("M-003-253", met_by="compiler/typing.py")
def test_text_and_number_keys_of_a_join_are_refused(project):
    nodes = {"a": rows(ROW), "b": rows({"id": "1", "x": 1}), "j": node("table.join", {"left": "a", "right": "b"}, on=["id"])}
    found = next(item for item in compiled(project, nodes).findings if item.severity == "error")
    assert found.where.node == "j" and "cast" in found.hint.lower()


@pytest.mark.row("M-003-253", met_by="compiler/typing.py")
def test_a_union_of_text_and_number_is_refused(project):
    nodes = {"a": rows(ROW), "b": rows({"id": "1"}), "u": node("table.union", ["a", "b"])}
    assert finding(compiled(project, nodes), "RNL-TYPE-011").where.node == "u"


@pytest.mark.parametrize("condition", ["name = 5", "id = 'abc'", "name in (5)", "id || 1 = 2", "price = true"])
def test_what_the_engine_would_cast_in_silence_is_refused(project, condition):
    assert not compiled(project, {"a": rows(ROW), "b": node("table.filter", "a", where=condition)}).valid


@pytest.mark.row("M-003-255", met_by="compiler/hints.py")
def test_a_cross_join_is_a_warning_and_an_unused_branch_a_note(project):
    nodes = {"a": rows(ROW), "j": node("table.join", {"left": "a", "right": "a"}, how="cross")}
    made = compiled(project, nodes)
    assert finding(made, "RNL-HINT-001").severity == "warning"
    assert finding(made, "RNL-GRAPH-011").severity == "info"
    assert made.valid


def test_what_stands_behind_a_broken_node_is_not_reported_as_broken_too(project):
    nodes = {"a": rows(ROW), "b": node("table.filter", "a", where="nope"), "c": node("table.distinct", "b"), "d": node("table.distinct", "c")}
    errors = [item for item in compiled(project, nodes).findings if item.severity == "error"]
    assert [item.where.node for item in errors] == ["b"]


def test_a_pipeline_that_runs_itself_is_refused(project):
    text = "runnel: 1\nname: self\nnodes:\n  again: {kind: pipeline.run, config: {file: self.runnel.yaml}}\n"
    (project.root / "self.runnel.yaml").write_text(text)
    made = compiled(project, {"again": node("pipeline.run", file="self.runnel.yaml")})
    assert not made.valid


@pytest.mark.row("M-003-252", met_by="compiler/configs.py")
@pytest.mark.row("M-003-234", met_by="compiler/configs.py", deviation="the finding names the field; the form that marks it red comes with the editor")
def test_a_missing_setting_is_named_with_its_field_and_what_belongs_there(project):
    found = finding(compiled(project, {"a": rows(ROW), "f": node("table.filter", "a")}), "RNL-CONFIG-002")
    assert (found.severity, found.where.node, found.where.field) == ("error", "f", "where")
    assert "`where`" in found.what and "condition" in found.hint


@pytest.mark.row("M-003-255", met_by="compiler/hints.py")
def test_a_large_table_that_is_sorted_as_a_whole_is_a_warning(project, monkeypatch):
    (project.root / "in.csv").write_text("id\n1\n")
    nodes = {"a": node("source.file", path="in.csv"), "sorted": node("table.sort", "a", by=["id"])}
    assert "RNL-HINT-002" not in finding_codes(project, nodes)
    monkeypatch.setattr("runnel.compiler.hints.LARGE_BYTES", 1)
    found = finding(compiled(project, nodes), "RNL-HINT-002")
    assert found.severity == "warning" and "table.top_n" in found.hint
    assert "RNL-HINT-002" not in finding_codes(project, {**nodes, "first": node("table.limit", "sorted", rows=3)})


@pytest.mark.parametrize(("first", "second"), [
    (("sink.file", {"path": "out/a.csv"}), ("sink.file", {"path": "out/../out/a.csv"})),
    (("sink.file", {"path": "a.csv", "mode": "append"}), ("sink.file", {"path": "a.csv"})),
    (("sink.file", {"path": "out", "partition_by": ["id"]}), ("sink.file", {"path": "out/x.csv"})),
    (("sink.dataset", {"name": "t"}), ("sink.dataset", {"name": "t", "mode": "append"})),
    (("sink.dataset", {"name": "t", "mode": "upsert", "key": ["id"]}),
     ("sink.dataset", {"name": "t", "mode": "upsert", "key": ["id"]})),
])  # fmt: skip
def test_two_sinks_that_write_the_same_place_are_named(project, first, second):
    nodes = {"a": rows(ROW), "one": node(first[0], "a", **first[1]), "two": node(second[0], "a", **second[1])}
    found = finding(compiled(project, nodes), "RNL-GRAPH-016")
    assert found.severity == "error" and found.where.node == "two" and found.where.field in ("path", "name")
    assert "one" in found.what and "two" in found.what


def test_two_sinks_that_both_append_and_a_muted_one_may_write_the_same_place(project):
    for kind, config in (("sink.file", {"path": "a.csv"}), ("sink.dataset", {"name": "t"})):
        nodes = {"a": rows(ROW), "one": node(kind, "a", mode="append", **config), "two": node(kind, "a", mode="append", **config)}
        assert compiled(project, nodes).valid
        nodes = {"a": rows(ROW), "one": node(kind, "a", **config), "two": node(kind, "a", muted=True, **config)}
        assert compiled(project, nodes).valid
    nodes = {"a": rows(ROW), "one": node("sink.file", "a", path="a.csv"), "two": node("sink.file", "a", path="a.csv.gz")}
    assert compiled(project, nodes).valid


@pytest.mark.parametrize(("wired", "value"), [
    ("b.rset", "b.rest"), (["b.rset", "a"], ["b.rest", "a"]), ({"inputs": ["a", "b.rset"]}, {"inputs": ["a", "b.rest"]}),
])  # fmt: skip
def test_an_output_that_does_not_exist_is_answered_with_the_nearest_one_as_a_fix(project, wired, value):
    nodes = {"a": rows(ROW), "b": node("table.filter", "a", where="id > 0"), "c": node("table.union", wired)}
    found = finding(compiled(project, nodes), "RNL-GRAPH-005")
    assert "`rset`" in found.what and "Did you mean `b.rest`" in found.hint
    assert found.fix is not None and found.fix.edits[0].path == ("nodes", "c", "from") and found.fix.edits[0].value == value


def test_an_own_output_with_a_wrong_port_has_a_fix(project):
    nodes = {"a": rows(ROW), "b": node("table.filter", "a", where="id > 0")}
    found = finding(compiled(project, nodes, outputs={"rest": "b.rset"}), "RNL-GRAPH-005")
    assert found.where.field == "outputs.rest" and found.fix is not None and found.fix.edits[0].value == "b.rest"


def test_what_reads_from_a_node_with_wrong_settings_is_connected_and_waits_for_it(project):
    made = compiled(project, {"a": rows(ROW, bogus=1), "b": node("table.limit", "a", rows=1), "c": node("table.limit", "b", rows=1)})
    codes = {(found.where.node, found.code) for found in made.findings if found.severity == "error"}
    assert codes == {("a", "RNL-CONFIG-003")}
    waiting = [found.where.node for found in made.findings if found.code == "RNL-GRAPH-020"]
    assert waiting == ["b", "c"]
