"""Whole queries give the same rows on PostgreSQL, in the same order, and untranslatable ones are refused."""

from __future__ import annotations

import pytest
import sqlglot
from matrix_engines import Engines, same
from matrix_rows import COLUMNS
from sqlglot import exp

from runnel.compiler.dialects.render import UnsupportedOperation, render, render_query

pytestmark = pytest.mark.postgres
SCHEMAS = {"m": COLUMNS}

QUERIES = (
    'SELECT "id", "s" FROM "m" ORDER BY "s", "id"',
    'SELECT "id", "s" FROM "m" ORDER BY "s" DESC, "id" DESC',
    'SELECT "id", "x" FROM "m" ORDER BY "x" DESC NULLS FIRST, "id" LIMIT 20 OFFSET 3',
    'SELECT "id" FROM "m" WHERE "s" > \'B\' AND "x" > 0 ORDER BY "id"',
    'SELECT "id" FROM "m" WHERE "d" >= \'2000-01-01\' ORDER BY "id"',
    'SELECT "grp", COUNT(*) AS "n", CAST(SUM("i") AS DECIMAL(38,0)) AS "t", MAX("s") AS "s" FROM "m" GROUP BY "grp" '
    'HAVING COUNT(*) > 1 ORDER BY "grp"',
    'SELECT DISTINCT "word" FROM "m" ORDER BY "word" NULLS FIRST',
    'SELECT DISTINCT ON ("grp") "grp", "s", "id" FROM "m" ORDER BY "grp", "s" DESC, "id"',
    'SELECT "a"."id", "b"."word" FROM "m" AS "a" LEFT JOIN "m" AS "b" ON "a"."small" = "b"."id" AND "b"."b" ORDER BY '
    '"a"."id", "b"."word"',
    'SELECT "a"."id" AS "x1", "b"."id" AS "x2" FROM "m" AS "a" INNER JOIN "m" AS "b" ON "a"."s" = "b"."u" ORDER BY '
    '"x1", "x2"',
    'SELECT "a"."id", "b"."id" AS "other" FROM "m" AS "a" FULL JOIN "m" AS "b" ON "a"."id" = "b"."small" ORDER BY '
    '"a"."id", "other"',
    'WITH "paid" AS (SELECT "id", "y" * 2 AS "twice" FROM "m" WHERE "b"), "more" AS (SELECT "id", "twice" + 1 AS "t" '
    'FROM "paid") SELECT "id", "t" FROM "more" ORDER BY "id"',
    'SELECT "id", "j" FROM "m" WHERE "j" > 4 UNION ALL SELECT "id", "small" FROM "m" WHERE "small" > 10 ORDER BY '
    '"id", "j"',
    'SELECT "word" FROM "m" UNION SELECT "u" FROM "m" ORDER BY "word"',
    'SELECT "word" FROM "m" EXCEPT SELECT "s" FROM "m" ORDER BY "word"',
    'SELECT "word" FROM "m" INTERSECT SELECT "s" FROM "m" ORDER BY "word"',
    'SELECT "id", ROW_NUMBER() OVER (PARTITION BY "grp" ORDER BY "s", "id") AS "r", LAG("j") OVER (ORDER BY "id") AS '
    '"l" FROM "m" ORDER BY "id"',
    'SELECT "id", "grp", "s" FROM "m" QUALIFY ROW_NUMBER() OVER (PARTITION BY "grp" ORDER BY "s" DESC, "id") <= 2 '
    'ORDER BY "id"',
    'SELECT "t"."n" FROM (SELECT "id" AS "n" FROM "m" WHERE "j" IS NULL) AS "t" ORDER BY "t"."n"',
    'SELECT "id", "d" + INTERVAL 1 MONTH AS "d" FROM "m" WHERE "d" < \'9000-01-01\' ORDER BY "id"',
    'SELECT "m"."id" FROM "m" SEMI JOIN "m" AS "b" ON "m"."id" = "b"."j" WHERE "m"."s" <> \'\' ORDER BY "id"',
    'SELECT "m"."id" FROM "m" ANTI JOIN "m" AS "b" ON "m"."s" = "b"."u" ORDER BY "m"."id"',
    'SELECT "m"."id", \'x\' AS "kind", NULL AS "none", 1.5 AS "n" FROM "m" CROSS JOIN (SELECT 1 AS "one") AS "t" '
    'ORDER BY "m"."id"',
)

REFUSED = (
    'SELECT "id" FROM "m" SEMI JOIN "m" AS "b" USING ("id")',
    'SELECT * FROM "m" ASOF JOIN "m" AS "b" ON "m"."d" >= "b"."d"',
    'PIVOT "m" ON "grp" USING COUNT(*)',
    'SELECT "id" FROM "m" USING SAMPLE 10%',
    'SELECT UNNEST("ints") AS "x" FROM "m"',
    'SELECT "id" FROM "m" UNION ALL BY NAME SELECT "id" FROM "m"',
    'SELECT LAST_VALUE("x" IGNORE NULLS) OVER (ORDER BY "id") AS "x" FROM "m"',
    'SELECT "x" % 2 AS "r" FROM "m"',
    'SELECT 1 / "j" AS "r" FROM "m"',
    'SELECT "nope" FROM "m"',
    'SELECT "a" FROM "other"',
    'SELECT * EXCLUDE ("id") FROM "m"',
    'SELECT TRY_CAST("s" AS DATE) AS "d" FROM "m"',
    "SELECT * FROM READ_CSV('x')",
)


def query(text: str) -> exp.Query:
    tree = sqlglot.parse_one(text, dialect="duckdb")
    return tree  # type: ignore[return-value]


@pytest.mark.parametrize("text", QUERIES)
def test_queries_give_the_same_rows_in_the_same_order(text: str, engines: Engines) -> None:
    written = render_query(query(text), SCHEMAS, "postgres")
    ours, theirs = engines.duckdb_rows(text), engines.postgres_rows(written)
    assert len(ours) == len(theirs) and ours, written
    for mine, other in zip(ours, theirs, strict=True):
        assert all(same(a, b) for a, b in zip(mine, other, strict=True)), (mine, other, written)


@pytest.mark.parametrize("text", REFUSED)
def test_untranslatable_queries_are_refused_with_a_reason(text: str) -> None:
    with pytest.raises(UnsupportedOperation) as caught:
        render_query(query(text), SCHEMAS, "postgres")
    assert caught.value.reason and caught.value.dialect == "postgres"


def test_native_nodes_of_sqlglot_are_written_like_calls() -> None:
    tree = exp.Sum(this=exp.column("i", quoted=True))
    assert render(tree, "postgres", COLUMNS) == 'sum(CAST("i" AS numeric))'
    assert render(tree, "duckdb", COLUMNS) == 'SUM("i")'


def test_texts_and_names_are_quoted() -> None:
    tree = exp.EQ(this=exp.column('od"d', quoted=True), expression=exp.Literal.string("o'k\\"))
    assert render(tree, "postgres", {'od"d': "VARCHAR"}) == '(("od""d" COLLATE "C") = (\'o\'\'k\\\' COLLATE "C"))'
