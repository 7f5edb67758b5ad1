"""How the columns of a source are compared with those it had."""

from __future__ import annotations

import pytest

from runnel.compiler.changes import compare
from runnel.compiler.widening import widens

OLD = {"id": "BIGINT", "price": "DOUBLE", "note": "VARCHAR"}


def test_equal_columns_in_another_order_are_no_change():
    assert not compare(OLD, dict(reversed(OLD.items())))


def test_added_and_gone_columns_are_named_with_their_types():
    found = compare(OLD, {"id": "BIGINT", "price": "DOUBLE", "country": "VARCHAR", "day": "DATE"})
    assert (found.added, found.gone) == ({"country": "VARCHAR", "day": "DATE"}, {"note": "VARCHAR"})
    assert "`note` (VARCHAR) is gone" in found.words() and "`day` (DATE) is new" in found.words()


def test_a_type_that_changed_says_whether_the_new_one_is_wider():
    found = compare(OLD, {**OLD, "id": "DOUBLE", "price": "BIGINT"})
    assert [(one.name, one.old, one.new, one.widening) for one in found.retyped] == [
        ("id", "BIGINT", "DOUBLE", True), ("price", "DOUBLE", "BIGINT", False)
    ]  # fmt: skip
    assert "not a wider type" in found.words()


def test_letter_case_alone_is_another_spelling_of_the_same_column():
    found = compare({"id": "BIGINT", "Größe": "DOUBLE"}, {"ID": "VARCHAR", "gro\u0308ße": "DOUBLE"})
    assert found.respelled == {"id": "ID", "Größe": "gro\u0308ße"} and not found.added and not found.gone
    assert [(one.name, one.old, one.new) for one in found.retyped] == [("ID", "BIGINT", "VARCHAR")]


def test_one_column_gone_and_one_of_its_type_come_looks_like_a_rename():
    assert compare(OLD, {"id": "BIGINT", "price": "DOUBLE", "remark": "VARCHAR"}).renamed() == ("note", "remark")
    assert compare(OLD, {"id": "BIGINT", "price": "DOUBLE", "day": "DATE"}).renamed() is None


WIDER = [
    ("BIGINT", "DOUBLE"), ("BIGINT", "DECIMAL(38,2)"), ("BIGINT", "VARCHAR"), ("INTEGER", "BIGINT"),
    ("UINTEGER", "BIGINT"), ("DECIMAL(18,2)", "DECIMAL(38,2)"), ("DECIMAL(10,2)", "DOUBLE"), ("FLOAT", "DOUBLE"),
    ("DATE", "TIMESTAMP"), ("TIMESTAMP_MS", "TIMESTAMP_NS"), ("BOOLEAN", "VARCHAR"), ("UUID", "JSON"),
    ("INTEGER[]", "BIGINT[]"), ("INTEGER[3]", "INTEGER[]"), ("STRUCT(a INTEGER)", "STRUCT(a BIGINT, b VARCHAR)"),
    ("ENUM('a')", "ENUM('a', 'b')"), ("MAP(VARCHAR, INTEGER)", "MAP(VARCHAR, BIGINT)"), ('"NULL"', "BIGINT"),
]  # fmt: skip
NOT_WIDER = [
    ("DOUBLE", "BIGINT"), ("BIGINT", "DECIMAL(18,2)"), ("VARCHAR", "BIGINT"), ("INTEGER", "UBIGINT"),
    ("DECIMAL(18,2)", "DECIMAL(18,4)"), ("DECIMAL(38,0)", "DOUBLE"), ("TIMESTAMP", "DATE"), ("BIGINT", "DATE"),
    ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"), ("BIGINT[]", "BIGINT"), ("BIGINT", "BIGINT[]"), ("BLOB", "VARCHAR"),
    ("STRUCT(a BIGINT)", "STRUCT(a INTEGER)"), ("STRUCT(a BIGINT, b BIGINT)", "STRUCT(a BIGINT)"),
    ("ENUM('a', 'b')", "ENUM('a')"), ("INTEGER[]", "INTEGER[3]"), ("BOOLEAN", "BIGINT"), ("not a type", "BIGINT"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), WIDER)
def test_a_wider_type_holds_every_value_of_the_old_one(old, new):
    assert widens(old, new)


@pytest.mark.parametrize(("old", "new"), NOT_WIDER)
def test_a_type_that_loses_some_value_is_not_wider(old, new):
    assert not widens(old, new)
