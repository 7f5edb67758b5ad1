"""Editing: each edit changes the lines that it means and no other."""

from __future__ import annotations

import difflib
from typing import Any

import pytest

from runnel.errors import AuthoringError
from runnel.model import Edit, apply_edits, edit_mapping, load_text, rename_node
from runnel.model.reading import read

TEXT = """\
runnel: 1   # version
name: orders
params:
  status: {type: string}   # one
nodes:
  # the source
  orders:
    kind: source.file   # reads
    config: {path: a.csv}   # flow
  paid:
    kind: table.filter
    from: orders   # wire
    config:
      where: a > 1   # keep

      # about the list
      list:
      - one   # 1
      - two
      text: |
        line 1

        line 2

  # the end of nodes
outputs: {o: paid.rest}
tests:
  - name: first
    given: {orders: [{a: 1}]}
    expect: {paid.rest: []}
ui: {nodes: {orders: [0, 0]}}
"""


def changed(path: tuple[Any, ...], value: Any = None, op: Any = "set", text: str = TEXT) -> list[str]:
    edited = apply_edits(text, [Edit(op, path, value)])
    lines = difflib.unified_diff(text.split("\n"), edited.split("\n"), n=0, lineterm="")
    return [line for line in lines if line[:1] in "+-" and line[:3] not in {"+++", "---"}]


PAID = ("nodes", "paid")


@pytest.mark.parametrize(
    ("path", "value", "lines"),
    [
        ((*PAID, "config", "where"), "b < 2", ["-      where: a > 1   # keep", "+      where: b < 2   # keep"]),
        ((*PAID, "from"), {"left": "orders"}, ["-    from: orders   # wire", "+    from: {left: orders}   # wire"]),
        ((*PAID, "config", "list", 0), 7, ["-      - one   # 1", "+      - 7   # 1"]),
        ((*PAID, "config", "list", 2), "three", ["+      - three"]),
        ((*PAID, "config", "new"), [1], ["+      new: [1]"]),
        ((*PAID, "title"), "Paid: yes", ['+    title: "Paid: yes"']),
        (("title",), "T", ["+title: T"]),
        (
            ("nodes", "orders", "config", "path"),
            "b, c.csv",
            ["-    config: {path: a.csv}   # flow", '+    config: {path: "b, c.csv"}   # flow'],
        ),
        (
            ("nodes", "orders", "config", "format"),
            "csv",
            ["-    config: {path: a.csv}   # flow", "+    config: {path: a.csv, format: csv}   # flow"],
        ),
        (
            ("ui", "nodes", "paid"),
            [1, 2],
            ["-ui: {nodes: {orders: [0, 0]}}", "+ui: {nodes: {orders: [0, 0], paid: [1, 2]}}"],
        ),
        (("nodes", "new"), {"kind": "t.x"}, ["+  new:", "+    kind: t.x"]),
        (
            (*PAID, "config", "text"),
            "short",
            ["-      text: |", "-        line 1", "-", "-        line 2", "+      text: short"],
        ),
        (("settings", "dead_letters", "max_count"), 5, ["+settings: {dead_letters: {max_count: 5}}"]),
    ],
)
def test_setting_a_value_changes_only_its_lines(path: tuple[Any, ...], value: Any, lines: list[str]) -> None:
    assert changed(path, value) == lines


def test_setting_a_mapping_touches_only_the_fields_that_differ() -> None:
    config = {"where": "a > 1", "list": ["one", "two"], "text": "line 1\n\nline 2\n", "on_error": "null"}
    assert changed((*PAID, "config"), config) == ['+      on_error: "null"']


def test_a_flow_mapping_that_grows_too_long_becomes_a_block_and_keeps_its_comment() -> None:
    lines = changed(("nodes", "orders", "config", "columns"), {f"column_{place}": "VARCHAR" for place in range(9)})
    assert lines[:4] == [
        "-    config: {path: a.csv}   # flow",
        "+    config:   # flow",
        "+      path: a.csv",
        "+      columns:",
    ]


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ((*PAID, "config", "where"), ["-      where: a > 1   # keep"]),
        ((*PAID, "config", "list", 1), ["-      - two"]),
        (("nodes", "orders", "config", "path"), ["-    config: {path: a.csv}   # flow", "+    config: {}   # flow"]),
        (
            ("tests", 0, "name"),
            ["-  - name: first", "-    given: {orders: [{a: 1}]}", "+  - given: {orders: [{a: 1}]}"],
        ),
        (("params",), ["-params:", "-  status: {type: string}   # one"]),
        (("params", "status"), ["-params:", "-  status: {type: string}   # one", "+params: {}"]),
        (("tests", 0, "given", "orders", 0), ["-    given: {orders: [{a: 1}]}", "+    given: {orders: []}"]),
    ],
)
def test_deleting_removes_only_the_lines_of_the_value(path: tuple[Any, ...], lines: list[str]) -> None:
    assert changed(path, op="delete") == lines


def test_renaming_keeps_the_place_of_the_key() -> None:
    assert changed(PAID, "bezahlt", "rename") == ["-  paid:", "+  bezahlt:"]
    assert changed((*PAID, "config", "where"), "on", "rename") == [
        "-      where: a > 1   # keep",
        "+      on: a > 1   # keep",
    ]


def test_renaming_a_node_follows_every_reference() -> None:
    root = read(TEXT).root
    assert root is not None
    edited = apply_edits(TEXT, rename_node(root.value, "paid", "open"))
    edited = apply_edits(edited, rename_node(read(edited).root.value, "orders", "all"))  # type: ignore[union-attr]
    pipeline, findings = load_text(edited)
    assert findings == ()
    assert pipeline is not None
    assert pipeline.nodes["open"].wires[0].node == "all"
    assert pipeline.outputs == {"o": "open.rest"}
    assert list(pipeline.tests[0].given) == ["all"]
    assert list(pipeline.tests[0].expect) == ["open.rest"]
    assert pipeline.ui == {"nodes": {"all": [0, 0]}}


def test_line_ends_and_the_byte_order_mark_stay() -> None:
    text = "\ufeff" + TEXT.replace("\n", "\r\n")
    edited = apply_edits(text, [Edit("set", (*PAID, "title"), "T"), Edit("delete", ("ui",))])
    assert edited.startswith("\ufeffrunnel: 1   # version\r\n")
    assert edited.count("\n") == edited.count("\r\n") == text.count("\n")


def test_setting_what_is_already_there_changes_nothing() -> None:
    assert changed((*PAID, "config", "list"), ["one", "two"]) == []


def test_an_edit_below_an_alias_changes_only_the_node_that_was_meant() -> None:
    text = "runnel: 1\nname: x\nui:\n  a: &a {x: 1}   # anchor\n  b: *a   # alias\n"
    edited = apply_edits(text, [Edit("set", ("ui", "b", "x"), 2)])
    assert "  a: &a {x: 1}   # anchor\n" in edited
    assert read(edited).root.value["ui"] == {"a": {"x": 1}, "b": {"x": 2}}  # type: ignore[union-attr]


def test_changing_an_anchored_value_keeps_what_its_aliases_say() -> None:
    text = "runnel: 1\nname: x\nui:\n  a: &a {x: 1}\n  b: *a\n"
    edited = apply_edits(text, [Edit("set", ("ui", "a", "x"), 2)])
    assert read(edited).root.value["ui"] == {"a": {"x": 2}, "b": {"x": 1}}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "edit",
    [
        Edit("delete", ("nope",)),
        Edit("rename", ("nodes", "nope"), "x"),
        Edit("rename", ("nodes", "paid"), "orders"),
        Edit("rename", ("nodes", "paid"), 5),
        Edit("delete", (*PAID, "config", "list", 9)),
        Edit("set", (*PAID, "config", "list", 9), 1),
        Edit("set", ("name", "deeper"), 1),
        Edit("delete", ()),
        Edit("set", (), "text"),
    ],
)
def test_an_edit_of_a_place_that_does_not_exist_says_so(edit: Edit) -> None:
    with pytest.raises(AuthoringError, match="RNL-EDIT-001"):
        apply_edits(TEXT, [edit])


def test_text_that_cannot_be_read_cannot_be_edited() -> None:
    with pytest.raises(AuthoringError, match="RNL-DOC-001"):
        apply_edits("a: b: c", [Edit("set", ("a",), 1)])
    with pytest.raises(AuthoringError, match="RNL-DOC-014"):
        apply_edits("- a", [Edit("set", ("a",), 1)])


def test_the_mapping_that_is_edited_stays_as_it_was() -> None:
    data: dict[str, Any] = {"a": {"b": [1]}}
    assert edit_mapping(data, [Edit("set", ("a", "b", 1), 2), Edit("set", ("c", "d"), 3)]) == {
        "a": {"b": [1, 2]},
        "c": {"d": 3},
    }
    assert data == {"a": {"b": [1]}}
