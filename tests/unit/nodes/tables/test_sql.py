"""SQL that a person wrote: what it may say, what it may not, and the names of its columns."""

from __future__ import annotations

import pytest

GIVEN = [{"Id": 1, "name": "ann"}, {"Id": 2, "name": "bob"}]

REFUSED = [
    ("SELECT * FROM read_csv('/etc/passwd')", "RNL-SQL-005"),
    ("SELECT * FROM '/etc/passwd'", "RNL-SQL-004"),
    ("SELECT * FROM other", "RNL-SQL-004"),
    ("SELECT * FROM information_schema.tables", "RNL-SQL-004"),
    ("SELECT getenv('HOME') AS h FROM input", "RNL-SQL-005"),
    ("SELECT current_setting('memory_limit') AS h FROM input", "RNL-SQL-005"),
    ("SELECT * FROM glob('/*')", "RNL-SQL-005"),
    ("SELECT * FROM duckdb_settings()", "RNL-SQL-005"),
    ("SELECT * FROM query('SELECT 1')", "RNL-SQL-005"),
    ("SELECT * FROM input WHERE name IN (SELECT content FROM read_text('/etc/passwd'))", "RNL-SQL-005"),
    ("WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM x", "RNL-SQL-005"),
    ("SELECT random() AS r FROM input", "RNL-SQL-006"),
    ("SELECT now() AS r FROM input", "RNL-SQL-006"),
    ("SELECT 1 AS a; SELECT 2 AS b", "RNL-SQL-002"),
    ("DROP TABLE input", "RNL-SQL-002"),
    ("INSERT INTO input VALUES (1)", "RNL-SQL-002"),
    ("COPY input TO '/tmp/x.csv'", "RNL-SQL-002"),
    ("ATTACH '/tmp/x.db'", "RNL-SQL-002"),
    ("SET memory_limit = '1GB'", "RNL-SQL-002"),
    ("PRAGMA version", "RNL-SQL-002"),
    ("SELECT FROM WHERE", "RNL-SQL-001"),
    ("SELECT name, upper(name) AS NAME FROM input", "RNL-COLUMN-002"),
    ("SELECT name FROM input WHERE name = $who", "RNL-SQL-003"),
]


@pytest.mark.parametrize(("query", "code"), REFUSED)
def test_what_reaches_outside_or_is_no_single_select_is_refused(findings, query, code):
    assert [finding.code for finding in findings("table.sql", {"query": query}, input=GIVEN)] == [code]


def test_a_star_gives_the_columns_with_their_own_spelling(rows):
    assert rows("table.sql", {"query": "SELECT *, id * 2 AS Double FROM input WHERE id = 1"}, input=GIVEN) == [
        {"Id": 1, "name": "ann", "Double": 2}
    ]


def test_unnamed_columns_are_called_by_their_function_or_number(rows):
    assert rows("table.sql", {"query": "SELECT count(*), max(id), 1 + 1 FROM input"}, input=GIVEN) == [
        {"count": 2, "max": 2, "column_3": 2}
    ]


def test_a_with_clause_may_be_called_like_the_node_that_is_read(rows):
    query = "WITH given_input AS (SELECT id FROM input) SELECT id FROM given_input UNION ALL SELECT 9 AS id ORDER BY id"
    assert [row["id"] for row in rows("table.sql", {"query": query}, input=GIVEN)] == [1, 2, 9]


def test_an_input_whose_name_sql_cannot_say_is_a_finding(findings):
    found = findings("table.sql", {"query": "SELECT 1 AS a", "inputs": ["a b"]}, **{"a b": GIVEN})
    assert "RNL-CONFIG-005" in [finding.code for finding in found]
