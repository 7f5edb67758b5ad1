"""The semantic hash changes exactly when what runs changes."""

from __future__ import annotations

from typing import Any

import pytest

from runnel.model import Edit, edit_mapping, from_mapping, semantic_hash, version_hash

DATA: dict[str, Any] = {
    "runnel": 1,
    "name": "x",
    "params": {"p": {"type": "string", "default": "a"}},
    "nodes": {
        "a": {"kind": "t.x", "config": {"columns": {"b": "1", "c": "2"}, "z": 1}},
        "b": {"kind": "t.x"},
        "c": {"kind": "t.y", "from": {"left": "a", "right": "b"}, "after": ["a", "b"]},
        "d": {"kind": "t.u", "from": ["a", "b"]},
    },
}


def hash_of(data: dict[str, Any]) -> str:
    pipeline, findings = from_mapping(data)
    assert pipeline is not None
    assert findings == ()
    return semantic_hash(pipeline)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("title",), "T"),
        (("description",), "D"),
        (("ui",), {"nodes": {"a": [1, 2]}}),
        (("tests",), [{"name": "t"}]),
        (("nodes", "a", "title"), "T"),
        (("nodes", "a", "note"), "N"),
        (("params", "p", "description"), "D"),
        (("nodes", "c", "from"), {"right": "b", "left": "a"}),
        (("nodes", "c", "after"), ["b", "a"]),
        (("nodes", "a", "config"), {"z": 1, "columns": {"b": "1", "c": "2"}}),
        (("settings",), {"counts": "edges"}),
        (("settings",), {"memory": "2GB", "timeout_seconds": 60, "lanes": 2}),
        (("nodes", "b", "muted"), False),
    ],
)
def test_what_does_not_change_the_run_does_not_change_the_hash(path: tuple[Any, ...], value: Any) -> None:
    assert hash_of(edit_mapping(DATA, [Edit("set", path, value)])) == hash_of(DATA)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("nodes", "a", "config", "z"), 2),
        (("nodes", "a", "config", "z"), 1.0),
        (("nodes", "a", "config", "z"), True),
        (("nodes", "a", "config", "z"), "1"),
        (("nodes", "a", "config", "columns"), {"c": "2", "b": "1"}),
        (("nodes", "a", "kind"), "t.z"),
        (("nodes", "d", "from"), ["b", "a"]),
        (("nodes", "d", "from"), ["a.rest", "b"]),
        (("nodes", "c", "from"), {"left": "b", "right": "a"}),
        (("nodes", "b", "muted"), True),
        (("params", "p", "default"), "b"),
        (("settings",), {"decode": "all"}),
        (("outputs",), {"o": "a"}),
        (("name",), "y"),
    ],
)
def test_what_changes_the_run_changes_the_hash(path: tuple[Any, ...], value: Any) -> None:
    assert hash_of(edit_mapping(DATA, [Edit("set", path, value)])) != hash_of(DATA)


def test_the_order_of_nodes_does_not_count() -> None:
    assert hash_of({**DATA, "nodes": dict(reversed(DATA["nodes"].items()))}) == hash_of(DATA)


def test_the_hash_is_stable_between_releases() -> None:
    assert (
        hash_of({"runnel": 1, "name": "x", "nodes": {"a": {"kind": "t.x"}}})
        == "8cb7a39c7c89f2bdd995752abb121178d40938aa21fb4a799e7f4eabfd781b55"
    )


def test_a_version_is_its_exact_text() -> None:
    assert version_hash("a") == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert version_hash("a") != version_hash("a ")
