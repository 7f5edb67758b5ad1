"""The marks that say which row of the capability list a test proves: malformed ones are refused."""

from __future__ import annotations

import pytest
from tools.rows import Marks, mark_problems, table


@pytest.mark.parametrize(
    "row", ["M-3-21", "M-003-1", "M-003-1234", "m-003-21", "003-21", " M-003-21", "M-003-21\n", "", 21]
)
def test_a_malformed_row_is_a_problem(row):
    assert [repr(row) in problem for problem in mark_problems((row,), {})] == [True]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"met_by": "nodes/rows/filer.py"}, "src/runnel/nodes/rows/filer.py"),
        ({"metby": "nodes/rows/filter.py"}, "`metby`"),
        ({"deviation": "a\tb"}, "`deviation`"),
    ],
)
def test_an_unknown_module_or_keyword_is_a_problem(words, problem):
    assert [problem in found for found in mark_problems(("M-003-21",), words)] == [True]
    assert list(mark_problems((), {})) == ["the mark `row` names no row"]


def test_the_table_gathers_the_tests_of_a_row_once_and_leaves_wrong_marks_out():
    marks = Marks()
    for test in ("a.py::one", "a.py::one", "b.py::two"):
        marks.take(test, ("M-003-100", "M-003-21"), {"met_by": "nodes/rows/filter.py"})
    marks.take("b.py::two", ("M-003-21",), {"deviation": "later"})
    marks.take("c.py::three", ("M-003-x",), {})
    assert table(marks).splitlines() == [
        "row\tmet by\ttest\tdeviation",
        "M-003-21\tnodes/rows/filter.py\ta.py::one; b.py::two\tlater",
        "M-003-100\tnodes/rows/filter.py\ta.py::one; b.py::two\t",
    ]
    assert marks.problems == ["c.py::three: 'M-003-x' is no row; rows are called like M-003-21"]
