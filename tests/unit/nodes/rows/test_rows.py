"""Nodes that keep, order, split and refuse rows."""

from __future__ import annotations

import pytest

ORDERS = [
    {"id": 1, "product": "lamp", "price": 29_999, "status": "paid"},
    {"id": 2, "product": "desk", "price": 30_000, "status": "open"},
    {"id": 3, "product": "lamp", "price": None, "status": "paid"},
    {"id": 4, "product": "sofa", "price": 45_000, "status": "paid"},
]


def ids(rows):
    return sorted(row["id"] for row in rows)


@pytest.mark.row("M-000-19", "M-001-11", "M-003-241", "M-003-269", met_by="nodes/rows/filter.py")
@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("price < 30000", [1]),
        ("status = 'paid' and (price > 40000 or product = 'lamp')", [1, 3, 4]),
        ("price is null", [3]),
        ("starts_with(product, 's') or id in (2, 3)", [2, 3, 4]),
    ],
)
def test_a_filter_keeps_what_is_true_and_nothing_gets_lost(rows, where, kept):
    assert ids(rows("table.filter", {"where": where}, input=ORDERS)) == kept
    rest = rows("table.filter", {"where": where}, "rest", input=ORDERS)
    assert ids(rest) == [row["id"] for row in ORDERS if row["id"] not in kept]


@pytest.mark.row("M-003-243", met_by="nodes/rows/sort.py")
def test_rows_are_sorted_by_several_columns_with_missing_values_last(rows):
    made = rows("table.sort", {"by": ["product", "-price"]}, input=ORDERS)
    assert [row["id"] for row in made] == [2, 1, 3, 4]
    assert [row["id"] for row in rows("table.sort", {"by": ["-price"]}, input=ORDERS)] == [4, 2, 1, 3]
    first = rows("table.sort", {"by": [{"column": "price", "nulls": "first"}]}, input=ORDERS)
    assert [row["id"] for row in first] == [3, 1, 2, 4]


@pytest.mark.row("M-001-10", "M-003-246", met_by="nodes/rows/route.py")
def test_rows_are_split_into_streams_by_the_first_condition_that_holds(rows):
    routes = {"cheap": "price < 30000", "paid": "status = 'paid'"}
    found = {
        port: ids(rows("table.route", {"routes": routes}, port, input=ORDERS)) for port in ("cheap", "paid", "rest")
    }
    assert found == {"cheap": [1], "paid": [3, 4], "rest": [2]}


@pytest.mark.row("M-003-264", met_by="nodes/rows/validate.py")
def test_business_rules_part_good_rows_from_bad_ones_and_say_which_rules_were_broken(rows):
    rules = [
        {"name": "has a price", "check": "price is not null"},
        {"name": "large orders are paid", "check": "price < 30000 or status = 'paid'", "on_null": "pass"},
    ]
    assert ids(rows("table.validate", {"rules": rules}, "valid", input=ORDERS)) == [1, 4]
    refused = rows("table.validate", {"rules": rules}, "rejected", input=ORDERS)
    assert sorted((row["id"], row["_reason"]) for row in refused) == [(2, "large orders are paid"), (3, "has a price")]


PEOPLE = [
    {"id": 1, "name": "Martha Jones", "city": "Bonn"},
    {"id": 2, "name": "Marhta Jones", "city": "Bonn"},
    {"id": 3, "name": "Martha Jones", "city": "Kiel"},
    {"id": 4, "name": "Peter Schmidt", "city": "Bonn"},
]


@pytest.mark.row("M-003-547", met_by="nodes/rows/deduplicate.py")
@pytest.mark.parametrize(
    ("similarity", "kept"),
    [
        ({"threshold": 0.95, "block_by": "city"}, [1, 3, 4]),
        ({"threshold": 0.95}, [1, 4]),
        ({"threshold": 1.0, "block_by": "city"}, [1, 2, 3, 4]),
    ],
)
def test_how_alike_duplicates_are_and_where_they_are_looked_for_is_configured(rows, similarity, kept):
    config = {"similarity": {"columns": ["name"], **similarity}, "order_by": ["id"]}
    assert ids(rows("table.deduplicate", config, input=PEOPLE)) == kept
    assert ids(rows("table.deduplicate", config, "duplicates", input=PEOPLE)) == sorted({1, 2, 3, 4} - set(kept))


@pytest.mark.row("M-003-547", met_by="nodes/rows/deduplicate.py")
def test_of_rows_with_one_key_the_configured_one_stays(rows):
    config = {"keys": ["name"], "order_by": ["id"]}
    assert ids(rows("table.deduplicate", config, input=PEOPLE)) == [1, 2, 4]
    assert ids(rows("table.deduplicate", {**config, "keep": "last"}, input=PEOPLE)) == [2, 3, 4]
