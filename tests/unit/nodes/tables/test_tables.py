"""Nodes over whole tables: groups, joins, lookups, lists; duplicates, missing keys, mixed types."""

from __future__ import annotations

import pytest


def test_several_rows_of_one_key_are_matched_in_the_order_of_their_values(rows):
    before = [{"k": 1, "v": 1}, {"k": 1, "v": 2}]
    after = [{"k": 1, "v": 1}, {"k": 1, "v": 3}, {"k": 1, "v": 4}]
    made = rows("table.compare", {"on": ["k"]}, before=before, after=after)
    assert sorted((row["v"], row["_change"]) for row in made) == [(3, "changed"), (4, "added")]


def test_a_missing_key_matches_nothing(rows):
    made = rows("table.compare", {"on": ["k"]}, before=[{"k": None, "v": 1}], after=[{"k": None, "v": 1}],
                types={"before": {"k": "BIGINT"}, "after": {"k": "BIGINT"}})  # fmt: skip
    assert sorted(row["_change"] for row in made) == ["added", "removed"]


def test_tables_whose_types_differ_are_not_compared(findings):
    found = findings("table.compare", {"on": ["k"]}, before=[{"k": 1, "v": 1}], after=[{"k": 1, "v": "x"}])
    assert [finding.code for finding in found] == ["RNL-TYPE-011"]


def test_flattening_without_anything_nested_changes_nothing(rows):
    assert rows("table.flatten", {}, input=[{"a": 1, "b": "x"}]) == [{"a": 1, "b": "x"}]


def test_fields_called_like_columns_get_another_name(rows):
    made = rows("table.flatten", {"prefix": False}, input=[{"id": 1, "s": {"id": 2}}])
    assert made == [{"id": 1, "id_": 2}]


def test_list_columns_are_not_flattened(findings):
    found = findings("table.flatten", {"columns": ["l"]}, input=[{"l": [1, 2]}])
    assert [finding.code for finding in found] == ["RNL-TYPE-003"]


SALES = [
    {"id": 1, "country": "DE", "month": 1, "price": 10, "pieces": 2},
    {"id": 2, "country": "DE", "month": 2, "price": 5, "pieces": 1},
    {"id": 3, "country": "FR", "month": 1, "price": 4, "pieces": 5},
    {"id": 4, "country": None, "month": 1, "price": 7, "pieces": 1},
]


@pytest.mark.row("M-000-20", met_by="nodes/tables/aggregate.py")
def test_rows_are_grouped_by_every_combination_of_the_columns_and_missing_values_are_a_group(rows):
    made = rows("table.aggregate", {"group_by": ["country", "month"]}, input=[*SALES, {**SALES[0], "id": 5}])
    assert sorted((str(row["country"]), row["month"]) for row in made) == [("DE", 1), ("DE", 2), ("FR", 1), ("None", 1)]


@pytest.mark.row("M-000-21", "M-003-244", "M-003-267", met_by="nodes/tables/aggregate.py")
def test_each_group_gets_its_values_and_no_group_means_the_whole_table(rows):
    values = {"sales": "count(*)", "revenue": "sum(price * pieces)", "dearest": "max(price)", "mean": "avg(pieces)"}
    made = rows("table.aggregate", {"group_by": ["country"], "values": values}, input=SALES)
    found = {row.pop("country"): tuple(row.values()) for row in made}
    assert found == {"DE": (2, 25, 10, 1.5), "FR": (1, 20, 4, 5.0), None: (1, 7, 7, 1.0)}
    whole = rows("table.aggregate", {"values": {"n": "count(*)", "countries": "count_distinct(country)"}}, input=SALES)
    assert whole == [{"n": 4, "countries": 2}]


JOINED = [
    ("inner", [(1, "Germany"), (2, "Germany")]),
    ("left", [(1, "Germany"), (2, "Germany"), (3, None), (4, None)]),
    ("right", [(1, "Germany"), (2, "Germany"), (None, "Italy")]),
    ("full", [(1, "Germany"), (2, "Germany"), (3, None), (4, None), (None, "Italy")]),
]


@pytest.mark.row("M-000-22", "M-003-245", met_by="nodes/tables/join.py")
@pytest.mark.parametrize(("how", "expected"), JOINED)
def test_a_join_pairs_rows_of_equal_keys_and_keeps_the_sides_that_were_asked_for(rows, how, expected):
    names = [{"iso": "DE", "name": "Germany"}, {"iso": "IT", "name": "Italy"}, {"iso": None, "name": "nowhere"}]
    kept = names if how == "inner" else names[:2]
    made = rows("table.join", {"how": how, "on": {"country": "iso"}}, left=SALES, right=kept)
    assert sorted(((row["id"], row["name"]) for row in made), key=str) == sorted(expected, key=str)


@pytest.mark.row("M-003-302", met_by="nodes/tables/lookup.py")
def test_values_are_replaced_by_a_lookup_table_and_unknown_ones_get_the_default(rows):
    names = [{"iso": "DE", "name": "Germany"}, {"iso": "DE", "name": "Deutschland"}, {"iso": "FR", "name": "France"}]
    config = {"on": {"country": "iso"}, "columns": ["name"], "defaults": {"name": "elsewhere"}}
    made = rows("table.lookup", config, input=SALES, lookup=names)
    assert {row["id"]: row["name"] for row in made} == {1: "Deutschland", 2: "Deutschland", 3: "France", 4: "elsewhere"}
    assert len(made) == len(SALES)


@pytest.mark.row("M-003-270", met_by="nodes/tables/explode.py")
def test_a_record_with_a_list_becomes_one_record_per_element(rows):
    order = {"id": 7, "items": [{"sku": "a", "n": 2}, {"sku": "b", "n": 1}]}
    types = {"input": {"id": "BIGINT", "items": "STRUCT(sku VARCHAR, n BIGINT)[]"}}
    made = rows("table.explode", {"column": "items", "position": "place"}, types=types, input=[order, {"id": 8, "items": []}])
    assert sorted((row["id"], row["items"]["sku"], row["place"]) for row in made) == [(7, "a", 1), (7, "b", 2)]


@pytest.mark.row("M-003-270", met_by="nodes/tables/split_rows.py")
def test_a_record_with_parts_in_one_text_becomes_one_record_per_part(rows):
    made = rows("table.split_rows", {"column": "tags", "separator": ";"}, input=[{"id": 1, "tags": "red;blue"}])
    assert sorted((row["id"], row["tags"]) for row in made) == [(1, "blue"), (1, "red")]
