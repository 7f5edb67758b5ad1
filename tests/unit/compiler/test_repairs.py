"""A misspelt column in a setting has a fix, wherever in the setting it stands."""

from __future__ import annotations

from typing import Any

import pytest

from building import compiled, fresh_project, node, rows
from runnel.model.editing import edit_mapping

CASES: list[tuple[str, dict[str, Any], Any]] = [
    ("table.sort", {"by": ["-pricee", "id"]}, ["-price", "id"]),
    ("table.sort", {"by": [{"column": "pricee", "nulls": "first"}]}, [{"column": "price", "nulls": "first"}]),
    ("table.top_n", {"by": ["-pricee"], "rows": 1}, ["-price"]),
    ("chart.bar", {"x": "idd", "y": "price"}, "id"),
]


@pytest.mark.parametrize("kind, config, repaired", CASES)
def test_a_misspelt_column_is_repaired_where_it_stands(kind: str, config: dict[str, Any], repaired: Any):
    nodes = {"given": rows({"id": 1, "price": 2}), "done": node(kind, "given", **config)}
    with fresh_project() as project:
        made = compiled(project, nodes)
        found = next(one for one in made.findings if one.code == "RNL-COLUMN-001")
        assert found.fix is not None and found.fix.title in ("Use price", "Use id")
        mapping = {"runnel": 1, "name": "x", "nodes": {"done": {"kind": kind, "config": config}}}
        mended = edit_mapping(mapping, list(found.fix.edits))
        assert next(iter(mended["nodes"]["done"]["config"].values())) == repaired
