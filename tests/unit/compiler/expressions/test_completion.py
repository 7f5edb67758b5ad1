"""Completion proposes what may stand at a position."""

from __future__ import annotations

from runnel.compiler.expressions.complete import Completion, complete

SCHEMA = {"status": "VARCHAR", "price": "DOUBLE", "Weird col": "VARCHAR"}
VALUES = {"status": ["paid", "open", "it's"]}


def at_end(text: str) -> list[Completion]:
    return complete(text, len(text), SCHEMA, VALUES)


def inserts(text: str) -> list[str]:
    return [item.insert for item in at_end(text)]


def test_columns_come_first_and_are_quoted_where_needed() -> None:
    assert inserts("") == ["status", "price", '"Weird col"']
    assert inserts("upper(wei")[0] == '"Weird col"'
    assert at_end("pri")[0] == Completion("price", "column", "DOUBLE", "price")


def test_functions_show_their_signature_and_open_their_bracket() -> None:
    found = next(item for item in at_end("sta") if item.label == "starts_with")
    assert found.insert == "starts_with(" and found.detail.startswith("starts_with(text: text, prefix: text)")
    assert "pi()" in inserts("2 * pi")


def test_aliases_lead_to_the_function() -> None:
    assert "title_case(" in inserts("initc")


def test_known_values_are_proposed_where_a_column_is_compared() -> None:
    assert inserts("status = ") == ["'paid'", "'open'", "'it''s'"]
    assert inserts("price > 1 and status IN ('open', 'p") == ["paid'"]
    assert inserts("status <> 'zzz") == []


def test_units_are_proposed_inside_their_quotes() -> None:
    assert "month'" in inserts("date_trunc('mo")
    assert "isodow'" in inserts("date_part('iso")


def test_connecting_words_follow_a_value() -> None:
    assert {"AND", "OR", "IS NULL"} <= set(inserts("price "))
    assert "price" in inserts("price > 1 and ")


def test_the_position_counts_and_not_the_end() -> None:
    assert complete("pri = 5", 3, SCHEMA)[0].label == "price"
