"""Expectations, profiles and agreed columns at their edges."""

from __future__ import annotations

import pytest

GIVEN = [{"id": 1, "t": "a"}, {"id": 2, "t": None}]

REFUSED = [
    ({"type": "row_count"}, "RNL-CONFIG-002"),
    ({"type": "not_null", "columns": ["zz"]}, "RNL-COLUMN-001"),
    ({"type": "between", "column": "t", "min": 1}, "RNL-TYPE-005"),
    ({"type": "in_set", "column": "id", "values": ["1"]}, "RNL-TYPE-005"),
    ({"type": "matches", "column": "id", "pattern": "1"}, "RNL-TYPE-005"),
    ({"type": "condition", "check": "id +"}, "RNL-EXPR-001"),
    ({"type": "magic"}, "RNL-CONFIG-003"),
]


@pytest.mark.parametrize(("expectation", "code"), REFUSED)
def test_an_expectation_that_cannot_be_is_a_finding(findings, expectation, code):
    found = [finding.code for finding in findings("quality.expect", {"expectations": [expectation]}, input=GIVEN)]
    assert len(found) == 1 and found[0].rpartition("-")[0] == code.rpartition("-")[0]


def test_an_empty_table_fulfils_everything_about_rows(rows):
    config = {"expectations": [{"type": "unique", "columns": ["id"]}, {"type": "row_count", "min": 1}]}
    made = rows("quality.expect", config, "results", types={"input": {"id": "BIGINT"}}, input=[])
    assert [(row["name"], row["passed"], row["fails"]) for row in made] == [
        ("unique_id", True, False),
        ("row_count", False, True),
    ]


def test_several_columns_are_unique_together(rows):
    config = {"expectations": [{"type": "unique", "columns": ["a", "b"]}]}
    given = [{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 1, "b": None}, {"a": 1, "b": None}]
    assert rows("quality.expect", config, "results", input=given)[0]["passed"] is True


def test_a_profile_leaves_nan_and_infinities_out_of_mean_and_histogram(rows):
    given = [{"v": 1.0}, {"v": 3.0}, {"v": "NaN"}, {"v": "Infinity"}]
    made = rows("quality.profile", {"bins": 2}, "profile", types={"input": {"v": "DOUBLE"}}, input=given)[0]
    assert (made["mean"], [bar["rows"] for bar in made["histogram"]]) == (2.0, [1, 1])


def test_columns_that_were_agreed_on_are_checked_by_name_and_type(findings):
    found = findings("quality.schema", {"columns": {"ID": "VARCHAR", "u": "BIGINT"}, "extra": "refuse"}, input=GIVEN)
    assert [finding.code for finding in found] == ["RNL-TYPE-012", "RNL-COLUMN-001", "RNL-COLUMN-004"]
