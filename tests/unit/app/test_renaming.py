"""A renamed column is followed into every later use, and into nothing else."""

from __future__ import annotations

import pytest

from runnel.app.renaming import renamed, renames


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("client = 'client'", "buyer = 'client'"),
        ('"client" || x', "buyer || x"),
        ("upper(client) = client.client", "upper(buyer) = buyer.client"),
        ("client(1) + CLIENT", "client(1) + buyer"),
        ("clients > 1 and clienta = 2", "clients > 1 and clienta = 2"),
        ("a in ('client') -- client", "a in ('client') -- client"),
    ],
)
def test_only_the_column_changes_its_name(expression, expected):
    assert renamed(expression, "client", "buyer") == expected


def test_a_name_that_cannot_stand_bare_is_quoted():
    assert renamed("a + 1", "a", "Total sum") == '"Total sum" + 1'


def test_a_rename_is_one_name_gone_and_one_new_at_its_place_with_its_type():
    assert renames({"a": "INTEGER", "b": "VARCHAR"}, {"a": "INTEGER", "c": "VARCHAR"}) == [("b", "c")]
    assert renames({"a": "INTEGER"}, {"b": "VARCHAR"}) == []
    assert renames({"a": "INTEGER", "b": "VARCHAR"}, {"b": "VARCHAR", "a": "INTEGER"}) == []
    assert renames({"a": "INTEGER"}, {"a": "INTEGER", "b": "VARCHAR"}) == []
