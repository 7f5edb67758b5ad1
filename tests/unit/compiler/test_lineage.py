"""Where the values of a column come from: through every kind of node."""

from __future__ import annotations

from typing import Any

import pytest

from building import compiled, fresh_project, node, rows
from runnel.app.pipelines import lineage
from runnel.errors import AuthoringError


@pytest.fixture(scope="module")
def project():
    with fresh_project() as made:
        yield made


ORDERS = rows({"id": 1, "customer": 7, "price": 1.5, "quantity": 2, "month": "jan"})
CUSTOMERS = rows({"customer": 7, "country": "DE", "price": 2.0})


def sources(project: Any, column: str, **nodes: Any) -> set[str]:
    made = compiled(project, {"orders": ORDERS, "customers": CUSTOMERS, **nodes})
    assert made.valid, made.findings
    return {f"{item['node']}.{item['column']}" for item in lineage(made, column)["sources"]}


def test_an_expression_names_the_columns_in_it_through_earlier_ones(project):
    made = node("table.derive", "orders", columns={"net": "price * quantity", "gross": "net * 1.2", "one": "1"})
    assert sources(project, "made.gross", made=made) == {"orders.price", "orders.quantity"}
    assert sources(project, "made.id", made=made) == {"orders.id"}
    assert sources(project, "made.one", made=made) == set()


def test_a_condition_is_no_source_of_values(project):
    kept = node("table.filter", "orders", where="quantity > 1")
    assert sources(project, "kept.price", kept=kept) == {"orders.price"}
    assert sources(project, "kept.rest.price", kept=kept) == {"orders.price"}


@pytest.mark.row("M-003-159", met_by="compiler/lineage.py")
def test_a_join_names_the_side_of_each_column(project):
    joined = node("table.join", {"left": "orders", "right": "customers"}, how="left", on=["customer"])
    assert sources(project, "joined.country", joined=joined) == {"customers.country"}
    assert sources(project, "joined.price", joined=joined) == {"orders.price"}
    assert sources(project, "joined.price_right", joined=joined) == {"customers.price"}


def test_an_aggregate_and_a_window_name_what_they_compute_from(project):
    sums = node("table.aggregate", "orders", group_by=["month"], values={"revenue": "sum(price * quantity)", "rows": "count(*)"})
    assert sources(project, "sums.revenue", sums=sums) == {"orders.price", "orders.quantity"}
    assert sources(project, "sums.month", sums=sums) == {"orders.month"}
    running = node("table.window", "orders", partition_by=["month"], order_by=["id"], columns={"total": "sum(price)"})
    assert "orders.price" in sources(project, "running.total", running=running)


def test_a_union_names_the_column_of_every_table(project):
    both = node("table.union", ["orders", "customers"])
    assert sources(project, "both.price", both=both) == {"orders.price", "customers.price"}
    assert sources(project, "both.country", both=both) == {"customers.country"}


def test_a_pivot_names_its_value_and_an_unpivot_its_columns(project):
    wide = node("table.pivot", "orders", index=["id"], column="month", value="price", values=["jan", "feb"])
    assert "orders.price" in sources(project, "wide.jan", wide=wide)
    long = node("table.unpivot", "orders", columns=["id", "customer"], name="which", value="what")
    assert sources(project, "long.what", long=long) == {"orders.id", "orders.customer"}


@pytest.mark.row("M-003-159", met_by="compiler/lineage.py")
def test_a_renamed_column_is_followed_and_the_way_is_told(project):
    made = compiled(project, {"orders": ORDERS, "named": node("table.rename", "orders", columns={"price": "cost"}),
                              "kept": node("table.select", "named", columns=["cost"])})  # fmt: skip
    found = lineage(made, "kept.cost")
    assert [(place["node"], place["column"]) for place in found["path"]] == [("kept", "cost"), ("named", "cost"), ("orders", "price")]


def test_a_sub_pipeline_is_looked_through(project):
    (project.root / "inner.runnel.yaml").write_text(
        "runnel: 1\nname: inner\ninputs: {data: {columns: {price: DOUBLE}}}\noutputs: {made: more.output}\n"
        "nodes:\n  more: {kind: table.derive, from: data, config: {columns: {double: price * 2}}}\n"
    )
    sub = node("pipeline.run", {"data": "slim"}, file="inner.runnel.yaml")
    slim = node("table.select", "orders", columns=["price"])
    cast = node("table.cast", "slim0", columns={"price": "DOUBLE"})
    nodes = {"slim0": slim, "slim": cast, "sub": sub, "last": node("table.sort", "sub", by=["double"])}
    assert sources(project, "last.double", **nodes) == {"orders.price"}
    assert sources(project, "sub/more.double", **nodes) == {"orders.price"}


def test_an_unknown_column_is_answered_with_what_there_is(project):
    with pytest.raises(AuthoringError, match="Columns"):
        sources(project, "orders.nope")


def test_the_steps_of_branches_that_meet_again_are_told_apart(project):
    made = compiled(
        project,
        {
            "orders": ORDERS,
            "dear": node("table.filter", "orders", where="price > 1"),
            "cheap": node("table.filter", "orders", where="price <= 1"),
            "both": node("table.union", ["dear", "cheap"]),
        },
    )
    found = lineage(made, "both.price")
    names = [place["node"] for place in found["path"]]
    steps = {(names[before], names[after]) for before, after in found["links"]}
    assert steps == {("orders", "dear"), ("orders", "cheap"), ("dear", "both"), ("cheap", "both")}
