"""Lists of rules: operators, operations and what is said of rules that cannot be."""

from __future__ import annotations

import pytest

ROWS = [{"id": 1, "s": "Ab c", "n": 5, "f": 2.5}, {"id": 2, "s": None, "n": None, "f": None}]

OPERATORS = [
    ("equals", "s", "Ab c", [1]), ("equals", "s", None, [2]), ("not_equals", "s", "x", [1, 2]),
    ("not_equals", "s", None, [1]), ("greater_than", "n", 4, [1]), ("gte", "f", 2.5, [1]), ("<", "n", 5, []),
    ("in", "n", [5, None], [1, 2]), ("not_in", "n", [5], [2]), ("between", "f", [2, 3], [1]),
    ("contains", "s", "b", [1]), ("not_contains", "s", "b", [2]), ("matches", "s", "^A", [1]),
    ("is_null", "s", None, [2]), ("is_not_null", "s", None, [1]), ("starts_with", "s", "Ab", [1]),
    ("is_empty", "s", None, [2]),
]  # fmt: skip

OPERATIONS = [
    ("uppercase", {}, "AB C"), ("lowercase", {}, "ab c"), ("title_case", {}, "Ab C"), ("length", {}, 4),
    ("replace", {"search": "b", "replacement": "x"}, "Ax c"), ("split", {"separator": " "}, ["Ab", "c"]),
    ("split", {"separator": " ", "index": 1}, "c"), ("substring", {"start": 1, "length": 2}, "b "),
    ("pad_left", {"length": 6, "character": "0"}, "00Ab c"), ("concat", {"prefix": "<", "suffix": ">"}, "<Ab c>"),
    ("format", {"regex": "(.*) (.*)", "pattern": "$2-$1 $$"}, "c-Ab $"), ("mask", {"keep": 1}, "***c"),
    ("extract", {"regex": "[a-z]+"}, "b"), ("truncate", {"length": 2}, "Ab"), ("slugify", {}, "ab-c"),
]  # fmt: skip


def apply(rows, *rules, given=ROWS, port="output"):
    return rows_of(rows, rules, given, port)


def rows_of(rows, rules, given, port):
    return sorted(rows("table.rules", {"transformations": list(rules)}, port, input=given), key=lambda row: row["id"])


@pytest.mark.parametrize(("operator", "field", "value", "expected"), OPERATORS)
def test_a_filter_compares_values_as_json_values(rows, operator, field, value, expected):
    rule = {"type": "record_filter", "condition": {"field": field, "operator": operator, "value": value}}
    assert [row["id"] for row in apply(rows, rule)] == expected


def test_groups_of_conditions_nest(rows):
    condition = {"or": [{"field": "n", "operator": "gt", "value": 9}, {"not": {"field": "s", "value": "Ab c"}}]}
    assert [row["id"] for row in apply(rows, {"type": "record_filter", "condition": condition})] == [2]


@pytest.mark.parametrize(("operation", "parameters", "expected"), OPERATIONS)
def test_an_operation_changes_the_field_and_leaves_null_alone(rows, operation, parameters, expected):
    rule = {"type": "field_operation", "field_name": "s", "operation": operation, "parameters": parameters}
    first, second = apply(rows, rule)
    assert first["s"] == expected
    assert second["s"] in (None, "", "<>")


def test_a_calculated_field_stands_behind_its_last_source(rows):
    rule = {"type": "field_calculation", "field_name": "t", "operation": "multiply",
            "parameters": {"source_fields": ["n", "f"]}}  # fmt: skip
    assert list(apply(rows, rule)[0]) == ["id", "s", "n", "f", "t"]
    rule["parameters"] = {"source_fields": ["n"], "value": 2}
    assert list(apply(rows, rule)[0].items()) == [("id", 1), ("s", "Ab c"), ("n", 5), ("t", 10), ("f", 2.5)]


def test_later_rules_of_a_branch_see_what_earlier_ones_made(rows):
    rule = {"type": "conditional", "condition": {"field": "n", "operator": "is_not_null"},
            "then": [{"type": "field_addition", "field_name": "a", "value": 3},
                     {"type": "field_calculation", "field_name": "b", "operation": "add",
                      "parameters": {"source_fields": ["a", "n"]}},
                     {"type": "field_addition", "field_name": "n", "value": 0}]}  # fmt: skip
    assert [(row["n"], row["a"], row["b"]) for row in apply(rows, rule)] == [(0, 3, 8), (None, None, None)]


def test_a_lookup_keeps_every_record_once(rows):
    rule = {
        "type": "lookup",
        "field_name": "n",
        "lookup_source": "names",
        "lookup_key": "k",
        "lookup_fields": ["label"],
    }
    made = rows("table.rules", {"transformations": [rule]}, input=ROWS, names=[{"k": 5, "label": "five"}])
    assert sorted((row["id"], row["label"]) for row in made) == [(1, "five"), (2, None)]


BROKEN = [
    ({"type": "field_operation", "field_name": "s", "operation": "uppercas"}, "uppercase"),
    ({"type": "field_operation", "field_name": "s", "operation": "format", "parameters": {"regex": "x"}}, "pattern"),
    (
        {"type": "field_operation", "field_name": "s", "operation": "trim", "parameters": {"side": "left"}},
        "output_field",
    ),
    ({"type": "record_filter", "condition": {"field": "s", "operator": "equal_to"}}, "equals"),
    ({"type": "field_validation", "field_name": "s", "validation_type": "emial"}, "email_format"),
    ({"type": "field_mapping", "field_name": "s"}, "target"),
    ({"type": "aggregation", "aggregated_fields": [{"output_field": "x", "operation": "total"}]}, "sum"),
]


@pytest.mark.parametrize(("rule", "hint"), BROKEN)
def test_a_rule_that_cannot_be_is_a_finding_with_what_there_is(findings, rule, hint):
    found = findings("table.rules", {"transformations": [rule]}, input=ROWS)
    assert [finding.code for finding in found] == ["RNL-RULES-001"]
    assert found[0].where.field == "transformations.0"
    assert hint in (found[0].hint or "")


def test_an_unknown_type_or_key_is_a_finding(findings):
    assert findings("table.rules", {"transformations": [{"type": "magic"}]}, input=ROWS)
    assert findings("table.rules", {"transformations": [{"type": "field_removal", "fieldnames": ["s"]}]}, input=ROWS)


def test_a_missing_field_is_named_at_its_rule(findings):
    rule = {"type": "field_operation", "field_name": "ss", "operation": "trim"}
    found = findings("table.rules", {"transformations": [rule]}, input=ROWS)
    assert found[0].where.node == "node/rule_1"
