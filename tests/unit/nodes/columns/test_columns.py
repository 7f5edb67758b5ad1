"""Nodes that change columns: what they do at the edges, and what they say of configs that cannot be."""

from __future__ import annotations

import pytest

from runnel.nodes.columns.extract import groups
from runnel.nodes.columns.extract_json import json_path, json_steps

REFUSED = [
    ("table.fill", {"columns": ["n"]}, "RNL-CONFIG-002"),
    ("table.fill", {"columns": ["n"], "method": "forward"}, "RNL-CONFIG-002"),
    ("table.fill", {"columns": ["t"], "method": "mean"}, "RNL-TYPE-004"),
    ("table.fill", {"columns": ["n"], "value": "none"}, "RNL-TYPE-005"),
    ("table.fill", {"columns": ["nn"], "value": 0}, "RNL-COLUMN-001"),
    ("table.split", {"column": "n", "into": ["a"]}, "RNL-TYPE-003"),
    ("table.split", {"column": "t", "into": ["N"]}, "RNL-COLUMN-002"),
    ("table.split", {"column": "t", "into": ["a"], "regex": True, "further": True}, "RNL-CONFIG-006"),
    ("table.merge_columns", {"columns": ["t"], "into": "n"}, "RNL-COLUMN-002"),
    ("table.extract", {"column": "t", "pattern": "abc"}, "RNL-CONFIG-007"),
    ("table.extract", {"column": "t", "pattern": "(a)(b)", "into": ["x"]}, "RNL-CONFIG-007"),
    ("table.extract", {"column": "t", "pattern": "(a)"}, "RNL-CONFIG-007"),
    ("table.parse_date", {"columns": ["t"], "formats": ["YYYY"]}, "RNL-CONFIG-008"),
    ("table.parse_date", {"columns": ["n"]}, "RNL-TYPE-003"),
    ("table.parse_date", {"columns": ["t"], "zone": "UTC"}, "RNL-CONFIG-006"),
    ("table.extract_json", {"column": "t", "paths": {"a": "a..b"}}, "RNL-CONFIG-009"),
    ("table.extract_json", {"column": "t", "paths": {"a": "a"}, "types": {"a": "numbr"}}, "RNL-TYPE-002"),
    ("table.extract_xml", {"column": "t", "paths": {"a": "a["}}, "RNL-CONFIG-009"),
    ("table.extract_xml", {"column": "t", "paths": {"a": "s:a"}}, "RNL-CONFIG-009"),
    ("table.extract_xml", {"column": "t", "paths": {"a": "a"}, "namespaces": {"s": "a b"}}, "RNL-CONFIG-009"),
    ("table.extract_xml", {"column": "t", "paths": {"a": "a"}, "types": {"b": "DATE"}}, "RNL-CONFIG-001"),
    ("table.extract_xml", {"column": "t", "paths": {"a": "a"}, "types": {"a": "numbr"}}, "RNL-TYPE-002"),
    ("table.extract_xml", {"column": "n", "paths": {"a": "a"}}, "RNL-TYPE-003"),
    ("table.extract_xml", {"column": "t", "paths": {"N": "a"}}, "RNL-COLUMN-002"),
    ("table.constant", {"columns": {"a": 1}, "types": {"b": "date"}}, "RNL-CONFIG-001"),
    ("table.number_format", {"columns": ["t"]}, "RNL-TYPE-003"),
    ("table.number_format", {"columns": ["n"], "thousands": "."}, "RNL-CONFIG-006"),
    ("table.standardise", {"columns": ["n"]}, "RNL-TYPE-003"),
    ("table.derive", {"columns": {"x": "n"}, "after": {"x": "zz"}}, "RNL-COLUMN-001"),
    ("table.conditional", {"cases": [{"when": "n > 1", "set": {}}]}, "RNL-CONFIG-002"),
    ("table.conditional", {"cases": [{"when": "n", "set": {"a": "1"}}]}, "RNL-EXPR-020"),
]


@pytest.mark.parametrize(("kind", "config", "code"), REFUSED)
def test_a_config_that_cannot_be_is_a_finding(findings, kind, config, code):
    assert code in [finding.code for finding in findings(kind, config, input=[{"n": 1, "t": "a"}])]


def test_filling_backward_takes_the_next_value(rows):
    given = [{"t": 1, "v": None}, {"t": 2, "v": 5}, {"t": 3, "v": None}]
    made = rows("table.fill", {"columns": ["v"], "method": "backward", "order_by": ["t"]}, input=given)
    assert sorted((row["t"], row["v"]) for row in made) == [(1, 5), (2, 5), (3, None)]


def test_a_day_as_filling_is_read_as_the_columns_type(rows):
    made = rows(
        "table.fill", {"columns": ["d"], "value": "2024-02-29"}, types={"input": {"d": "DATE"}}, input=[{"d": None}]
    )
    assert str(made[0]["d"]) == "2024-02-29"


def test_a_json_value_of_the_wrong_type_becomes_null_or_stops(rows):
    config = {"column": "j", "paths": {"n": "n"}, "types": {"n": "BIGINT"}, "on_error": "null"}
    types = {"input": {"j": "VARCHAR"}}
    assert rows("table.extract_json", config, types=types, input=[{"j": '{"n": "x"}'}]) == [{"n": None}]
    with pytest.raises(Exception, match="no BIGINT"):
        rows("table.extract_json", {**config, "on_error": "fail"}, types=types, input=[{"j": '{"n": "x"}'}])


def test_values_of_json_structs_are_reached_too(rows):
    config = {"column": "s", "paths": {"b": "a.b"}, "keep": True}
    assert rows("table.extract_json", config, input=[{"s": {"a": {"b": 7}}}])[0]["b"] == "7"


def test_long_decimals_in_json_keep_their_digits(rows):
    config = {"column": "j", "paths": {"a": "sums[-1].a"}, "types": {"a": "DECIMAL(38,2)"}}
    given = ['{"sums": [{"a": 94785119352959.32}]}', '{"sums": [{"a": 1}, {"a": 12345678901234567890.12}]}',
             '{"sums": [{"a": "94785119352959.32"}]}']  # fmt: skip
    found = [str(row["a"]) for row in rows("table.extract_json", config, input=[{"j": text} for text in given])]
    assert found == ["94785119352959.32", "12345678901234567890.12", "94785119352959.32"]


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("a.b[0]", '$."a"."b"[0]'),
        ("$", "$"),
        ('["a b"].c', '$."a b"."c"'),
        ("a[-1]", '$."a"[#-1]'),
        ("a..b", None),
        ("[", None),
    ],
)
def test_a_json_path_is_quoted_step_by_step(written, path):
    steps = json_steps(written)
    assert (None if steps is None else json_path(steps)) == path


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"(a)(?P<n>b)", [None, "n"]),
        (r"\(x\)[(](?:y)", []),
        (r"(?<m>\d+)", ["m"]),
        (r"[]()](z)", [None]),
        (r"(?i)(a)", [None]),
    ],
)
def test_groups_are_told_from_brackets_that_make_none(pattern, found):
    assert groups(pattern) == found


def test_a_number_that_is_none_is_written_as_it_is(rows):
    made = rows(
        "table.number_format", {"columns": ["v"]}, types={"input": {"v": "DOUBLE"}}, input=[{"v": "NaN"}, {"v": 0.5}]
    )
    assert sorted(row["v"] for row in made) == ["0.50", "nan"]


def test_every_unicode_blank_is_a_blank_and_joined_emoji_stay(rows):
    made = rows("table.standardise", {}, input=[{"t": "\u00a0a\u2003\n b\ufeff"}, {"t": "👩\u200d👧"}])
    assert sorted(row["t"] for row in made) == ["a b", "👩\u200d👧"]


def test_an_error_in_a_case_that_is_not_chosen_refuses_nothing(rows):
    config = {"cases": [{"when": "t = 'x'", "set": {"n": "0"}}], "else": {"n": "to_integer(t)"}}
    made = rows("table.conditional", config, input=[{"t": "x", "n": 5}, {"t": "7", "n": 5}])
    assert sorted(row["n"] for row in made) == [0, 7]
