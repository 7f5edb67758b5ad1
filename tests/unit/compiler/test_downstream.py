"""Which nodes a column of a source matters to."""

from __future__ import annotations

from typing import Any

import pytest

from building import compiled, fresh_project, node, rows
from runnel.compiler.downstream import nodes_hit


@pytest.fixture(scope="module")
def project():
    with fresh_project() as made:
        yield made


ORDERS = rows({"id": 1, "customer": 7, "price": 1.5, "quantity": 2})
CUSTOMERS = rows({"customer": 7, "country": "DE"})


def hit(project: Any, column: str, **nodes: Any) -> list[str]:
    made = compiled(project, {"orders": ORDERS, "customers": CUSTOMERS, **nodes})
    assert made.valid, made.findings
    return nodes_hit(made.graph, made.typed, "orders", column)


def test_nodes_that_compute_with_it_or_write_it_are_hit_and_those_that_pass_it_on_are_not(project):
    nodes = {
        "kept": node("table.filter", "orders", where="quantity > 1"),
        "net": node("table.derive", "kept", columns={"net": "price * 2"}),
        "out": node("sink.file", "net", path="out.csv"),
        "few": node("table.select", "kept", columns=["id"]),
        "ids": node("sink.file", "few", path="ids.csv"),
    }
    assert hit(project, "price", **nodes) == ["net", "out"]
    assert hit(project, "customer", **nodes) == ["out"]
    assert hit(project, "id", **nodes) == ["out", "ids"]


def test_behind_a_node_that_chooses_rows_by_it_everything_is_hit(project):
    nodes = {
        "kept": node("table.filter", "orders", where="quantity > 1"),
        "few": node("table.select", "kept", columns=["id"]),
        "more": node("table.derive", "few", columns={"next": "id + 1"}),
        "ids": node("sink.file", "more", path="ids.csv"),
        "joined": node("table.join", {"left": "orders", "right": "customers"}, how="left", on=["customer"]),
        "sums": node("table.aggregate", "joined", group_by=["country"], values={"n": "count(*)"}),
    }
    assert set(hit(project, "quantity", **nodes)) >= {"kept", "more", "ids"}
    assert "joined" not in hit(project, "quantity", **nodes)
    assert set(hit(project, "customer", **nodes)) >= {"joined", "sums"} and "kept" not in hit(project, "customer", **nodes)
