"""The difference of two pipelines says what changed by meaning."""

from __future__ import annotations

from typing import Any

from runnel.model import Difference, Edit, difference, edit_mapping, from_mapping, rename_node

DATA: dict[str, Any] = {
    "runnel": 1,
    "name": "x",
    "params": {"p": {"type": "string", "default": "a"}},
    "nodes": {
        "orders": {"kind": "source.file", "config": {"path": "a.csv"}},
        "paid": {"kind": "table.filter", "from": "orders", "config": {"where": "a > 1", "columns": {"b": 1, "c": 2}}},
        "saved": {"kind": "sink.file", "from": "paid", "config": {"path": "b.csv"}},
    },
}


def compared(*edits: Edit) -> Difference:
    old, _ = from_mapping(DATA)
    new, findings = from_mapping(edit_mapping(DATA, edits))
    assert old is not None
    assert new is not None
    assert findings == ()
    return difference(old, new)


def test_layout_notes_and_node_order_are_no_difference() -> None:
    same = compared(Edit("set", ("ui",), {"nodes": {}}), Edit("set", ("nodes", "paid", "note"), "n"))
    assert same.is_empty
    assert same.to_text() == ""


def test_added_removed_changed_and_rewired_nodes_are_told_apart() -> None:
    found = compared(
        Edit("delete", ("nodes", "saved")),
        Edit("set", ("nodes", "limit"), {"kind": "table.limit", "from": "orders"}),
        Edit("set", ("nodes", "paid", "from"), "orders.rest"),
        Edit("set", ("nodes", "paid", "config", "where"), "a > 2"),
        Edit("delete", ("nodes", "paid", "config", "columns", "b")),
        Edit("set", ("nodes", "orders", "config", "format"), "csv"),
        Edit("set", ("params", "p", "default"), "b"),
        Edit("set", ("settings", "seed"), 3),
        Edit("set", ("title",), "T"),
        Edit("set", ("tests",), [{"name": "t"}]),
    )
    assert found.to_text().split("\n") == [
        '~ pipeline title = "T"',
        "+ node limit",
        "- node saved",
        '~ node orders: config.format = "csv"',
        '~ node paid: config.where: "a > 1" -> "a > 2"',
        "~ node paid: config.columns.b (was 1)",
        '~ node paid: from "orders" -> "orders.rest"',
        '~ params p.default: "a" -> "b"',
        "+ settings seed = 3",
        '+ tests t = {"name": "t"}',
    ]
    data = found.to_json()
    assert data["nodes"]["added"] == ["limit"]
    assert data["nodes"]["removed"] == ["saved"]
    assert data["nodes"]["rewired"] == {"paid": {"old": "orders", "new": "orders.rest"}}
    assert data["nodes"]["changed"]["paid"][0] == {
        "path": "config.where",
        "kind": "changed",
        "old": "a > 1",
        "new": "a > 2",
    }
    assert data["params"] == [{"path": "p.default", "kind": "changed", "old": "a", "new": "b"}]


def test_a_renamed_node_is_not_added_and_removed_and_its_readers_are_not_rewired() -> None:
    found = compared(*rename_node(DATA, "paid", "open"))
    assert found.renamed == (("paid", "open"),)
    assert (found.added, found.removed, dict(found.rewired), dict(found.changed)) == ((), (), {}, {})
    assert found.to_text() == "~ node paid is now called open"


def test_the_order_inside_config_is_a_difference() -> None:
    found = compared(Edit("set", ("nodes", "paid", "config", "columns"), {"c": 2, "b": 1}))
    assert [change.path for change in found.changed["paid"]] == ["config.columns (order)"]
