"""Nodes over whole tables: duplicates, missing keys, mixed types."""

from __future__ import annotations


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
